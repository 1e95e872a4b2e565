#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/store/testing.h"
#include "server/store/ulid.h"

static struct err why;

static struct submission_request one_file(const struct testing *t,
                                          const struct submission_source *file)
{
    return (struct submission_request){.user = t->user, .lab = "1.1", .files = file, .n_files = 1};
}

static void a_submission_reads_back_whole(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    const struct submission_source files[] = {
        {"b.c", "two\0zeros\0", 10}, {"a.h", "", 0}, {"Makefile", "all:", 4}};
    const struct submission_request r = {
        .user = t.user, .lab = "1.1", .mode = SUBMISSION_VISIBLE, .files = files, .n_files = 3};
    char id[ID_SIZE];
    bool is_new;
    struct submission s;
    WANT(OK, submission_create(t.store, &r, id, &is_new, &why));
    WANT(OK, submission_get(t.store, id, &t.arena, &s, &why));
    assert_true(ulid_is(s.id));
    assert_string_equal(s.user, t.user);
    assert_string_equal(s.login, "ada");
    assert_string_equal(s.lab_title, "A first lab");
    assert_int_equal(s.mode, SUBMISSION_VISIBLE);
    assert_int_equal(s.state, SUBMISSION_QUEUED);
    assert_int_equal(s.queue_position, 1);
    assert_int_equal(s.created_ms, t.now_ms);
    assert_false(s.has_report);
    assert_int_equal(s.n_files, 3);
    assert_string_equal(s.files[0].name, "Makefile");
    assert_string_equal(s.files[2].name, "b.c");
    assert_int_equal(s.files[2].size, 10);
    const char *bytes;
    size_t size;
    WANT(OK, submission_file_read(t.store, id, "b.c", &t.arena, &bytes, &size, &why));
    assert_int_equal(size, 10);
    assert_memory_equal(bytes, "two\0zeros\0", 10);
    WANT(OK, submission_file_read(t.store, id, "a.h", &t.arena, &bytes, &size, &why));
    assert_int_equal(size, 0);
    WANT(ERR_NOT_FOUND, submission_file_read(t.store, id, "c.c", &t.arena, &bytes, &size, &why));
    WANT(ERR_NOT_FOUND, submission_report(t.store, id, &t.arena, &bytes, &size, &why));
    testing_close(&t);
}

static void a_submission_outside_the_rules_is_refused(void **state)
{
    (void)state;
    static char large[SUBMISSION_BYTES_MAX + 1];
    static const struct {
        const char *what;
        struct submission_source files[2];
        size_t count;
        const char *lab, *key;
        enum err_code rc;
    } table[] = {
        {"no file", {{0}}, 0, "1.1", NULL, ERR_INVALID},
        {"a path", {{"../a.c", "x", 1}}, 1, "1.1", NULL, ERR_INVALID},
        {"a slash", {{"a/b.c", "x", 1}}, 1, "1.1", NULL, ERR_INVALID},
        {"a dot file", {{".bashrc", "x", 1}}, 1, "1.1", NULL, ERR_INVALID},
        {"an option", {{"-o", "x", 1}}, 1, "1.1", NULL, ERR_INVALID},
        {"no name", {{"", "x", 1}}, 1, "1.1", NULL, ERR_INVALID},
        {"one name twice", {{"a.c", "x", 1}, {"a.c", "y", 1}}, 2, "1.1", NULL, ERR_INVALID},
        {"too much", {{"a.c", large, sizeof large}}, 1, "1.1", NULL, ERR_TOO_LARGE},
        {"no such lab", {{"a.c", "x", 1}}, 1, "9.9", NULL, ERR_NOT_FOUND},
        {"an empty key", {{"a.c", "x", 1}}, 1, "1.1", "", ERR_INVALID},
        {"a blank in a key", {{"a.c", "x", 1}}, 1, "1.1", "a b", ERR_INVALID},
    };
    struct testing t;
    testing_open(&t);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct submission_request r = {.user = t.user,
                                             .lab = table[i].lab,
                                             .files = table[i].files,
                                             .n_files = table[i].count,
                                             .idempotency_key = table[i].key};
        char id[ID_SIZE];
        bool is_new;
        const enum err_code rc = submission_create(t.store, &r, id, &is_new, &why);
        if (rc != table[i].rc)
            fail_msg("%s: %s", table[i].what, err_code_text(rc));
    }
    struct submission *list;
    struct page page;
    WANT(OK, submission_list(t.store, (struct submission_filter){0}, NULL, 10, &t.arena, &list,
                             &page, &why));
    assert_int_equal(page.count, 0);
    testing_close(&t);
}

