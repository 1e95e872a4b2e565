/* What was acknowledged is there: after kill -9, in a batch where others fail, and in a backup made
 * while writing goes on. Run with the argument "child PATH USER" this program is the process that
 * gets killed: it submits from several threads and prints each id once it is acknowledged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/store/db.h"
#include "server/store/testing.h"
#include "server/store/writer.h"

static struct err why;

/* ---- The child ---- */

struct submitter {
    struct store *store;
    const char *user;
    int number;
};

static void *submit_for_ever(void *arg)
{
    const struct submitter *s = arg;
    for (int i = 0;; i++) {
        char text[64], id[ID_SIZE];
        bool is_new;
        snprintf(text, sizeof text, "int thread_%d, turn_%d;", s->number, i);
        const struct submission_source file = {"a.c", text, strlen(text)};
        const struct submission_request r = {
            .user = s->user, .lab = "1.1", .files = &file, .n_files = 1};
        if (submission_create(s->store, &r, id, &is_new, NULL) != OK)
            abort();
        char line[ID_SIZE + 1];
        snprintf(line, sizeof line, "%s\n", id);
        if (write(STDOUT_FILENO, line, ID_SIZE) != ID_SIZE) /* short enough to be written whole */
            return NULL;
    }
}

static int child(const char *path, const char *user)
{
    enum { THREADS = 4 };
    struct store *store = NULL;
    if (store_open(&(struct store_config){.path = path}, &store, NULL) != OK)
        return 1;
    struct submitter submitters[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        submitters[i] = (struct submitter){store, user, i};
        if (pthread_create(&threads[i], NULL, submit_for_ever, &submitters[i]) != 0)
            return 1;
    }
    pause();
    return 0;
}

/* ---- The parent ---- */

