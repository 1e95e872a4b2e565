/* The roofline: where a call stands, what is kept of it, and what is not believed. */
#include <ftw.h>
#include <glob.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "grader/grade/roofline.h"

static const struct roofline example = {
    .peak_gflops = 100,
    .levels = {{"L1", 32768, 400}, {"L2", 1048576, 100}, {"memory", INFINITY, 10}},
    .n_levels = 3};

static void a_call_stands_under_the_lower_of_two_roofs(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double bytes, flops, seconds; /* of a call */
        const char *level, *bound;    /* what comes out */
        double intensity, attained, bandwidth;
    } table[] = {
        {"streams from memory", 1e8, 1e8, 0.02, "memory", "memory", 1, 0.5, 10},
        {"streams from L2", 1e6, 1e5, 2e-5, "L2", "memory", 0.1, 0.5, 100},
        {"fits L1 to the byte", 32768, 1, 32768 / 400e9, "L1", "memory", 1.0 / 32768, 1, 400},
        {"computes", 1e4, 1e8, 2e-3, "L1", "compute", 1e4, 0.5, 400},
        {"only bytes are known", 1e8, 0, 0.02, "memory", NULL, 0, 0.5, 10},
        {"only flops are known", 0, 1e8, 2e-3, NULL, NULL, 0, 0.5, 0},
        {"nothing is known", 0, 0, 1, NULL, NULL, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct report_performance p = {.bytes = table[i].bytes, .flops = table[i].flops};
        roofline_place(&example, table[i].seconds, &p);
        const char *level = p.level != NULL ? p.level : "none";
        const char *bound = p.bound != NULL ? p.bound : "none";
        if (strcmp(level, table[i].level != NULL ? table[i].level : "none") != 0 ||
            strcmp(bound, table[i].bound != NULL ? table[i].bound : "none") != 0 ||
            fabs(p.intensity - table[i].intensity) > 1e-9 ||
            fabs(p.attained - table[i].attained) > 1e-9 || p.bandwidth_gbs != table[i].bandwidth ||
            p.peak_gflops != 100)
            fail_msg("%s: %s, %s bound, intensity %g, attained %g, %g GB/s", table[i].name, level,
                     bound, p.intensity, p.attained, p.bandwidth_gbs);
    }
}

/* ---- the cache ---- */

struct cache {
    char dir[64], key[64];
};