static void a_repeated_key_gives_the_first_submission(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    const struct submission_source one = {"a.c", "one", 3}, two = {"a.c", "two", 3};
    struct submission_request r = one_file(&t, &one);
    r.idempotency_key = "retry-1";
    char first[ID_SIZE], again[ID_SIZE], other[ID_SIZE], eve[ID_SIZE];
    bool is_new = false;
    WANT(OK, submission_create(t.store, &r, first, &is_new, &why));
    assert_true(is_new);
    WANT(OK, submission_create(t.store, &r, again, &is_new, &why));
    assert_false(is_new);
    assert_string_equal(first, again);

    r.files = &two;
    WANT(ERR_CONFLICT, submission_create(t.store, &r, again, &is_new, &why));
    r.files = &one;
    r.mode = SUBMISSION_VISIBLE;
    WANT(ERR_CONFLICT, submission_create(t.store, &r, again, &is_new, &why));
    r.mode = SUBMISSION_FULL;
    r.idempotency_key = "retry-2";
    WANT(OK, submission_create(t.store, &r, other, &is_new, &why));
    assert_true(is_new);

    WANT(OK, user_create(t.store, "eve", "Eve", ROLE_LEARNER, NULL, eve, &why));
    r.user = eve;
    r.idempotency_key = "retry-1";
    WANT(OK, submission_create(t.store, &r, other, &is_new, &why));
    assert_true(is_new);
    testing_close(&t);
}

static uint64_t seed_of(struct testing *t, const struct submission_source *files, size_t count)
{
    const struct submission_request r = {
        .user = t->user, .lab = "1.1", .files = files, .n_files = count};
    char id[ID_SIZE];
    bool is_new;
    struct submission s;
    WANT(OK, submission_create(t->store, &r, id, &is_new, &why));
    WANT(OK, submission_get(t->store, id, &t->arena, &s, &why));
    return s.seed;
}

static void same_files_have_the_same_seed_and_each_server_its_own(void **state)
{
    (void)state;
    const struct submission_source ab[] = {{"a.c", "one", 3}, {"b.c", "two", 3}},
                                   ba[] = {{"b.c", "two", 3}, {"a.c", "one", 3}},
                                   other[] = {{"a.c", "one", 3}, {"b.c", "twp", 3}},
                                   renamed[] = {{"a.c", "two", 3}, {"b.c", "one", 3}};
    struct testing t, elsewhere;
    testing_open(&t);
    const uint64_t seed = seed_of(&t, ab, 2);
    assert_true(seed < (uint64_t)1 << 53);
    assert_true(seed_of(&t, ba, 2) == seed);
    assert_true(seed_of(&t, other, 2) != seed);
    assert_true(seed_of(&t, renamed, 2) != seed);
    testing_reopen(&t);
    assert_true(seed_of(&t, ab, 2) == seed);
    testing_open(&elsewhere);
    assert_true(seed_of(&elsewhere, ab, 2) != seed);
    testing_close(&elsewhere);
    testing_close(&t);
}

