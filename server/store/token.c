#include "server/store/token.h"

#include <string.h>

#include "server/store/inside.h"

enum { USE_NOTED_MS = 60 * 1000 }; /* a use is written down at most this often */

static const struct {
    enum token_scope scope;
    const char *word;
} scopes[] = {
    {SCOPE_SUBMIT, "submit"}, {SCOPE_READ, "read"}, {SCOPE_GRADE, "grade"}, {SCOPE_ADMIN, "admin"}};
enum { SCOPES = sizeof scopes / sizeof scopes[0] };

const char *scope_word(enum token_scope scope)
{
    for (size_t i = 0; i < SCOPES; i++)
        if (scopes[i].scope == scope)
            return scopes[i].word;
    return NULL;
}

enum err_code scope_parse(const char *word, enum token_scope *ret, struct err *why)
{
    for (size_t i = 0; i < SCOPES; i++)
        if (strcmp(scopes[i].word, word) == 0) {
            *ret = scopes[i].scope;
            return OK;
        }
    return err_set(why, ERR_INVALID, "scope is '%.40s': expected submit, read, grade or admin",
                   word);
}

/* ---- Creating and revoking ---- */

struct new_token {
    const char *id, *user, *name;
    const uint8_t *hash;
    unsigned scopes;
    int64_t now_ms;
};

static enum err_code check_count(struct db *db, const char *user, struct err *why)
{
    struct rows rows;
    int64_t count = 0;
    enum err_code rc =
        db_query(db, "SELECT count(*) FROM token WHERE user = ? AND revoked_ms IS NULL",
                 PARAMS(TEXT(user)), &rows, why);
    if (rc == OK && (rc = rows_next(&rows, why)) == OK)
        count = row_int(&rows, 0);
    rc = rows_end(&rows, rc, why);
    if (rc == OK && count >= TOKENS_MAX)
        return err_set(why, ERR_LIMIT, "there are %d tokens already: revoke one first", TOKENS_MAX);
    return rc;
}

static enum err_code insert(struct db *db, void *arg, struct err *why)
{
    const struct new_token *n = arg;
    enum err_code rc = check_count(db, n->user, why);
    if (rc != OK)
        return rc;
    rc = db_run(db,
                "INSERT INTO token (id, hash, user, name, scopes, created_ms)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                PARAMS(TEXT(n->id), BLOB(n->hash, HASH_BYTES), TEXT(n->user), TEXT(n->name),
                       INT(n->scopes), INT(n->now_ms)),
                why);
    return rc == ERR_NOT_FOUND ? err_set(why, rc, "no user %.40s", n->user) : rc;
}

enum err_code token_create(struct store *s, const char *user, const char *name, unsigned scope_set,
                           struct arena *a, struct token *ret, char ret_secret[TOKEN_SECRET_SIZE],
                           struct err *why)
{
    enum err_code rc = check_name("name", name, why);
    if (rc != OK)
        return rc;
    if (scope_set == 0 || (scope_set & ~(unsigned)SCOPE_ALL) != 0)
        return err_set(why, ERR_INVALID, "a token needs one scope or more");
    struct token token = {.name = arena_strdup(a, name), .scopes = scope_set};
    if (token.name == NULL)
        return err_set(why, ERR_NOMEM, "no memory for a token");
    char secret[TOKEN_SECRET_SIZE];
    uint8_t hash[HASH_BYTES];
    secret_make(secret, sizeof secret, "grd_");
    secret_hash(secret, hash);
    store_id(s, token.id);
    token.created_ms = store_now_ms(s);
    struct new_token n = {token.id, user, name, hash, scope_set, token.created_ms};
    if ((rc = store_write(s, insert, &n, why)) != OK)
        return rc;
    memcpy(ret_secret, secret, sizeof secret);
    *ret = token;
    return OK;
}

struct token_change {
    const char *user, *id;
    int64_t now_ms;
};

