#include "server/store/user.h"

#include <sodium.h>
#include <string.h>

#include "server/store/inside.h"

/* ---- Words and rules ---- */

static const char *const role_words[] = {
#define ROLE(name, word) [name] = word,
#include "server/store/role.def"
#undef ROLE
};
enum { ROLES = sizeof role_words / sizeof role_words[0] };

const char *role_word(enum role role)
{
    return role_words[role];
}

enum err_code role_parse(const char *word, enum role *ret, struct err *why)
{
    for (int i = 0; i < ROLES; i++)
        if (strcmp(word, role_words[i]) == 0) {
            *ret = (enum role)i;
            return OK;
        }
    return err_set(why, ERR_INVALID, "role is '%.40s': expected learner, instructor or admin",
                   word);
}

static enum err_code check_login(const char *login, struct err *why)
{
    const size_t length = strlen(login);
    if (length == 0 || length > LOGIN_MAX)
        return err_set(why, ERR_INVALID, "login has %zu bytes: expected 1 to %d", length,
                       LOGIN_MAX);
    if (strspn(login, "abcdefghijklmnopqrstuvwxyz0123456789._-@+") != length ||
        strchr("._-@+", login[0]) != NULL)
        return err_set(why, ERR_INVALID,
                       "login is '%s': expected a-z 0-9 . _ - @ +, a letter or digit first", login);
    return OK;
}

/* ---- Passwords ---- */

/* 64 MiB per hash; the semaphore bounds how many there are at once. */
static enum err_code hash_password(struct store *s, const char *password,
                                   char ret[crypto_pwhash_STRBYTES], struct err *why)
{
    const size_t size = strlen(password);
    if (size < PASSWORD_MIN || size > PASSWORD_MAX)
        return err_set(why, ERR_INVALID, "password has %zu bytes: expected %d to %d", size,
                       PASSWORD_MIN, PASSWORD_MAX);
    while (sem_wait(&s->hashing) != 0)
        ; /* a signal */
    const int failed = crypto_pwhash_str(ret, password, size, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                         crypto_pwhash_MEMLIMIT_INTERACTIVE);
    sem_post(&s->hashing);
    return failed ? err_set(why, ERR_NOMEM, "no memory to hash a password") : OK;
}

/* Of a password nobody has, made with the same limits: verifying against it takes as long as
 * against a real one, so that time does not tell which logins exist. */
static const char NOBODY[] = "$argon2id$v=19$m=65536,t=2,p=1$Z3JhZGVkLW5vYm9keS0xMg$"
                             "bm90IGEgaGFzaCBvZiBhbnl0aGluZywgMzIgYnl0ZXM";

static bool password_is(struct store *s, const char *hash, const char *password)
{
    const size_t size = strlen(password);
    if (size > PASSWORD_MAX)
        return false;
    char known[crypto_pwhash_STRBYTES] = {0};
    strncpy(known, hash != NULL ? hash : NOBODY, sizeof known - 1);
    while (sem_wait(&s->hashing) != 0)
        ; /* a signal */
    const bool good = crypto_pwhash_str_verify(known, password, size) == 0;
    sem_post(&s->hashing);
    return good && hash != NULL;
}

/* ---- Reading ---- */

void user_from_row(struct rows *rows, int first, struct arena *a, struct user *ret)
{
    row_copy(rows, first, ret->id, ID_LENGTH);
    ret->id[ID_LENGTH] = '\0';
    ret->login = row_text(rows, first + 1, a);
    ret->name = row_text(rows, first + 2, a);
    const char *role = row_text(rows, first + 3, a);
    /* The schema allows only these words. */
    if (role != NULL && role_parse(role, &ret->role, NULL) != OK)
        ret->role = ROLE_LEARNER;
    ret->created_ms = row_int(rows, first + 4);
}

static enum err_code get_one(struct store *s, const char *sql, const char *key, struct arena *a,
                             struct user *ret, struct err *why)
{
    struct db *db = store_reader(s);
    struct rows rows;
    struct user user = {0};
    enum err_code rc = db_query(db, sql, PARAMS(TEXT(key)), &rows, why);
    if (rc == OK && (rc = rows_next(&rows, why)) == OK)
        user_from_row(&rows, 0, a, &user);
    rc = rows_end_one(&rows, rc, "user", key, why);
    store_reader_done(s, db);
    if (rc == OK)
        *ret = user;
    return rc;
}

enum err_code user_get(struct store *s, const char *id, struct arena *a, struct user *ret,
                       struct err *why)
{
    return get_one(s, "SELECT " USER_COLUMNS " FROM user WHERE id = ?", id, a, ret, why);
}

