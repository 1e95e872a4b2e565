#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <fcntl.h>

#include "base/file.h"
#include "server/store/cohort.h"
#include "server/store/inside.h"
#include "server/store/session.h"
#include "server/store/testing.h"
#include "server/store/token.h"

static struct err why;

static void a_password_lets_in_only_its_owner(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    char id[ID_SIZE];
    WANT(OK, user_create(t.store, "grace", "Grace", ROLE_INSTRUCTOR, "nanoseconds", id, &why));
    struct user user;
    WANT(OK, user_verify_password(t.store, "grace", "nanoseconds", &t.arena, &user, &why));
    assert_string_equal(user.id, id);
    assert_string_equal(user.name, "Grace");
    assert_int_equal(user.role, ROLE_INSTRUCTOR);
    static const struct {
        const char *login, *password;
    } wrong[] = {{"grace", "nanosecondz"}, {"grace", ""}, {"nobody", "nanoseconds"}, {"ada", ""}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        WANT(ERR_UNAUTHENTICATED, user_verify_password(t.store, wrong[i].login, wrong[i].password,
                                                       &t.arena, &user, &why));
        assert_string_equal(why.text, "login or password is wrong");
    }
    WANT(OK, user_set_password(t.store, id, "microseconds", &why));
    WANT(ERR_UNAUTHENTICATED,
         user_verify_password(t.store, "grace", "nanoseconds", &t.arena, &user, &why));
    WANT(OK, user_verify_password(t.store, "grace", "microseconds", &t.arena, &user, &why));
    testing_close(&t);
}

static int64_t verify_ns(struct testing *t, const char *login)
{
    struct timespec from, to;
    struct user user;
    clock_gettime(CLOCK_MONOTONIC, &from);
    WANT(ERR_UNAUTHENTICATED,
         user_verify_password(t->store, login, "not the password", &t->arena, &user, &why));
    clock_gettime(CLOCK_MONOTONIC, &to);
    return (to.tv_sec - from.tv_sec) * 1000000000 + to.tv_nsec - from.tv_nsec;
}

static void an_unknown_login_takes_as_long_as_a_wrong_password(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    char id[ID_SIZE];
    WANT(OK, user_create(t.store, "grace", "Grace", ROLE_LEARNER, "nanoseconds", id, &why));
    const int64_t known = verify_ns(&t, "grace"), unknown = verify_ns(&t, "nobody");
    /* Without the hash it would be a thousandth; a busy machine is not that uneven. */
    if (unknown < known / 10)
        fail_msg("unknown: %lld ns, known: %lld ns", (long long)unknown, (long long)known);
    testing_close(&t);
}

static void users_are_created_within_the_rules(void **state)
{
    (void)state;
    static const struct {
        const char *login, *name, *password;
        enum err_code rc;
    } table[] = {
        {"b.ob-1@x+y_", "Bob", "12345678", OK},
        {"ada", "Another Ada", NULL, ERR_CONFLICT},
        {"", "Bob", NULL, ERR_INVALID},
        {"Bob", "Bob", NULL, ERR_INVALID},
        {"-bob", "Bob", NULL, ERR_INVALID},
        {"b ob", "Bob", NULL, ERR_INVALID},
        {"bob", "", NULL, ERR_INVALID},
        {"bob", "B\tob", NULL, ERR_INVALID},
        {"bob", "B\xc3", NULL, ERR_INVALID},
        {"bob", "\xed\xa0\x80", NULL, ERR_INVALID},
        {"bob", "Bob", "1234567", ERR_INVALID},
        {"bob", "Bj\xc3\xb6rn \xe2\x82\xac \xf0\x9f\x98\x80", NULL, OK},
    };
    struct testing t;
    testing_open(&t);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char id[ID_SIZE];
        const enum err_code rc = user_create(t.store, table[i].login, table[i].name, ROLE_LEARNER,
                                             table[i].password, id, &why);
        if (rc != table[i].rc)
            fail_msg("'%s' '%s': %s", table[i].login, table[i].name, err_code_text(rc));
    }
    struct user user;
    WANT(ERR_NOT_FOUND, user_by_login(t.store, "nobody", &t.arena, &user, &why));
    assert_string_equal(why.text, "no user nobody");
    WANT(OK, user_get(t.store, t.user, &t.arena, &user, &why));
    assert_string_equal(user.login, "ada");
    testing_close(&t);
}

static void a_session_lasts_until_its_time_or_its_end(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    char first[SESSION_SECRET_SIZE], second[SESSION_SECRET_SIZE];
    struct user user;
    WANT(ERR_NOT_FOUND, session_create(t.store, "nobody", 1000, first, &why));
    WANT(OK, session_create(t.store, t.user, 1000, first, &why));
    WANT(OK, session_create(t.store, t.user, 5000, second, &why));
    assert_int_equal(strlen(first), SESSION_SECRET_SIZE - 1);
    WANT(OK, session_lookup(t.store, first, &t.arena, &user, &why));
    assert_string_equal(user.login, "ada");
    t.now_ms += 1000;
    WANT(ERR_UNAUTHENTICATED, session_lookup(t.store, first, &t.arena, &user, &why));
    WANT(OK, session_lookup(t.store, second, &t.arena, &user, &why));
    WANT(OK, session_delete(t.store, second, &why));
    WANT(ERR_UNAUTHENTICATED, session_lookup(t.store, second, &t.arena, &user, &why));
    WANT(OK, session_delete(t.store, second, &why));
    testing_close(&t);
}

