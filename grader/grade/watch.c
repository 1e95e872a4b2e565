#include "grader/grade/watch.h"

#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "grader/grade/check.h"

enum { STACK_BYTES = 64 * 1024, FRAMES = 12 };

static const int fatal[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGXCPU};
enum { N_FATAL = sizeof fatal / sizeof fatal[0] };

/* A signal handler has no context but globals. */
static const struct check *volatile now;
static struct sigaction before[N_FATAL];

void watch_check(const struct check *k)
{
    now = k;
}

static const char *reason(int signal)
{
    return signal == SIGXCPU ? "it has used its CPU time: does it loop?" : sigdescr_np(signal);
}

/* The process is lost: at worst this dies too, and the signal kills it then. */
static void explain(int signal)
{
    char text[512];
    const struct check *k = now;
    const int n =
        k == NULL ? snprintf(text, sizeof text, "grade: SIG%s: %s\n", sigabbrev_np(signal),
                             reason(signal))
                  : snprintf(text, sizeof text,
                             "grade: lab %s: the checker failed in the group '%s', case '%.200s': "
                             "SIG%s: %s\n",
                             k->lab->id, k->group, k->now.name != NULL ? k->now.name : "none yet",
                             sigabbrev_np(signal), reason(signal));
    (void)!write(STDERR_FILENO, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
    void *frames[FRAMES];
    backtrace_symbols_fd(frames, backtrace(frames, FRAMES), STDERR_FILENO);
}

static void on_fatal(int signal)
{
    for (size_t i = 0; i < N_FATAL; i++)
        if (fatal[i] == signal)
            sigaction(signal, &before[i], NULL);
    explain(signal);
    raise(signal); /* when this returns, it is unblocked, and kills */
}

static void limit_cpu(int64_t cpu_s)
{
    struct timespec used;
    struct rlimit limit;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0 || getrlimit(RLIMIT_CPU, &limit) != 0)
        return;
    const rlim_t until = (rlim_t)(used.tv_sec + 1 + cpu_s);
    limit.rlim_cur = cpu_s > 0 && until < limit.rlim_max ? until : limit.rlim_max;
    (void)setrlimit(RLIMIT_CPU, &limit); /* without it a loop ends by its parent's patience */
}

void watch_start(int64_t cpu_s)
{
    static char stack[STACK_BYTES]; /* a checker may have run out of its own */
    static int started;
    limit_cpu(cpu_s);
    if (started++ != 0)
        return;
    void *frame[1];
    (void)backtrace(frame, 1); /* loads its library now, while memory can be trusted */
    const stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&own, NULL);
    for (size_t i = 0; i < N_FATAL; i++) {
        struct sigaction action = {.sa_handler = on_fatal, .sa_flags = SA_ONSTACK};
        sigemptyset(&action.sa_mask);
        sigaction(fatal[i], &action, &before[i]);
    }
}
