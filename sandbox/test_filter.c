/* The filters of each architecture, read as the kernel reads them: what other hardware would say of
 * a call is found by running its program here. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "sandbox/filter_rules.h"

/* --- classic BPF over one call; the subset that seccomp(2) allows and libseccomp writes --- */

static uint32_t compute(uint16_t code, uint32_t a, uint32_t k)
{
    switch (BPF_OP(code)) {
    case BPF_AND:
        return a & k;
    case BPF_OR:
        return a | k;
    case BPF_RSH:
        return a >> k;
    case BPF_LSH:
        return a << k;
    }
    fail_msg("BPF: no such sum: %#x", code);
    return 0;
}

static bool jumps(uint16_t code, uint32_t a, uint32_t k)
{
    switch (BPF_OP(code)) {
    case BPF_JEQ:
        return a == k;
    case BPF_JGT:
        return a > k;
    case BPF_JGE:
        return a >= k;
    case BPF_JSET:
        return (a & k) != 0;
    }
    fail_msg("BPF: no such jump: %#x", code);
    return false;
}

static uint32_t load(const struct seccomp_data *call, uint32_t at)
{
    uint32_t value;
    if (at % 4 != 0 || at > sizeof *call - sizeof value)
        fail_msg("BPF: load from %u", at);
    memcpy(&value, (const char *)call + at, sizeof value);
    return value;
}

static uint32_t run(const struct sock_fprog *program, const struct seccomp_data *call)
{
    uint32_t a = 0;
    for (unsigned i = 0; i < program->len; i++) {
        const struct sock_filter *op = &program->filter[i];
        switch (BPF_CLASS(op->code)) {
        case BPF_LD:
            a = load(call, op->k);
            break;
        case BPF_ALU:
            a = compute(op->code, a, op->k);
            break;
        case BPF_JMP:
            i += BPF_OP(op->code) == BPF_JA ? op->k : jumps(op->code, a, op->k) ? op->jt : op->jf;
            break;
        case BPF_RET:
            return op->k;
        default:
            fail_msg("BPF: no such instruction: %#x", op->code);
        }
    }
    fail_msg("BPF: ran off its end");
    return 0;
}

/* --- what each architecture says --- */

static const struct architecture {
    const char *name;
    uint32_t seccomp, audit;
} architectures[] = {
    {"x86-64", SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64},
    {"aarch64", SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64},
};
enum { N_ARCHITECTURES = 2 };

static const uint64_t COOKIE = 0x0123456789abcdef;

static struct filter build(const struct architecture *a, enum cell_profile profile, unsigned extras)
{
    struct filter f;
    const int rc = filter_build(profile, extras, a->seccomp, COOKIE, &f);
    if (rc != 0)
        fail_msg("%s, profile %d: %s", a->name, profile, strerror(-rc));
    return f;
}

enum { NO = SECCOMP_RET_USER_NOTIF, YES = SECCOMP_RET_ALLOW };
#define ERROR(number) (SECCOMP_RET_ERRNO | (number))

struct expectation {
    const char *call;
    uint64_t args[4];
    uint32_t build, run, sanitize;
};

