#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "grader/vgpu/tool/options.h"

/* The checks' shadow memory has no locks. */
static void test_checks_have_one_worker_whatever_was_asked(void **state)
{
    (void)state;
    struct machine *m = calloc(1, sizeof *m);
    const struct options o = {.check = true, .profile = "a100/8"};
    struct tools tools;
    struct err why;
    assert_non_null(m);
    m->config.workers = 8;
    assert_int_equal(options_watch(&o, m, &tools, &why), OK);
    assert_int_equal(m->config.workers, 1);
    tools_done(&tools);

    const struct options plain = {.profile = "a100/8"};
    m->config.workers = 8;
    assert_int_equal(options_watch(&plain, m, &tools, &why), OK);
    assert_int_equal(m->config.workers, 8);
    tools_done(&tools);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checks_have_one_worker_whatever_was_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