static void pages_show_each_submission_once_while_more_arrive(void **state)
{
    (void)state;
    enum { COUNT = 23, LIMIT = 5 };
    struct testing t;
    testing_open(&t);
    char ids[COUNT][ID_SIZE], later[ID_SIZE];
    for (int i = 0; i < COUNT; i++) {
        t.now_ms += i % 3; /* several in one millisecond */
        testing_submit(&t, "x", ids[i]);
    }
    struct submission *list;
    struct page page = {0};
    int seen = 0;
    do {
        WANT(OK,
             submission_list(t.store, (struct submission_filter){t.user, "1.1"},
                             seen == 0 ? NULL : page.next, LIMIT, &t.arena, &list, &page, &why));
        for (size_t i = 0; i < page.count; i++, seen++) {
            assert_string_equal(list[i].id, ids[COUNT - 1 - seen]);
            assert_int_equal(list[i].queue_position, COUNT - seen);
        }
        testing_submit(&t, "x", later);
    } while (page.next[0] != '\0');
    assert_int_equal(seen, COUNT);
    testing_close(&t);
}

static void a_list_is_filtered_by_user_and_lab(void **state)
{
    (void)state;
    struct testing t;
    testing_open(&t);
    char eve[ID_SIZE], id[ID_SIZE];
    bool is_new;
    WANT(OK, user_create(t.store, "eve", "Eve", ROLE_LEARNER, NULL, eve, &why));
    WANT(OK, lab_put(t.store, "1.2", "Another lab", &why));
    const struct submission_source file = {"a.c", "x", 1};
    const char *users[] = {t.user, eve}, *labs[] = {"1.1", "1.2"};
    for (int i = 0; i < 7; i++) { /* ada 1.1: 2, eve 1.1: 2, ada 1.2: 2, eve 1.2: 1 */
        struct submission_request r = one_file(&t, &file);
        r.user = users[i % 2];
        r.lab = labs[i / 2 % 2];
        WANT(OK, submission_create(t.store, &r, id, &is_new, &why));
    }
    const struct {
        struct submission_filter filter;
        size_t count;
    } table[] = {{{NULL, NULL}, 7}, {{t.user, NULL}, 4}, {{NULL, "1.2"}, 3}, {{eve, "1.1"}, 2}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct submission *list;
        struct page page;
        WANT(OK, submission_list(t.store, table[i].filter, NULL, 0, &t.arena, &list, &page, &why));
        if (page.count != table[i].count)
            fail_msg("row %zu: %zu", i, page.count);
    }
    testing_close(&t);
}

static void ids_grow_within_a_millisecond_and_when_the_clock_goes_back(void **state)
{
    (void)state;
    struct ulid u = {0};
    char before[ID_SIZE], after[ID_SIZE];
    ulid_next(&u, 1750000000000, before);
    for (int i = 0; i < 1000; i++) {
        ulid_next(&u, 1750000000000 - i, after);
        assert_true(strcmp(before, after) < 0);
        memcpy(before, after, sizeof before);
    }
    /* The specification's example: 1469918176385 ms is 01ARYZ6S41. */
    u = (struct ulid){0};
    ulid_next(&u, 1469918176385, after);
    assert_memory_equal(after, "01ARYZ6S41", 10);
    /* A millisecond that is used up gives way to the next one. */
    memset(u.chance, 0xff, sizeof u.chance);
    ulid_next(&u, 1469918176385, after);
    assert_string_equal(after, "01ARYZ6S420000000000000000");
    assert_true(ulid_is(after));
    assert_false(ulid_is("01ARYZ6S42000000000000000"));
    assert_false(ulid_is("81ARYZ6S420000000000000000"));
    assert_false(ulid_is("01ARYZ6S42000000000000000I"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_submission_reads_back_whole),
        cmocka_unit_test(a_submission_outside_the_rules_is_refused),
        cmocka_unit_test(a_repeated_key_gives_the_first_submission),
        cmocka_unit_test(same_files_have_the_same_seed_and_each_server_its_own),
        cmocka_unit_test(pages_show_each_submission_once_while_more_arrive),
        cmocka_unit_test(a_list_is_filtered_by_user_and_lab),
        cmocka_unit_test(ids_grow_within_a_millisecond_and_when_the_clock_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