static const struct expectation table[] = {
    {"read", {0}, YES, YES, YES},
    {"futex", {0}, YES, YES, YES},
    {"exit_group", {0}, YES, YES, YES},
    {"getrandom", {0}, YES, YES, YES},
    {"openat", {0, 0, O_RDONLY}, YES, NO, YES},
    {"openat", {0, 0, O_WRONLY}, YES, NO, NO},
    {"openat", {0, 0, O_CREAT}, YES, NO, NO},
    {"execve", {0}, YES, NO, NO},
    {"execveat", {0}, NO, NO, NO},
    {"memfd_create", {0}, YES, NO, NO},
    {"clone", {SIGCHLD}, YES, NO, NO},
    {"clone", {CLONE_NEWUSER | SIGCHLD}, NO, NO, NO},
    {"clone", {CLONE_NEWNET | SIGCHLD}, NO, NO, NO},
    {"clone3", {0}, ERROR(ENOSYS), ERROR(ENOSYS), ERROR(ENOSYS)},
    {"mmap", {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS}, YES, YES, YES},
    {"mmap", {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE}, YES, NO, YES},
    {"mmap", {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS}, NO, NO, NO},
    {"mmap", {0, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE}, NO, NO, NO},
    {"mprotect", {0, 4096, PROT_READ}, YES, YES, YES},
    {"mprotect", {0, 4096, PROT_READ | PROT_EXEC}, YES, NO, NO},
    {"mprotect", {0, 4096, PROT_WRITE | PROT_EXEC}, NO, NO, NO},
    {"fcntl", {0, F_GETFL}, YES, YES, YES},
    {"fcntl", {0, F_SETLK}, NO, NO, NO},
    {"ioctl", {0, 0x5401 /* TCGETS */}, YES, YES, YES},
    {"ioctl", {0, 0x5412 /* TIOCSTI */}, NO, NO, NO},
    {"prctl", {22 /* PR_SET_SECCOMP */}, NO, NO, NO},
    {"prlimit64", {1}, NO, NO, NO},
    {"socket", {2, 1}, NO, NO, NO},
    {"ptrace", {0}, NO, NO, NO},
    {"process_vm_readv", {0}, NO, NO, NO},
    {"bpf", {0}, NO, NO, NO},
    {"io_uring_setup", {0}, NO, NO, NO},
    {"userfaultfd", {0}, NO, NO, NO},
    {"keyctl", {0}, NO, NO, NO},
    {"mount", {0}, NO, NO, NO},
    {"unshare", {0}, NO, NO, NO},
    {"setns", {0}, NO, NO, NO},
    {"seccomp", {0}, NO, NO, NO},
    {"personality", {0x40000}, NO, NO, NO},
};

static uint32_t ask(const struct architecture *a, const struct filter *f, const char *name,
                    const uint64_t args[4])
{
    const int number = seccomp_syscall_resolve_name_arch(a->seccomp, name);
    if (number < 0)
        fail_msg("%s has no call %s", a->name, name);
    struct seccomp_data call = {.nr = number, .arch = a->audit};
    memcpy(call.args, args, 4 * sizeof args[0]);
    return run(&f->program, &call);
}

static void each_call_is_judged_alike_on_each_architecture(void **state)
{
    (void)state;
    for (int i = 0; i < N_ARCHITECTURES; i++) {
        for (int profile = CELL_BUILD; profile <= CELL_SANITIZE; profile++) {
            struct filter f = build(&architectures[i], (enum cell_profile)profile, 0);
            for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
                const struct expectation *e = &table[t];
                const uint32_t wanted = profile == CELL_BUILD ? e->build
                                        : profile == CELL_RUN ? e->run
                                                              : e->sanitize;
                const uint32_t said = ask(&architectures[i], &f, e->call, e->args);
                if (said != wanted)
                    fail_msg("%s, profile %d, row %zu, %s: %#x, expected %#x",
                             architectures[i].name, profile, t, e->call, said, wanted);
            }
            free(f.program.filter);
        }
    }
}

static void the_one_exec_has_to_know_the_cookie(void **state)
{
    (void)state;
    for (int i = 0; i < N_ARCHITECTURES; i++) {
        const struct architecture *a = &architectures[i];
        struct filter f = build(a, CELL_RUN, 0);
        struct seccomp_data call = {
            .nr = seccomp_syscall_resolve_name_arch(a->seccomp, "execveat"),
            .arch = a->audit,
            .args = {[5] = f.exec_cookie},
        };
        assert_true(run(&f.program, &call) == YES);
        for (int bit = 0; bit < 64; bit++) {
            call.args[5] = f.exec_cookie ^ UINT64_C(1) << bit;
            assert_true(run(&f.program, &call) == NO);
        }
        free(f.program.filter);
    }
}

/* Another ABI's numbers mean other calls, so not one of them may be looked up: i386, x32 (a bit in
 * the number), 32-bit ARM, and each architecture on the other's machine. */