static void a_new_password_ends_all_sessions(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    char secret[SESSION_SECRET_SIZE];
    struct user user;
    WANT(OK, session_create(t.store, t.user, 1000, secret, &why));
    WANT(OK, user_set_password(t.store, t.user, "something new", &why));
    WANT(ERR_UNAUTHENTICATED, session_lookup(t.store, secret, &t.arena, &user, &why));
    testing_close(&t);
}

static void a_token_carries_its_scopes_until_it_is_revoked(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    struct token token, *tokens;
    char secret[TOKEN_SECRET_SIZE], stranger[ID_SIZE];
    struct user user;
    unsigned scopes = 0;
    size_t count;
    WANT(OK, token_create(t.store, t.user, "laptop", SCOPE_SUBMIT | SCOPE_READ, &t.arena, &token,
                          secret, &why));
    assert_memory_equal(secret, "grd_", 4);
    assert_int_equal(strlen(secret), TOKEN_SECRET_SIZE - 1);
    WANT(OK, token_lookup(t.store, secret, &t.arena, &user, &scopes, &why));
    assert_string_equal(user.id, t.user);
    assert_int_equal(scopes, SCOPE_SUBMIT | SCOPE_READ);
    WANT(OK, user_create(t.store, "eve", "Eve", ROLE_LEARNER, NULL, stranger, &why));
    WANT(ERR_NOT_FOUND, token_revoke(t.store, stranger, token.id, &why));
    WANT(OK, token_revoke(t.store, t.user, token.id, &why));
    WANT(ERR_NOT_FOUND, token_revoke(t.store, t.user, token.id, &why));
    WANT(ERR_UNAUTHENTICATED, token_lookup(t.store, secret, &t.arena, &user, &scopes, &why));
    WANT(OK, token_list(t.store, t.user, &t.arena, &tokens, &count, &why));
    assert_int_equal(count, 0);
    testing_close(&t);
}

static void a_use_of_a_token_is_noted_once_a_minute(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    struct token token, *tokens;
    char secret[TOKEN_SECRET_SIZE];
    struct user user;
    unsigned scopes;
    size_t count;
    WANT(OK, token_create(t.store, t.user, "laptop", SCOPE_READ, &t.arena, &token, secret, &why));
    WANT(OK, token_list(t.store, t.user, &t.arena, &tokens, &count, &why));
    assert_int_equal(tokens[0].last_used_ms, 0);
    const int64_t first = t.now_ms += 5;
    for (int i = 0; i < 3; i++, t.now_ms += 25000)
        WANT(OK, token_lookup(t.store, secret, &t.arena, &user, &scopes, &why));
    WANT(OK, token_list(t.store, t.user, &t.arena, &tokens, &count, &why));
    assert_int_equal(tokens[0].last_used_ms, first);
    WANT(OK, token_lookup(t.store, secret, &t.arena, &user, &scopes, &why));
    WANT(OK, token_list(t.store, t.user, &t.arena, &tokens, &count, &why));
    assert_int_equal(tokens[0].last_used_ms, first + 75000);
    testing_close(&t);
}

static void a_user_has_a_bounded_number_of_tokens(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    struct token token;
    char secret[TOKEN_SECRET_SIZE];
    for (int i = 0; i < TOKENS_MAX; i++)
        WANT(OK, token_create(t.store, t.user, "n", SCOPE_READ, &t.arena, &token, secret, &why));
    WANT(ERR_LIMIT, token_create(t.store, t.user, "n", SCOPE_READ, &t.arena, &token, secret, &why));
    WANT(OK, token_revoke(t.store, t.user, token.id, &why));
    WANT(OK, token_create(t.store, t.user, "n", SCOPE_READ, &t.arena, &token, secret, &why));
    WANT(ERR_INVALID, token_create(t.store, t.user, "n", 0, &t.arena, &token, secret, &why));
    WANT(ERR_INVALID, token_create(t.store, t.user, "n", 16, &t.arena, &token, secret, &why));
    testing_close(&t);
}

/* Whether the bytes appear in the database or in its log. */
static bool file_holds(struct testing *t, const char *needle)
{
    static const char *const suffixes[] = {"", "-wal"};
    bool found = false;
    for (int i = 0; i < 2; i++) {
        char path[128], *bytes;
        size_t size;
        snprintf(path, sizeof path, "%s%s", t->path, suffixes[i]);
        WANT(OK, file_read(AT_FDCWD, path, 8 << 20, &t->arena, &bytes, &size, &why));
        found |= memmem(bytes, size, needle, strlen(needle)) != NULL;
    }
    return found;
}