enum err_code user_by_login(struct store *s, const char *login, struct arena *a, struct user *ret,
                            struct err *why)
{
    return get_one(s, "SELECT " USER_COLUMNS " FROM user WHERE login = ?", login, a, ret, why);
}

enum err_code user_verify_password(struct store *s, const char *login, const char *password,
                                   struct arena *a, struct user *ret, struct err *why)
{
    struct db *db = store_reader(s);
    struct rows rows;
    struct user user = {0};
    const char *hash = NULL;
    enum err_code rc =
        db_query(db, "SELECT " USER_COLUMNS ", user.password_hash FROM user WHERE login = ?",
                 PARAMS(TEXT(login)), &rows, why);
    if (rc == OK && (rc = rows_next(&rows, why)) == OK) {
        user_from_row(&rows, 0, a, &user);
        hash = row_text(&rows, USER_COLUMN_COUNT, a);
    }
    rc = rows_end(&rows, rc, why);
    store_reader_done(s, db);
    if (rc != OK)
        return rc;
    if (!password_is(s, hash, password))
        return err_set(why, ERR_UNAUTHENTICATED, "login or password is wrong");
    *ret = user;
    return OK;
}

enum err_code user_list(struct store *s, const char *after, size_t limit, struct arena *a,
                        struct user **ret_users, struct page *ret_page, struct err *why)
{
    limit = page_limit(limit);
    struct db *db = store_reader(s);
    struct rows rows;
    struct list list = {0};
    enum err_code rc =
        db_query(db, "SELECT " USER_COLUMNS " FROM user WHERE id > ? ORDER BY id LIMIT ?",
                 PARAMS(TEXT(after != NULL ? after : ""), INT((int64_t)limit + 1)), &rows, why);
    while (rc == OK && (rc = rows_next(&rows, why)) == OK) {
        struct user *user = list_add(&list, sizeof *user, a, &rows);
        if (user == NULL)
            break;
        user_from_row(&rows, 0, a, user);
    }
    rc = rows_end(&rows, rc, why);
    store_reader_done(s, db);
    if (rc != OK)
        return rc;
    *ret_users = list.items;
    page_finish(ret_page, list.count, limit, list.items, sizeof(struct user));
    return OK;
}

/* ---- Writing ---- */

struct new_user {
    const char *id, *login, *name, *role, *hash;
    int64_t now_ms;
};

static enum err_code insert(struct db *db, void *arg, struct err *why)
{
    const struct new_user *n = arg;
    const enum err_code rc =
        db_run(db,
               "INSERT INTO user (id, login, name, role, password_hash, created_ms)"
               " VALUES (?, ?, ?, ?, ?, ?)",
               PARAMS(TEXT(n->id), TEXT(n->login), TEXT(n->name), TEXT(n->role), TEXT(n->hash),
                      INT(n->now_ms)),
               why);
    if (rc == ERR_CONFLICT)
        return err_set(why, rc, "the login %s is taken", n->login);
    return rc;
}

enum err_code user_create(struct store *s, const char *login, const char *name, enum role role,
                          const char *password, char ret_id[ID_SIZE], struct err *why)
{
    char hash[crypto_pwhash_STRBYTES], id[ID_SIZE];
    enum err_code rc = check_login(login, why);
    if (rc == OK)
        rc = check_name("name", name, why);
    if (rc == OK && password != NULL)
        rc = hash_password(s, password, hash, why);
    if (rc != OK)
        return rc;
    store_id(s, id);
    struct new_user new_user = {.id = id,
                                .login = login,
                                .name = name,
                                .role = role_word(role),
                                .hash = password != NULL ? hash : NULL,
                                .now_ms = store_now_ms(s)};
    if ((rc = store_write(s, insert, &new_user, why)) == OK)
        memcpy(ret_id, id, ID_SIZE);
    return rc;
}

struct new_password {
    const char *user, *hash;
};

static enum err_code update_password(struct db *db, void *arg, struct err *why)
{
    const struct new_password *n = arg;
    const enum err_code rc = db_run(db, "UPDATE user SET password_hash = ? WHERE id = ?",
                                    PARAMS(TEXT(n->hash), TEXT(n->user)), why);
    if (rc != OK)
        return rc;
    if (db_changes(db) == 0)
        return err_set(why, ERR_NOT_FOUND, "no user %.40s", n->user);
    /* Whoever changes a password may do so because someone else knew the old one. */
    return db_run(db, "DELETE FROM session WHERE user = ?", PARAMS(TEXT(n->user)), why);
}

enum err_code user_set_password(struct store *s, const char *id, const char *password,
                                struct err *why)
{
    char hash[crypto_pwhash_STRBYTES];
    const enum err_code rc = hash_password(s, password, hash, why);
    if (rc != OK)
        return rc;
    return store_write(s, update_password, &(struct new_password){id, hash}, why);
}
