#include "server/store/testing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <unistd.h>

#include "server/store/lab.h"

void expect_rc(enum err_code want, enum err_code rc, const struct err *why, const char *file,
               int line)
{
    if (rc == want)
        return;
    print_error("%s:%d: expected '%s', got '%s': %s\n", file, line, err_code_text(want),
                err_code_text(rc), rc != OK && why != NULL ? why->text : "");
    _fail(file, line);
}

static int64_t now(void *ctx)
{
    return *(int64_t *)ctx;
}

static void open_store(struct testing *t)
{
    struct err why = {0};
    const struct store_config config = {.path = t->path,
                                        .clock = {.now_ms = now, .ctx = &t->now_ms}};
    WANT(OK, store_open(&config, &t->store, &why));
}

void testing_open(struct testing *t)
{
    struct err why = {0};
    *t = (struct testing){.now_ms = 1750000000000};
    snprintf(t->dir, sizeof t->dir, "/tmp/graded-store-XXXXXX");
    assert_non_null(mkdtemp(t->dir));
    snprintf(t->path, sizeof t->path, "%s/graded.db", t->dir);
    arena_init(&t->arena, 64 << 20);
    WANT(OK, store_migrate(t->path, NULL, NULL, &why));
    open_store(t);
    WANT(OK, user_create(t->store, "ada", "Ada Lovelace", ROLE_LEARNER, NULL, t->user, &why));
    WANT(OK, lab_put(t->store, "1.1", "A first lab", &why));
}

void testing_reopen(struct testing *t)
{
    store_close(t->store);
    t->store = NULL;
    open_store(t);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

void testing_remove(const char *dir)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void testing_close(struct testing *t)
{
    store_close(t->store);
    arena_done(&t->arena);
    testing_remove(t->dir);
}

void testing_submit(struct testing *t, const char *text, char ret_id[ID_SIZE])
{
    struct err why = {0};
    bool is_new = false;
    const struct submission_source file = {"a.c", text, strlen(text)};
    const struct submission_request r = {
        .user = t->user, .lab = "1.1", .files = &file, .n_files = 1};
    WANT(OK, submission_create(t->store, &r, ret_id, &is_new, &why));
    assert_true(is_new);
}

struct job_result testing_result(const char *verdict, double score, bool pass)
{
    return (struct job_result){.json = "{}",
                               .size = 2,
                               .verdict = verdict,
                               .lab_version = "v1",
                               .score = score,
                               .max_score = 100,
                               .pass = pass,
                               .failed = strcmp(verdict, "internal_error") == 0};
}

void testing_grade(struct testing *t, const char *verdict, double score, bool pass)
{
    struct err why = {0};
    struct job job;
    const struct job_result result = testing_result(verdict, score, pass);
    WANT(OK, job_lease(t->store, "test", 1000, &t->arena, &job, &why));
    WANT(OK, job_finish(t->store, job.submission, job.attempt, &result, &why));
}
