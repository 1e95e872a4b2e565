#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>

#include "base/file.h"
#include "server/store/migrate.h"
#include "server/store/score.h"
#include "server/store/testing.h"

static struct err why;

static void an_empty_file_gets_the_newest_schema(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    int from = -1, to = -1;
    WANT(OK, store_migrate(t.path, &from, &to, &why));
    assert_int_equal(from, migrations_count);
    assert_int_equal(to, migrations_count);
    testing_close(&t);
}

static void exec(struct db *db, const char *sql)
{
    char *said = NULL;
    if (sqlite3_exec(db->handle, sql, NULL, NULL, &said) != SQLITE_OK)
        fail_msg("%.80s: %s", sql, said);
}

/* A file as version N of the program left it, from old/NNNN.sql. */
static void write_old_file(const char *path, const char *dump)
{
    struct arena a;
    struct db *db = NULL;
    char *sql;
    size_t size;
    arena_init(&a, 1 << 20);
    WANT(OK, file_read(AT_FDCWD, dump, 1 << 20, &a, &sql, &size, &why));
    WANT(OK, db_open(path, DB_WRITE, &db, &why));
    exec(db, sql);
    db_close(db);
    arena_done(&a);
}

static void a_kept_file_of_schema_2_keeps_its_work_and_gains_scores(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    store_close(t.store);
    t.store = NULL;
    char path[128];
    snprintf(path, sizeof path, "%s/old.db", t.dir);
    write_old_file(path, "server/store/old/0002.sql");
    WANT(ERR_CONFLICT, store_open(&(struct store_config){.path = path}, &t.store, &why));
    assert_non_null(strstr(why.text, "run `graded migrate`"));
    int from = 0, to = 0;
    WANT(OK, store_migrate(path, &from, &to, &why));
    assert_int_equal(from, 2);
    assert_int_equal(to, migrations_count);
    WANT(OK, store_open(&(struct store_config){.path = path}, &t.store, &why));
    struct score score;
    WANT(OK, score_get(t.store, "01J00000000000000000000001", "1.1", &t.arena, &score, &why));
    assert_int_equal(score.attempts, 2);
    assert_string_equal(score.submission, "01J0000000000000000000000B");
    struct submission s;
    WANT(OK, submission_get(t.store, score.submission, &t.arena, &s, &why));
    assert_string_equal(s.files[0].name, "a.c");
    testing_close(&t);
}

static void a_newer_file_is_left_alone(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    store_close(t.store);
    t.store = NULL;
    struct db *db = NULL;
    WANT(OK, db_open(t.path, DB_WRITE, &db, &why));
    exec(db, "PRAGMA user_version = 9999");
    db_close(db);
    WANT(ERR_CONFLICT, store_open(&(struct store_config){.path = t.path}, &t.store, &why));
    assert_non_null(strstr(why.text, "run a newer graded"));
    WANT(ERR_CONFLICT, store_migrate(t.path, NULL, NULL, &why));
    testing_close(&t);
}

static void a_step_that_fails_leaves_the_version_before_it(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    char path[128];
    snprintf(path, sizeof path, "%s/half.db", t.dir);
    struct db *db = NULL;
    WANT(OK, db_open(path, DB_WRITE, &db, &why));
    WANT(OK, migrate_to(db, 1, &why));
    exec(db, "CREATE TABLE report (in_the_way TEXT)"); /* met by 0002 after several tables */
    WANT(ERR_IO, migrate_to(db, migrations_count, &why));
    assert_non_null(strstr(why.text, "migration 0002-submissions.sql: table report"));
    int version = 0;
    WANT(OK, migrate_version(db, &version, &why));
    assert_int_equal(version, 1);
    exec(db, "DROP TABLE report");
    WANT(OK, migrate_to(db, migrations_count, &why));
    db_close(db);
    testing_close(&t);
}

/* Each statement breaks one rule of the schema, on a file with one finished submission. */
static void the_schema_refuses_what_must_not_be(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *sql;
        enum err_code rc;
    } table[] = {
        {"a login is unique",
         "INSERT INTO user SELECT substr(id, 1, 25) || 'X', login, name, role,"
         " NULL, 1 FROM user",
         ERR_CONFLICT},
        {"a role is a known word", "UPDATE user SET role = 'king'", ERR_INVALID},
        {"a column has its type", "UPDATE user SET created_ms = 'today'", ERR_INVALID},
        {"a member is someone",
         "INSERT INTO member VALUES ('01J00000000000000000000000', 'x',"
         " 'learner', 1)",
         ERR_NOT_FOUND},
        {"a member is no admin",
         "INSERT INTO member SELECT '01J00000000000000000000000', id,"
         " 'admin', 1 FROM user",
         ERR_INVALID},
        {"a submission has a lab", "UPDATE submission SET lab = '9.9'", ERR_NOT_FOUND},
        {"a seed fits a JSON number", "UPDATE submission SET seed = 9007199254740992", ERR_INVALID},
        {"a file's name is no path", "UPDATE submission_file SET name = 'a/b'", ERR_INVALID},
        {"a file that is used stays", "DELETE FROM file", ERR_NOT_FOUND},
        {"a submission stays", "DELETE FROM submission", ERR_NOT_FOUND},
        {"a user who submitted stays", "DELETE FROM user", ERR_NOT_FOUND},
        {"a submission is graded once", "INSERT INTO report SELECT * FROM report", ERR_CONFLICT},
        {"a submission has one job",
         "INSERT INTO job (submission, state, queued_ms)"
         " SELECT id, 'queued', 1 FROM submission",
         ERR_CONFLICT},
        {"a job state is a known word", "UPDATE job SET state = 'lost'", ERR_INVALID},
        {"a leased job has an end of its lease",
         "UPDATE job SET state = 'leased',"
         " finished_ms = NULL",
         ERR_INVALID},
        {"a job that is done has a time", "UPDATE job SET finished_ms = NULL", ERR_INVALID},
        {"nobody dies more often than tried", "UPDATE job SET deaths = 2", ERR_INVALID},
        {"a score is of a report", "UPDATE score SET submission = 'x'", ERR_NOT_FOUND},
        {"an event is of a report", "INSERT INTO event VALUES ('x', 1, 'e', '{}')", ERR_NOT_FOUND},
        {"a token has a scope",
         "INSERT INTO token SELECT '01J00000000000000000000000',"
         " zeroblob(32), id, 'n', 0, 1, NULL, NULL FROM user",
         ERR_INVALID},
        {"a hash is a hash", "INSERT INTO session SELECT zeroblob(31), id, 1, 2 FROM user",
         ERR_INVALID},
    };
    struct testing t;
    testing_open(&t);
    char id[ID_SIZE];
    testing_submit(&t, "int x;", id);
    testing_grade(&t, "accepted", 100, true);
    struct db *db = NULL;
    WANT(OK, db_open(t.path, DB_WRITE, &db, &why));
    exec(db, "INSERT INTO cohort VALUES ('01J00000000000000000000000', 'C', 1)");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const enum err_code rc = db_run(db, table[i].sql, NO_PARAMS, &why);
        if (rc != table[i].rc)
            fail_msg("%s: got '%s' (%s)", table[i].rule, err_code_text(rc), why.text);
    }
    db_close(db);
    testing_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_file_gets_the_newest_schema),
        cmocka_unit_test(a_kept_file_of_schema_2_keeps_its_work_and_gains_scores),
        cmocka_unit_test(a_newer_file_is_left_alone),
        cmocka_unit_test(a_step_that_fails_leaves_the_version_before_it),
        cmocka_unit_test(the_schema_refuses_what_must_not_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