static enum err_code revoke(struct db *db, void *arg, struct err *why)
{
    const struct token_change *c = arg;
    const enum err_code rc = db_run(
        db, "UPDATE token SET revoked_ms = ? WHERE id = ? AND user = ? AND revoked_ms IS NULL",
        PARAMS(INT(c->now_ms), TEXT(c->id), TEXT(c->user)), why);
    if (rc == OK && db_changes(db) == 0)
        return err_set(why, ERR_NOT_FOUND, "no token %.40s", c->id);
    return rc;
}

enum err_code token_revoke(struct store *s, const char *user, const char *id, struct err *why)
{
    return store_write(s, revoke, &(struct token_change){user, id, store_now_ms(s)}, why);
}

/* ---- Looking up ---- */

static enum err_code note_use(struct db *db, void *arg, struct err *why)
{
    const struct token_change *c = arg;
    return db_run(db, "UPDATE token SET last_used_ms = ? WHERE id = ?",
                  PARAMS(INT(c->now_ms), TEXT(c->id)), why);
}

struct found {
    struct user user;
    char id[ID_SIZE];
    unsigned scopes;
    int64_t last_used_ms;
};

static enum err_code find(struct store *s, const uint8_t hash[HASH_BYTES], struct arena *a,
                          struct found *f, struct err *why)
{
    struct db *db = store_reader(s);
    struct rows rows;
    enum err_code rc = db_query(db,
                                "SELECT " USER_COLUMNS ", token.id, token.scopes,"
                                " token.last_used_ms FROM token"
                                " JOIN user ON user.id = token.user"
                                " WHERE token.hash = ? AND token.revoked_ms IS NULL",
                                PARAMS(BLOB(hash, HASH_BYTES)), &rows, why);
    if (rc == OK && (rc = rows_next(&rows, why)) == OK) {
        user_from_row(&rows, 0, a, &f->user);
        row_copy(&rows, USER_COLUMN_COUNT, f->id, ID_LENGTH);
        f->scopes = (unsigned)row_int(&rows, USER_COLUMN_COUNT + 1);
        f->last_used_ms = row_int(&rows, USER_COLUMN_COUNT + 2);
    }
    const bool found = rc == OK;
    rc = rows_end(&rows, rc, why);
    store_reader_done(s, db);
    if (rc == OK && !found)
        return err_set(why, ERR_UNAUTHENTICATED, "the token is unknown or was revoked");
    return rc;
}

enum err_code token_lookup(struct store *s, const char *secret, struct arena *a,
                           struct user *ret_user, unsigned *ret_scopes, struct err *why)
{
    uint8_t hash[HASH_BYTES];
    secret_hash(secret, hash);
    struct found f = {0};
    enum err_code rc = find(s, hash, a, &f, why);
    if (rc != OK)
        return rc;
    const int64_t now_ms = store_now_ms(s);
    if (now_ms - f.last_used_ms >= USE_NOTED_MS)
        rc = store_write(s, note_use, &(struct token_change){.id = f.id, .now_ms = now_ms}, why);
    if (rc != OK)
        return rc;
    *ret_user = f.user;
    *ret_scopes = f.scopes;
    return OK;
}

enum err_code token_list(struct store *s, const char *user, struct arena *a,
                         struct token **ret_tokens, size_t *ret_count, struct err *why)
{
    struct db *db = store_reader(s);
    struct rows rows;
    struct list list = {0};
    enum err_code rc = db_query(db,
                                "SELECT id, name, scopes, created_ms, last_used_ms FROM token"
                                " WHERE user = ? AND revoked_ms IS NULL ORDER BY id DESC",
                                PARAMS(TEXT(user)), &rows, why);
    while (rc == OK && (rc = rows_next(&rows, why)) == OK) {
        struct token *t = list_add(&list, sizeof *t, a, &rows);
        if (t == NULL)
            break;
        row_copy(&rows, 0, t->id, ID_LENGTH);
        t->name = row_text(&rows, 1, a);
        t->scopes = (unsigned)row_int(&rows, 2);
        t->created_ms = row_int(&rows, 3);
        t->last_used_ms = row_int(&rows, 4);
    }
    rc = rows_end(&rows, rc, why);
    store_reader_done(s, db);
    if (rc != OK)
        return rc;
    *ret_tokens = list.items;
    *ret_count = list.count;
    return OK;
}