static int make_cache(void **state)
{
    static struct cache c;
    c = (struct cache){.dir = "/tmp/graded-roofline-XXXXXX", .key = "a processor|a boot"};
    *state = &c;
    return mkdtemp(c.dir) == NULL;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

static int remove_cache(void **state)
{
    const struct cache *c = *state;
    return nftw(c->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The one file in it. */
static void file_of(const struct cache *c, char *ret, size_t size)
{
    char pattern[128];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/roofline/*", c->dir);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, 1);
    snprintf(ret, size, "%s", found.gl_pathv[0]);
    globfree(&found);
}

static bool near(double a, double b)
{
    return a == b || fabs(a - b) <= 1e-12 * fabs(b); /* a file has 15 digits */
}

static bool same(const struct roofline *a, const struct roofline *b)
{
    bool equal = near(a->peak_gflops, b->peak_gflops) && a->n_levels == b->n_levels;
    for (size_t i = 0; equal && i < a->n_levels; i++)
        equal = strcmp(a->levels[i].name, b->levels[i].name) == 0 &&
                near(a->levels[i].bytes, b->levels[i].bytes) &&
                near(a->levels[i].gbs, b->levels[i].gbs);
    return equal;
}

static void what_is_kept_comes_back(void **state)
{
    const struct cache *c = *state;
    struct roofline back;
    struct err why;
    if (roofline_save(c->dir, c->key, &example, &why) != OK ||
        roofline_load(c->dir, c->key, &back, &why) != OK)
        fail_msg("%s", why.text);
    assert_true(same(&back, &example));
}

static void another_processor_or_boot_is_not_believed(void **state)
{
    const struct cache *c = *state;
    struct roofline back = {.peak_gflops = -7};
    assert_int_equal(roofline_save(c->dir, c->key, &example, NULL), OK);
    assert_int_equal(roofline_load(c->dir, "a processor|another boot", &back, NULL), ERR_NOT_FOUND);
    assert_true(back.peak_gflops == -7);
}

static void an_empty_cache_has_nothing(void **state)
{
    const struct cache *c = *state;
    struct roofline back;
    assert_int_equal(roofline_load(c->dir, c->key, &back, NULL), ERR_NOT_FOUND);
    assert_int_equal(roofline_load("/nowhere", c->key, &back, NULL), ERR_NOT_FOUND);
}

#define HEAD "{\"version\":1,\"host\":\"a processor|a boot\",\"peak_gflops\":100,\"levels\":"
#define GOOD                                                                                       \
    HEAD "[{\"name\":\"L1\",\"bytes\":32768,\"gbs\":400},{\"name\":\"memory\",\"bytes\":0,"        \
         "\"gbs\":10}]}"

static void a_broken_file_is_as_good_as_none(void **state)
{
    const struct cache *c = *state;
    static const struct {
        const char *text;
        enum err_code rc;
    } table[] = {
        {GOOD, OK},
        {"", ERR_NOT_FOUND},
        {"\x7f"
         "ELF",
         ERR_NOT_FOUND},
        {"{}", ERR_NOT_FOUND},
        {"[1]", ERR_NOT_FOUND},
        {HEAD "[]}", ERR_NOT_FOUND},
        {HEAD "[{\"name\":\"L1\",\"bytes\":1,\"gbs\":1}", ERR_NOT_FOUND},
        {HEAD "[{\"name\":\"L9\",\"bytes\":1,\"gbs\":1}]}", ERR_NOT_FOUND},
        {HEAD "[{\"name\":\"L1\",\"bytes\":1,\"gbs\":-1}]}", ERR_NOT_FOUND},
        {HEAD "[{\"name\":\"L1\",\"bytes\":1,\"gbs\":1e300}]}", ERR_NOT_FOUND},
        {HEAD "[{\"name\":\"L1\",\"bytes\":0,\"gbs\":1},{\"name\":\"L2\",\"bytes\":1,\"gbs\":1}]}",
         ERR_NOT_FOUND},
        {HEAD "[1,2,3,4,5]}", ERR_NOT_FOUND},
    };
    char path[160];
    assert_int_equal(roofline_save(c->dir, c->key, &example, NULL), OK);
    file_of(c, path, sizeof path);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct roofline back;
        FILE *f = fopen(path, "we");
        assert_non_null(f);
        fputs(table[i].text, f);
        fclose(f);
        if (roofline_load(c->dir, c->key, &back, NULL) != table[i].rc)
            fail_msg("%s", table[i].text);
    }
}

/* ---- measuring ---- */

static void this_core_is_measured_once(void **state)
{
    const struct cache *c = *state;
    struct roofline first = {0}, second = {0};
    struct err why;
    if (roofline_find(c->dir, &first, &why) != OK || roofline_find(c->dir, &second, &why) != OK)
        fail_msg("%s", why.text);
    assert_true(same(&first, &second)); /* two measurements would differ in some digit */
    assert_true(first.n_levels >= 3 && first.peak_gflops > 0.1);
    for (size_t i = 0; i < first.n_levels; i++)
        assert_true(first.levels[i].gbs > 0.1);
    assert_string_equal(first.levels[0].name, "L1");
    assert_string_equal(first.levels[first.n_levels - 1].name, "memory");
}

static void the_first_level_is_no_slower_than_memory(void **state)
{
    (void)state;
    struct roofline r;
    assert_int_equal(roofline_measure(&r, NULL), OK);
    print_message("peak %.1f GFLOP/s;", r.peak_gflops);
    for (size_t i = 0; i < r.n_levels; i++)
        print_message(" %s %.1f GB/s", r.levels[i].name, r.levels[i].gbs);
    print_message("\n");
    assert_true(r.levels[0].gbs > 0.8 * r.levels[r.n_levels - 1].gbs);
}

static void a_cache_that_cannot_be_written_costs_only_time(void **state)
{
    (void)state;
    struct roofline r;
    assert_int_equal(roofline_find("/proc/nowhere", &r, NULL), OK);
    assert_int_equal(roofline_find(NULL, &r, NULL), OK);
    assert_true(r.peak_gflops > 0);
}

static void a_host_has_a_text_of_its_own(void **state)
{
    (void)state;
    struct str a, b;
    str_init(&a, 4096);
    str_init(&b, 4096);
    roofline_host(&a);
    roofline_host(&b);
    assert_string_equal(a.text, b.text);
    assert_true(a.length > 36); /* a boot id alone has as many */
    str_done(&b);
    str_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_stands_under_the_lower_of_two_roofs),
        cmocka_unit_test_setup_teardown(what_is_kept_comes_back, make_cache, remove_cache),
        cmocka_unit_test_setup_teardown(another_processor_or_boot_is_not_believed, make_cache,
                                        remove_cache),
        cmocka_unit_test_setup_teardown(an_empty_cache_has_nothing, make_cache, remove_cache),
        cmocka_unit_test_setup_teardown(a_broken_file_is_as_good_as_none, make_cache, remove_cache),
        cmocka_unit_test_setup_teardown(this_core_is_measured_once, make_cache, remove_cache),
        cmocka_unit_test(the_first_level_is_no_slower_than_memory),
        cmocka_unit_test(a_cache_that_cannot_be_written_costs_only_time),
        cmocka_unit_test(a_host_has_a_text_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
