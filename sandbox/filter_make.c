/* filter_make ARCHITECTURE: prints filter_table.c, the programs of all profiles for x86_64 or
 * aarch64. A part of the build, like a compiler. */
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/filter_rules.h"
#include "sandbox/filter_table.h"

/* Stands where the cookie will be; no rule compares with such numbers. */
static const uint64_t PLACE = 0xb5297a4d68e31da4;

enum { NAMES = 512 };

static int place_of(const struct sock_fprog *p, uint32_t half)
{
    int found = -1;
    for (int i = 0; i < p->len; i++) {
        if (p->filter[i].k != half)
            continue;
        if (found >= 0 || BPF_CLASS(p->filter[i].code) != BPF_JMP)
            return -1;
        found = i;
    }
    return found;
}

static int print_program(int profile, unsigned extras, uint32_t architecture, struct filter *f)
{
    const int rc = filter_build((enum cell_profile)profile, extras, architecture, PLACE, f);
    if (rc != 0)
        return rc;
    printf("static const struct sock_filter code_%d_%u[] = {\n", profile, extras);
    for (int i = 0; i < f->program.len; i++) {
        const struct sock_filter *c = &f->program.filter[i];
        printf("{0x%x, %u, %u, 0x%x},\n", c->code, c->jt, c->jf, c->k);
    }
    puts("};");
    return 0;
}

/* Compilers have no extras. */
static int has_program(int profile, unsigned extras)
{
    return profile != CELL_BUILD || extras == 0;
}

static int print_entry(int profile, unsigned extras, struct filter *f)
{
    const int high = place_of(&f->program, (uint32_t)(PLACE >> 32));
    const int low = place_of(&f->program, (uint32_t)PLACE);
    if (high < 0 || low < 0)
        return -1;
    printf("[%d][%u] = {code_%d_%u, %u, %d, %d},\n", profile, extras, profile, extras,
           f->program.len, high, low);
    return 0;
}

static int print_programs(uint32_t architecture)
{
    static struct filter filters[FILTER_PROFILES][FILTER_EXTRA_SETS];
    for (int p = 0; p < FILTER_PROFILES; p++)
        for (unsigned e = 0; e < FILTER_EXTRA_SETS; e++)
            if (has_program(p, e) && print_program(p, e, architecture, &filters[p][e]) != 0)
                return -1;
    printf("const struct filter_entry filter_table[%d][%d] = {\n", FILTER_PROFILES,
           FILTER_EXTRA_SETS);
    for (int p = 0; p < FILTER_PROFILES; p++)
        for (unsigned e = 0; e < FILTER_EXTRA_SETS; e++)
            if (has_program(p, e) && print_entry(p, e, &filters[p][e]) != 0)
                return -1;
    puts("};");
    return 0;
}

static void print_names(uint32_t architecture)
{
    printf("const int filter_n_names = %d;\nconst char *const filter_names[%d] = {\n", NAMES,
           NAMES);
    for (int i = 0; i < NAMES; i++) {
        char *name = seccomp_syscall_resolve_num_arch(architecture, i);
        if (name != NULL)
            printf("[%d] = \"%s\",\n", i, name);
        free(name);
    }
    puts("};");
}

int main(int argc, char **argv)
{
    const uint32_t architecture = seccomp_arch_resolve_name(argc > 1 ? argv[1] : "");
    if (architecture == 0) {
        fprintf(stderr, "filter_make: the architectures are x86_64 and aarch64\n");
        return EXIT_FAILURE;
    }
    puts("/* Written by filter_make. */\n#include \"sandbox/filter_table.h\"");
    if (print_programs(architecture) != 0) {
        fprintf(stderr, "filter_make: a program for %s cannot be built\n", argv[1]);
        return EXIT_FAILURE;
    }
    print_names(architecture);
    return EXIT_SUCCESS;
}
