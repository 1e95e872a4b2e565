#include "server/store/session.h"

#include <string.h>

#include "server/store/inside.h"

struct new_session {
    const uint8_t *hash;
    const char *user;
    int64_t now_ms, expires_ms;
};

static enum err_code insert(struct db *db, void *arg, struct err *why)
{
    const struct new_session *n = arg;
    enum err_code rc =
        db_run(db, "DELETE FROM session WHERE expires_ms <= ?", PARAMS(INT(n->now_ms)), why);
    if (rc != OK)
        return rc;
    rc = db_run(
        db, "INSERT INTO session (hash, user, created_ms, expires_ms) VALUES (?, ?, ?, ?)",
        PARAMS(BLOB(n->hash, HASH_BYTES), TEXT(n->user), INT(n->now_ms), INT(n->expires_ms)), why);
    return rc == ERR_NOT_FOUND ? err_set(why, rc, "no user %.40s", n->user) : rc;
}

enum err_code session_create(struct store *s, const char *user, int64_t lifetime_ms,
                             char ret_secret[SESSION_SECRET_SIZE], struct err *why)
{
    char secret[SESSION_SECRET_SIZE];
    uint8_t hash[HASH_BYTES];
    secret_make(secret, sizeof secret, "");
    secret_hash(secret, hash);
    const int64_t now_ms = store_now_ms(s);
    struct new_session n = {hash, user, now_ms, now_ms + lifetime_ms};
    const enum err_code rc = store_write(s, insert, &n, why);
    if (rc == OK)
        memcpy(ret_secret, secret, sizeof secret);
    return rc;
}

enum err_code session_lookup(struct store *s, const char *secret, struct arena *a, struct user *ret,
                             struct err *why)
{
    uint8_t hash[HASH_BYTES];
    secret_hash(secret, hash);
    struct db *db = store_reader(s);
    struct rows rows;
    struct user user = {0};
    enum err_code rc = db_query(db,
                                "SELECT " USER_COLUMNS " FROM session"
                                " JOIN user ON user.id = session.user"
                                " WHERE session.hash = ? AND session.expires_ms > ?",
                                PARAMS(BLOB(hash, HASH_BYTES), INT(store_now_ms(s))), &rows, why);
    if (rc == OK && (rc = rows_next(&rows, why)) == OK)
        user_from_row(&rows, 0, a, &user);
    const bool found = rc == OK;
    rc = rows_end(&rows, rc, why);
    store_reader_done(s, db);
    if (rc == OK && !found)
        return err_set(why, ERR_UNAUTHENTICATED, "the session is over: sign in again");
    if (rc == OK)
        *ret = user;
    return rc;
}

static enum err_code delete_one(struct db *db, void *arg, struct err *why)
{
    return db_run(db, "DELETE FROM session WHERE hash = ?", PARAMS(BLOB(arg, HASH_BYTES)), why);
}

enum err_code session_delete(struct store *s, const char *secret, struct err *why)
{
    uint8_t hash[HASH_BYTES];
    secret_hash(secret, hash);
    return store_write(s, delete_one, hash, why);
}
