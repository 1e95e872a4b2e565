#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "grader/vgpu/tool/registers.h"

static void read_log(const char *log, const char *want)
{
    struct str s;
    str_init(&s, 4096);
    registers_read(log, &s);
    assert_string_equal(s.text, want);
    str_done(&s);
}

static void test_each_kernel_has_its_count(void **state)
{
    (void)state;
    read_log("ptxas info    : 0 bytes gmem\n"
             "ptxas info    : Compiling entry function '_Z1kPfid' for 'sm_80'\n"
             "ptxas info    : Function properties for _Z1kPfid\n"
             "    8 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n"
             "ptxas info    : Used 24 registers, used 0 barriers, 376 bytes cmem[0]\n"
             "ptxas info    : Compile time = 1.5 ms\n"
             "ptxas info    : Compiling entry function 'g' for 'sm_80'\n"
             "ptxas info    : Used 8 registers\n",
             "_Z1kPfid 24\ng 8\n");
}

static void test_device_functions_have_none(void **state)
{
    (void)state;
    read_log("ptxas info    : Function properties for helper\n"
             "ptxas info    : Used 9 registers\n",
             "");
}

static void test_what_is_cut_off_is_passed_over(void **state)
{
    (void)state;
    read_log("", "");
    read_log("ptxas info    : Compiling entry function 'k", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kernel_has_its_count),
        cmocka_unit_test(test_device_functions_have_none),
        cmocka_unit_test(test_what_is_cut_off_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