static pid_t start_child(struct testing *t, int *ret_fd)
{
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
    char name[] = "test_durable", role[] = "child";
    char *argv[] = {name, role, t->path, t->user, NULL};
    pid_t pid;
    assert_int_equal(posix_spawn(&pid, "/proc/self/exe", &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(fds[1]);
    *ret_fd = fds[0];
    return pid;
}

static void what_was_acknowledged_survives_kill_9(void **state)
{
    (void)state;
    enum { ROUNDS = 3, ENOUGH = 150 };
    struct testing t;
    testing_open(&t);
    for (int round = 0; round < ROUNDS; round++) {
        store_close(t.store);
        t.store = NULL;
        int fd;
        const pid_t pid = start_child(&t, &fd);
        FILE *acknowledged = fdopen(fd, "r");
        static char ids[100000][ID_SIZE];
        char line[64];
        int count = 0;
        while (count < 100000 && fgets(line, sizeof line, acknowledged) != NULL) {
            if (count == ENOUGH)
                kill(pid, SIGKILL); /* and read on what it had said until then */
            memcpy(ids[count], line, ID_LENGTH);
            ids[count++][ID_LENGTH] = '\0';
        }
        fclose(acknowledged);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        testing_reopen(&t);
        for (int i = 0; i < count; i++) {
            struct submission s;
            WANT(OK, submission_get(t.store, ids[i], &t.arena, &s, &why));
            assert_int_equal(s.state, SUBMISSION_QUEUED);
            assert_int_equal(s.n_files, 1);
            arena_reset(&t.arena);
        }
        assert_true(count >= ENOUGH);
    }
    testing_close(&t);
}

static void the_writer_waits_for_the_disk(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    struct db *db = NULL;
    struct rows rows;
    WANT(OK, db_open(t.path, DB_WRITE, &db, &why));
    WANT(OK, db_query(db, "PRAGMA synchronous", NO_PARAMS, &rows, &why));
    WANT(OK, rows_next(&rows, &why));
    assert_int_equal(row_int(&rows, 0), 2); /* FULL */
    WANT(OK, rows_end(&rows, OK, &why));
    db_close(db);
    testing_close(&t);
}

/* ---- Batches ---- */

enum { WRITERS = 16, TURNS = 20 };

struct turn {
    struct writer *writer;
    int number;
    atomic_int *wrong;
};

static enum err_code write_number(struct db *db, void *arg, struct err *story)
{
    const int number = *(const int *)arg;
    usleep(200); /* a slow disk: meanwhile the others gather */
    const enum err_code rc = db_run(db, "INSERT INTO n (x) VALUES (?)", PARAMS(INT(number)), story);
    if (rc == OK && number % 3 == 0)
        return err_set(story, ERR_DENIED, "number %d may not stay", number);
    return rc;
}

static void *write_some(void *arg)
{
    const struct turn *t = arg;
    for (int i = 0; i < TURNS; i++) {
        int number = t->number * TURNS + i;
        const enum err_code want = number % 3 == 0 ? ERR_DENIED : OK;
        if (writer_run(t->writer, write_number, &number, NULL) != want)
            atomic_fetch_add(t->wrong, 1);
    }
    return NULL;
}

static void many_writers_share_commits_and_not_failures(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    char path[128];
    snprintf(path, sizeof path, "%s/n.db", t.dir);
    struct db *db = NULL, *reader = NULL;
    struct writer *writer = NULL;
    atomic_int wrong = 0;
    WANT(OK, db_open(path, DB_WRITE, &db, &why));
    WANT(OK, db_run(db, "CREATE TABLE n (x INTEGER PRIMARY KEY) STRICT", NO_PARAMS, &why));
    WANT(OK, writer_start(db, &writer, &why));
    struct turn turns[WRITERS];
    pthread_t threads[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        turns[i] = (struct turn){writer, i, &wrong};
        assert_int_equal(pthread_create(&threads[i], NULL, write_some, &turns[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(wrong, 0);
    const int64_t commits = writer_commits(writer);
    if (commits >= WRITERS * TURNS / 2)
        fail_msg("%lld commits for %d writes", (long long)commits, WRITERS * TURNS);
    WANT(OK, db_open(path, DB_READ, &reader, &why));
    struct rows rows;
    WANT(OK, db_query(reader, "SELECT count(*), sum(x % 3 = 0) FROM n", NO_PARAMS, &rows, &why));
    WANT(OK, rows_next(&rows, &why));
    assert_int_equal(row_int(&rows, 0), WRITERS * TURNS - (WRITERS * TURNS + 2) / 3);
    assert_int_equal(row_int(&rows, 1), 0);
    WANT(OK, rows_end(&rows, OK, &why));
    db_close(reader);
    writer_stop(writer);
    testing_close(&t);
}

static enum err_code give_up(struct db *db, void *arg, struct err *story)
{
    (void)arg;
    sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL,
                 NULL); /* as SQLite does when the disk is full */
    return err_set(story, ERR_IO, "the disk is full");
}

static void after_a_lost_transaction_the_writer_goes_on(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    char path[128];
    snprintf(path, sizeof path, "%s/n.db", t.dir);
    struct db *db = NULL;
    struct writer *writer = NULL;
    int number = 1;
    WANT(OK, db_open(path, DB_WRITE, &db, &why));
    WANT(OK, db_run(db, "CREATE TABLE n (x INTEGER PRIMARY KEY) STRICT", NO_PARAMS, &why));
    WANT(OK, writer_start(db, &writer, &why));
    WANT(ERR_IO, writer_run(writer, give_up, NULL, &why));
    assert_string_equal(why.text, "the disk is full");
    WANT(OK, writer_run(writer, write_number, &number, &why));
    WANT(ERR_CONFLICT, writer_run(writer, write_number, &number, &why));
    writer_stop(writer);
    testing_close(&t);
}

/* ---- Backups ---- */

struct busy {
    struct testing *t;
    atomic_bool stop;
};

static void *keep_submitting(void *arg)
{
    struct busy *b = arg;
    while (!b->stop) {
        char id[ID_SIZE];
        testing_submit(b->t, "x", id);
    }
    return NULL;
}

static void a_backup_made_while_writing_is_whole(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    char before[ID_SIZE], path[128];
    testing_submit(&t, "x", before);
    testing_grade(&t, "accepted", 100, true);
    struct busy busy = {.t = &t};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, keep_submitting, &busy), 0);
    snprintf(path, sizeof path, "%s/copy.db", t.dir);
    struct err own;
    const enum err_code rc = store_backup(t.store, path, &own);
    const enum err_code again = store_backup(t.store, path, NULL);
    busy.stop = true;
    pthread_join(thread, NULL);
    if (rc != OK)
        fail_msg("%s", own.text);
    assert_int_equal(again, ERR_CONFLICT);
    assert_int_equal(access(path, F_OK), 0);
    char beside[160];
    snprintf(beside, sizeof beside, "%s-wal", path);
    assert_int_not_equal(access(beside, F_OK), 0);
    snprintf(beside, sizeof beside, "%s.tmp", path);
    assert_int_not_equal(access(beside, F_OK), 0);
    struct store *copy = NULL;
    struct submission s;
    int64_t changed;
    WANT(OK, store_open(&(struct store_config){.path = path}, &copy, &why));
    WANT(OK, submission_get(copy, before, &t.arena, &s, &why));
    assert_true(s.pass);
    WANT(OK, store_rebuild(copy, &changed, &why));
    assert_int_equal(changed, 0);
    store_close(copy);
    testing_close(&t);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "child") == 0)
        return child(argv[2], argv[3]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_acknowledged_survives_kill_9),
        cmocka_unit_test(the_writer_waits_for_the_disk),
        cmocka_unit_test(many_writers_share_commits_and_not_failures),
        cmocka_unit_test(after_a_lost_transaction_the_writer_goes_on),
        cmocka_unit_test(a_backup_made_while_writing_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
