/* make fuzz: any bytes as lab.json. What is accepted keeps what the grader relies on. */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "grader/grade/lab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY_MAX = 16 << 20 };

static void check_files(const struct lab *lab)
{
    assert(lab->n_files >= 1 && lab->n_files <= LAB_FILES);
    for (size_t i = 0; i < lab->n_files; i++) {
        const char *name = lab->files[i].name;
        assert(strchr(name, '/') == NULL && name[0] != '.' && name[0] != '-');
        assert(lab->files[i].max_bytes > 0);
        for (size_t k = 0; k < i; k++)
            assert(strcmp(name, lab->files[k].name) != 0);
    }
}

static double check_timed(const struct lab *lab)
{
    double points = 0;
    for (size_t i = 0; i < lab->n_timed; i++) {
        const struct lab_timed_rule *t = &lab->timed[i];
        assert(t->n_tiers <= LAB_TIERS);
        for (size_t k = 0; k < t->n_tiers; k++)
            assert(t->tiers[k].points >= 0 && t->tiers[k].points <= t->points);
        points += t->points;
    }
    return points;
}

static double check_groups(const struct lab *lab)
{
    double points = 0;
    for (size_t i = 0; i < lab->n_groups; i++) {
        for (size_t k = 0; k < i; k++)
            assert(strcmp(lab->groups[i].name, lab->groups[k].name) != 0);
        points += lab->groups[i].points;
    }
    return points;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct lab lab;
    struct err why = {.code = OK};
    arena_init(&a, MEMORY_MAX);
    if (lab_parse((const char *)data, size, "lab.json", &a, &lab, &why) == OK) {
        check_files(&lab);
        assert(lab.n_groups <= LAB_GROUPS && lab.n_timed <= LAB_TIMED && lab.n_libs <= LAB_LIBS);
        assert(fabs(check_groups(&lab) + check_timed(&lab) - 100) < 1e-6);
    } else {
        assert(why.text[0] != '\0');
    }
    arena_done(&a);
    return 0;
}