static void no_secret_is_in_the_file(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    struct token token;
    char token_secret[TOKEN_SECRET_SIZE], session_secret[SESSION_SECRET_SIZE];
    WANT(OK, user_set_password(t.store, t.user, "correct horse", &why));
    WANT(OK,
         token_create(t.store, t.user, "lap", SCOPE_READ, &t.arena, &token, token_secret, &why));
    WANT(OK, session_create(t.store, t.user, 1000, session_secret, &why));
    assert_true(file_holds(&t, "Ada Lovelace"));
    assert_true(file_holds(&t, "$argon2id$"));
    assert_false(file_holds(&t, "correct horse"));
    assert_false(file_holds(&t, token_secret + 4));
    assert_false(file_holds(&t, session_secret));
    testing_close(&t);
}

static void an_instructor_sees_only_their_own_cohorts_learners(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    char teacher_id[ID_SIZE], other_id[ID_SIZE], admin_id[ID_SIZE], ours[ID_SIZE], theirs[ID_SIZE];
    WANT(OK, user_create(t.store, "grace", "Grace", ROLE_INSTRUCTOR, NULL, teacher_id, &why));
    WANT(OK, user_create(t.store, "eve", "Eve", ROLE_LEARNER, NULL, other_id, &why));
    WANT(OK, user_create(t.store, "root", "Root", ROLE_ADMIN, NULL, admin_id, &why));
    WANT(OK, cohort_create(t.store, "Ours", ours, &why));
    WANT(OK, cohort_create(t.store, "Theirs", theirs, &why));
    WANT(OK, cohort_add(t.store, ours, teacher_id, ROLE_INSTRUCTOR, &why));
    WANT(OK, cohort_add(t.store, ours, t.user, ROLE_LEARNER, &why));
    WANT(OK, cohort_add(t.store, theirs, teacher_id, ROLE_LEARNER, &why));
    WANT(OK, cohort_add(t.store, theirs, other_id, ROLE_LEARNER, &why));
    const struct {
        const char *viewer, *owner;
        bool may;
    } table[] = {{teacher_id, t.user, true},    {teacher_id, other_id, false},
                 {t.user, teacher_id, false},   {t.user, t.user, true},
                 {t.user, other_id, false},     {admin_id, other_id, true},
                 {teacher_id, teacher_id, true}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct user viewer;
        bool may = false;
        WANT(OK, user_get(t.store, table[i].viewer, &t.arena, &viewer, &why));
        WANT(OK, cohort_may_see(t.store, &viewer, table[i].owner, &may, &why));
        if (may != table[i].may)
            fail_msg("row %zu: %d", i, may);
    }
    testing_close(&t);
}

static void cohorts_know_their_members(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    char id[ID_SIZE], again[ID_SIZE];
    struct cohort *cohorts;
    struct member *members;
    struct page page;
    size_t count;
    WANT(OK, cohort_create(t.store, "Autumn", id, &why));
    WANT(ERR_CONFLICT, cohort_create(t.store, "Autumn", again, &why));
    WANT(OK, cohort_by_name(t.store, "Autumn", again, &why));
    assert_string_equal(id, again);
    WANT(ERR_NOT_FOUND, cohort_by_name(t.store, "Winter", again, &why));
    WANT(ERR_NOT_FOUND, cohort_add(t.store, id, "nobody", ROLE_LEARNER, &why));
    WANT(ERR_INVALID, cohort_add(t.store, id, t.user, ROLE_ADMIN, &why));
    WANT(OK, cohort_add(t.store, id, t.user, ROLE_LEARNER, &why));
    WANT(OK, cohort_add(t.store, id, t.user, ROLE_INSTRUCTOR, &why));
    WANT(OK, cohort_of_user(t.store, t.user, &t.arena, &cohorts, &count, &why));
    assert_int_equal(count, 1);
    assert_string_equal(cohorts[0].name, "Autumn");
    assert_int_equal(cohorts[0].role, ROLE_INSTRUCTOR);
    WANT(OK, cohort_members(t.store, id, NULL, 10, &t.arena, &members, &page, &why));
    assert_int_equal(page.count, 1);
    assert_string_equal(page.next, "");
    assert_string_equal(members[0].user.login, "ada");
    WANT(OK, cohort_remove(t.store, id, t.user, &why));
    WANT(ERR_NOT_FOUND, cohort_remove(t.store, id, t.user, &why));
    testing_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_password_lets_in_only_its_owner),
        cmocka_unit_test(an_unknown_login_takes_as_long_as_a_wrong_password),
        cmocka_unit_test(users_are_created_within_the_rules),
        cmocka_unit_test(a_session_lasts_until_its_time_or_its_end),
        cmocka_unit_test(a_new_password_ends_all_sessions),
        cmocka_unit_test(a_token_carries_its_scopes_until_it_is_revoked),
        cmocka_unit_test(a_use_of_a_token_is_noted_once_a_minute),
        cmocka_unit_test(a_user_has_a_bounded_number_of_tokens),
        cmocka_unit_test(no_secret_is_in_the_file),
        cmocka_unit_test(an_instructor_sees_only_their_own_cohorts_learners),
        cmocka_unit_test(cohorts_know_their_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
