#include "server/store/cohort.h"

#include <string.h>

#include "server/store/inside.h"

struct change {
    const char *cohort, *user;
    const char *text; /* a name or the word of a role */
    int64_t now_ms;
};

static enum err_code insert(struct db *db, void *arg, struct err *why)
{
    const struct change *c = arg;
    const enum err_code rc =
        db_run(db, "INSERT INTO cohort (id, name, created_ms) VALUES (?, ?, ?)",
               PARAMS(TEXT(c->cohort), TEXT(c->text), INT(c->now_ms)), why);
    if (rc == ERR_CONFLICT)
        return err_set(why, rc, "there is a cohort %.100s already", c->text);
    return rc;
}

enum err_code cohort_create(struct store *s, const char *name, char ret_id[ID_SIZE],
                            struct err *why)
{
    enum err_code rc = check_name("name", name, why);
    if (rc != OK)
        return rc;
    char id[ID_SIZE];
    store_id(s, id);
    struct change c = {.cohort = id, .text = name, .now_ms = store_now_ms(s)};
    if ((rc = store_write(s, insert, &c, why)) == OK)
        memcpy(ret_id, id, ID_SIZE);
    return rc;
}

enum err_code cohort_by_name(struct store *s, const char *name, char ret_id[ID_SIZE],
                             struct err *why)
{
    struct db *db = store_reader(s);
    struct rows rows;
    char id[ID_SIZE] = "";
    enum err_code rc =
        db_query(db, "SELECT id FROM cohort WHERE name = ?", PARAMS(TEXT(name)), &rows, why);
    if (rc == OK && (rc = rows_next(&rows, why)) == OK)
        row_copy(&rows, 0, id, ID_LENGTH);
    rc = rows_end_one(&rows, rc, "cohort", name, why);
    store_reader_done(s, db);
    if (rc == OK)
        memcpy(ret_id, id, ID_SIZE);
    return rc;
}

/* ---- Members ---- */

static enum err_code add(struct db *db, void *arg, struct err *why)
{
    const struct change *c = arg;
    const enum err_code rc =
        db_run(db,
               "INSERT INTO member (cohort, user, role, added_ms) VALUES (?, ?, ?, ?)"
               " ON CONFLICT (cohort, user) DO UPDATE SET role = excluded.role",
               PARAMS(TEXT(c->cohort), TEXT(c->user), TEXT(c->text), INT(c->now_ms)), why);
    if (rc == ERR_NOT_FOUND)
        return err_set(why, rc, "no cohort %.40s, or no user %.40s", c->cohort, c->user);
    return rc;
}

enum err_code cohort_add(struct store *s, const char *cohort, const char *user, enum role role,
                         struct err *why)
{
    if (role != ROLE_LEARNER && role != ROLE_INSTRUCTOR)
        return err_set(why, ERR_INVALID, "role is '%s': a member is learner or instructor",
                       role_word(role));
    return store_write(s, add, &(struct change){cohort, user, role_word(role), store_now_ms(s)},
                       why);
}

static enum err_code take_out(struct db *db, void *arg, struct err *why)
{
    const struct change *c = arg;
    const enum err_code rc = db_run(db, "DELETE FROM member WHERE cohort = ? AND user = ?",
                                    PARAMS(TEXT(c->cohort), TEXT(c->user)), why);
    if (rc == OK && db_changes(db) == 0)
        return err_set(why, ERR_NOT_FOUND, "user %.40s is no member", c->user);
    return rc;
}

enum err_code cohort_remove(struct store *s, const char *cohort, const char *user, struct err *why)
{
    return store_write(s, take_out, &(struct change){.cohort = cohort, .user = user}, why);
}

/* The column holds one of two words; the schema sees to that. */
static enum role role_of_row(const struct rows *rows, int column)
{
    return strcmp((const char *)sqlite3_column_text(rows->statement, column),
                  role_word(ROLE_INSTRUCTOR)) == 0
               ? ROLE_INSTRUCTOR
               : ROLE_LEARNER;
}

enum err_code cohort_of_user(struct store *s, const char *user, struct arena *a,
                             struct cohort **ret, size_t *ret_count, struct err *why)
{
    struct db *db = store_reader(s);
    struct rows rows;
    struct list list = {0};
    enum err_code rc = db_query(db,
                                "SELECT cohort.id, cohort.name, member.role FROM member"
                                " JOIN cohort ON cohort.id = member.cohort"
                                " WHERE member.user = ? ORDER BY cohort.name LIMIT ?",
                                PARAMS(TEXT(user), INT(PAGE_MAX)), &rows, why);
    while (rc == OK && (rc = rows_next(&rows, why)) == OK) {
        struct cohort *c = list_add(&list, sizeof *c, a, &rows);
        if (c == NULL)
            break;
        row_copy(&rows, 0, c->id, ID_LENGTH);
        c->name = row_text(&rows, 1, a);
        c->role = role_of_row(&rows, 2);
    }
    rc = rows_end(&rows, rc, why);
    store_reader_done(s, db);
    if (rc != OK)
        return rc;
    *ret = list.items;
    *ret_count = list.count;
    return OK;
}

enum err_code cohort_members(struct store *s, const char *cohort, const char *after, size_t limit,
                             struct arena *a, struct member **ret, struct page *ret_page,
                             struct err *why)
{
    limit = page_limit(limit);
    struct db *db = store_reader(s);
    struct rows rows;
    struct list list = {0};
    enum err_code rc =
        db_query(db,
                 "SELECT " USER_COLUMNS ", member.role FROM member"
                 " JOIN user ON user.id = member.user"
                 " WHERE member.cohort = ? AND member.user > ? ORDER BY member.user LIMIT ?",
                 PARAMS(TEXT(cohort), TEXT(after != NULL ? after : ""), INT((int64_t)limit + 1)),
                 &rows, why);
    while (rc == OK && (rc = rows_next(&rows, why)) == OK) {
        struct member *m = list_add(&list, sizeof *m, a, &rows);
        if (m == NULL)
            break;
        user_from_row(&rows, 0, a, &m->user);
        m->role = role_of_row(&rows, USER_COLUMN_COUNT);
    }
    rc = rows_end(&rows, rc, why);
    store_reader_done(s, db);
    if (rc != OK)
        return rc;
    *ret = list.items;
    page_finish(ret_page, list.count, limit, list.items, sizeof(struct member));
    return OK;
}

enum err_code cohort_may_see(struct store *s, const struct user *viewer, const char *owner,
                             bool *ret, struct err *why)
{
    if (viewer->role == ROLE_ADMIN || strcmp(viewer->id, owner) == 0) {
        *ret = true;
        return OK;
    }
    struct db *db = store_reader(s);
    struct rows rows;
    bool may = false;
    enum err_code rc = db_query(db,
                                "SELECT EXISTS (SELECT 1 FROM member AS teacher"
                                " JOIN member AS pupil ON pupil.cohort = teacher.cohort"
                                " WHERE teacher.user = ? AND teacher.role = 'instructor'"
                                " AND pupil.user = ?)",
                                PARAMS(TEXT(viewer->id), TEXT(owner)), &rows, why);
    if (rc == OK && (rc = rows_next(&rows, why)) == OK)
        may = row_int(&rows, 0) != 0;
    rc = rows_end(&rows, rc, why);
    store_reader_done(s, db);
    if (rc == OK)
        *ret = may;
    return rc;
}
