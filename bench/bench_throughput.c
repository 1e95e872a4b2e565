/* Graded submissions a minute, through HTTP and the local dispatcher: as many clients as the server
 * has workers, one a core, each sends a lab's solution, its starter and two of its mutants in turn
 * and waits for each verdict. First every source is new, then the same ones come again and their
 * compile results are kept. Bounded in time and number. */
#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <curl/curl.h>

#include "base/file.h"
#include "tests/run.h"
#include "tests/service.h"

enum {
    CLIENTS_MAX = 64,
    MIX = 4,
    TIMES_MAX = 2000,
    COLD_S = 25,
    KEPT_S = 15,
    ARENA_BYTES = 4 << 20
};

struct lab_mix {
    const char *id, *file;
    const char *patterns[MIX];
};

static const struct lab_mix mixes[] = {
    {"1.2",
     "gguf.c",
     {"labs/module-1/lab-1.2-*/solution/gguf.c", "labs/module-1/lab-1.2-*/starter/gguf.c",
      "labs/module-1/lab-1.2-*/mutants/offset-absolute.c",
      "labs/module-1/lab-1.2-*/mutants/cast-reads.c"}},
    {"3.2",
     "formats.c",
     {"labs/module-3/lab-3.2-*/solution/formats.c", "labs/module-3/lab-3.2-*/starter/formats.c",
      "labs/module-3/lab-3.2-*/mutants/ties-to-even.c",
      "labs/module-3/lab-3.2-*/mutants/interleaved-nibbles.c"}},
};

struct bench {
    struct service service;
    char dir[64];
    struct arena a;
    const struct lab_mix *mix;
    const char *sources[MIX];
    bool kept;           /* this phase sends what was sent before */
    double end_ms;       /* of this phase; then no client sends more */
    atomic_int next;     /* number of the next submission */
    atomic_int n, wrong; /* of `times`; answers that are none, or not as kept as they should be */
    double times[TIMES_MAX];
};

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void read_sources(struct bench *b)
{
    for (size_t i = 0; i < MIX; i++) {
        glob_t found;
        char *text = NULL;
        size_t size;
        struct err why;
        if (glob(b->mix->patterns[i], 0, NULL, &found) != 0)
            fail_msg("%s is missing", b->mix->patterns[i]);
        if (file_read(AT_FDCWD, found.gl_pathv[0], 1 << 20, &b->a, &text, &size, &why) != OK)
            fail_msg("%s", why.text);
        b->sources[i] = text;
        globfree(&found);
    }
}

/* In the first phase the number makes it new; in the second there are MIX of them in all. */
static void write_source(const struct bench *b, const char *path, int number)
{
    FILE *f = fopen(path, "we");
    if (f == NULL)
        return; /* then nothing can be sent, which is counted */
    fprintf(f, "/* %d %d */\n%s", (int)getpid(), b->kept ? -1 : number, b->sources[number % MIX]);
    fclose(f);
}

/* True: a finished submission whose compile was kept as it should be. A starter compiles too. */
static bool is_right(const struct bench *b, const struct answer *a)
{
    json_error_t at;
    json_t *json = a->status == 200 ? json_loads(a->body, 0, &at) : NULL;
    const json_t *report = json_object_get(json, "report");
    const json_t *compile = json_object_get(report, "compile");
    const char *verdict = json_string_value(json_object_get(report, "verdict"));
    const bool right = verdict != NULL && strcmp(verdict, "internal_error") != 0 &&
                       json_is_true(json_object_get(compile, "cached")) == b->kept;
    json_decref(json);
    return right;
}

static void send_one(struct bench *b, int client, int number)
{
    char path[128], url[96];
    snprintf(path, sizeof path, "%s/%d.c", b->dir, client);
    snprintf(url, sizeof url, "/api/v1/labs/%s/submissions?wait=60", b->mix->id);
    write_source(b, path, number);
    const double start = now_ms();
    struct answer a = service_submit(&b->service, url, path, b->mix->file);
    const double ms = now_ms() - start;
    if (!is_right(b, &a))
        atomic_fetch_add(&b->wrong, 1);
    const int at = atomic_fetch_add(&b->n, 1);
    if (at < TIMES_MAX)
        b->times[at] = ms;
    answer_done(&a);
}

struct client {
    struct bench *b;
    int number;
    pthread_t thread;
};

static void *client_main(void *arg)
{
    const struct client *c = arg;
    while (now_ms() < c->b->end_ms) {
        const int number = atomic_fetch_add(&c->b->next, 1);
        if (number >= TIMES_MAX)
            break;
        send_one(c->b, c->number, number);
    }
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void run_phase(struct bench *b, bool kept, int clients)
{
    struct client list[CLIENTS_MAX];
    b->kept = kept;
    atomic_store(&b->next, 0);
    if (kept) /* what the second phase finds */
        for (int i = 0; i < MIX; i++)
            send_one(b, 0, i);
    atomic_store(&b->n, 0);
    atomic_store(&b->wrong, 0);
    const double start = now_ms(), cpu = service_cpu_ms(&b->service);
    b->end_ms = start + (kept ? KEPT_S : COLD_S) * 1e3;
    for (int i = 0; i < clients; i++) {
        list[i] = (struct client){.b = b, .number = i};
        assert_int_equal(pthread_create(&list[i].thread, NULL, client_main, &list[i]), 0);
    }
    for (int i = 0; i < clients; i++)
        pthread_join(list[i].thread, NULL);
    const double minutes = (now_ms() - start) / 60e3;
    const int n = atomic_load(&b->n);
    const double each_ms = (service_cpu_ms(&b->service) - cpu) / n;
    assert_int_equal(atomic_load(&b->wrong), 0);
    assert_in_range(n, 1, TIMES_MAX);
    qsort(b->times, (size_t)n, sizeof b->times[0], by_size);
    printf("lab %s   %s   %5.1f a minute and core   p50 %5.0f ms   p95 %5.0f ms   %d in all\n"
           "                 %5.0f ms of processors each: at most %.0f a minute and core\n",
           b->mix->id, kept ? "kept" : "cold", n / minutes / clients, b->times[n / 2],
           b->times[(size_t)n * 95 / 100], n, each_ms, 60e3 / each_ms);
}

static void submissions_a_minute(void **state)
{
    (void)state;
    static struct bench b = {.dir = "/tmp/graded-bench-XXXXXX"};
    setvbuf(stdout, NULL, _IOLBF, 0);
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const int clients = cores < CLIENTS_MAX ? (int)cores : CLIENTS_MAX;
    assert_non_null(mkdtemp(b.dir));
    arena_init(&b.a, ARENA_BYTES);
    curl_global_init(CURL_GLOBAL_ALL);
    service_start(&b.service, b.dir, "labs");
    for (size_t i = 0; i < sizeof mixes / sizeof mixes[0]; i++) {
        b.mix = &mixes[i];
        read_sources(&b);
        run_phase(&b, false, clients);
        run_phase(&b, true, clients);
    }
    assert_int_equal(service_stop(&b.service), 0);
    const char *const remove[] = {"/bin/rm", "-rf", b.dir, NULL};
    run_program(remove, NULL);
    curl_global_cleanup();
    arena_done(&b.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(submissions_a_minute)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