static void no_call_of_another_abi_passes(void **state)
{
    (void)state;
    static const uint32_t abis[] = {AUDIT_ARCH_I386, AUDIT_ARCH_ARM, AUDIT_ARCH_X86_64,
                                    AUDIT_ARCH_AARCH64};
    enum { CALLS = 600, X32 = 0x40000000 };
    for (int i = 0; i < N_ARCHITECTURES; i++) {
        for (int profile = CELL_BUILD; profile <= CELL_SANITIZE; profile++) {
            struct filter f = build(&architectures[i], (enum cell_profile)profile, 15);
            for (int number = 0; number < CALLS; number++) {
                struct seccomp_data call = {.nr = number};
                for (size_t abi = 0; abi < sizeof abis / sizeof abis[0]; abi++) {
                    call.arch = abis[abi];
                    if (call.arch != architectures[i].audit)
                        assert_int_equal(run(&f.program, &call), SECCOMP_RET_KILL_PROCESS);
                }
                call.arch = architectures[i].audit;
                call.nr = X32 | number;
                const uint32_t said = run(&f.program, &call);
                assert_true(said == SECCOMP_RET_KILL_PROCESS || said == NO);
            }
            free(f.program.filter);
        }
    }
}

/* What was compiled with graded is what the rules say now, but for the cookie, which is new. */
static void the_programs_carried_are_those_of_the_rules(void **state)
{
    (void)state;
    for (int profile = CELL_BUILD; profile <= CELL_SANITIZE; profile++)
        for (unsigned extras = 0; extras < (profile == CELL_BUILD ? 1 : 16); extras++) {
            struct filter carried, again, built;
            const enum cell_profile p = (enum cell_profile)profile;
            assert_int_equal(filter_get(p, extras, &carried, NULL), OK);
            assert_int_equal(filter_get(p, extras, &again, NULL), OK);
            assert_ptr_equal(carried.program.filter, again.program.filter);
            assert_int_equal(
                filter_build(p, extras, seccomp_arch_native(), carried.exec_cookie, &built), 0);
            assert_int_equal(carried.program.len, built.program.len);
            assert_memory_equal(carried.program.filter, built.program.filter,
                                built.program.len * sizeof built.program.filter[0]);
            free(built.program.filter);
        }
    struct filter none;
    assert_int_equal(filter_get(CELL_BUILD, CELL_THREADS, &none, NULL), ERR_INVALID);
}

static void cookies_differ(void **state)
{
    struct filter a, b;
    (void)state;
    assert_int_equal(filter_get(CELL_RUN, 0, &a, NULL), OK);
    assert_int_equal(filter_get(CELL_SANITIZE, 0, &b, NULL), OK);
    assert_true(a.exec_cookie != b.exec_cookie);
}

static void calls_have_their_names(void **state)
{
    char name[32];
    (void)state;
    for (int number = 0; number < 460; number++) {
        char *expected = seccomp_syscall_resolve_num_arch(seccomp_arch_native(), number);
        filter_call_name(number, name, sizeof name);
        if (expected != NULL)
            assert_string_equal(name, expected);
        free(expected);
    }
    filter_call_name(999, name, sizeof name);
    assert_string_equal(name, "call 999");
    filter_call_name(-1, name, sizeof name);
    assert_string_equal(name, "call -1");
}

/* A name in calls.def that libseccomp does not know is a slip of the pen. */
static void every_name_on_the_list_is_a_call(void **state)
{
    (void)state;
    static const char *const names[] = {
#define CALL(name, profiles) #name,
#include "sandbox/calls.def"
#undef CALL
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (seccomp_syscall_resolve_name(names[i]) == __NR_SCMP_ERROR)
            fail_msg("%s", names[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_is_judged_alike_on_each_architecture),
        cmocka_unit_test(the_one_exec_has_to_know_the_cookie),
        cmocka_unit_test(the_programs_carried_are_those_of_the_rules),
        cmocka_unit_test(cookies_differ),
        cmocka_unit_test(calls_have_their_names),
        cmocka_unit_test(no_call_of_another_abi_passes),
        cmocka_unit_test(every_name_on_the_list_is_a_call),
    };
    return cmocka_run_group_tests_name("system call filters", tests, NULL, NULL);
}
