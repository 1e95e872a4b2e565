#include "server/store/db.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { BUSY_TIMEOUT_MS = 5000 };

static enum err_code kind_of(int extended)
{
    switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return ERR_CONFLICT;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return ERR_NOT_FOUND;
    }
    switch (extended & 0xff) {
    case SQLITE_CONSTRAINT:
        return ERR_INVALID;
    case SQLITE_BUSY:
        return ERR_BUSY;
    case SQLITE_NOMEM:
        return ERR_NOMEM;
    default:
        return ERR_IO;
    }
}

static enum err_code fail(const struct db *db, struct err *why)
{
    return err_set(why, kind_of(sqlite3_extended_errcode(db->handle)), "database: %s",
                   sqlite3_errmsg(db->handle));
}

/* ---- Connections ---- */

/* FULL: a commit is on the disk when it returns. Without it WAL may lose the last ones at a power
 * cut, and a submission that was acknowledged must not be lost. */
static const char WRITER_SETUP[] = "PRAGMA journal_mode = WAL;"
                                   "PRAGMA synchronous = FULL;"
                                   "PRAGMA foreign_keys = ON;"
                                   "PRAGMA trusted_schema = OFF;"
                                   "PRAGMA journal_size_limit = 67108864;";
static const char READER_SETUP[] = "PRAGMA query_only = ON;"
                                   "PRAGMA trusted_schema = OFF;";

static enum err_code open_handle(struct db *db, const char *path, enum db_use use, struct err *why)
{
    /* One thread at a time: SQLite's own mutex would only cost. */
    const int flags =
        SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
        (use == DB_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
    if (sqlite3_open_v2(path, &db->handle, flags, NULL) != SQLITE_OK)
        return db->handle == NULL ? err_set(why, ERR_NOMEM, "no memory for a database connection")
                                  : fail(db, why);
    sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
    const char *setup = use == DB_WRITE ? WRITER_SETUP : READER_SETUP;
    if (sqlite3_exec(db->handle, setup, NULL, NULL, NULL) != SQLITE_OK)
        return fail(db, why);
    return OK;
}

enum err_code db_open(const char *path, enum db_use use, struct db **ret, struct err *why)
{
    struct db *db = calloc(1, sizeof *db);
    if (db == NULL)
        return err_set(why, ERR_NOMEM, "no memory for a database connection");
    const enum err_code rc = open_handle(db, path, use, why);
    if (rc != OK) {
        db_close(db);
        return err_wrap(why, rc, "%s", path);
    }
    *ret = db;
    return OK;
}

void db_close(struct db *db)
{
    if (db == NULL)
        return;
    for (size_t i = 0; i < DB_STATEMENTS; i++)
        sqlite3_finalize(db->cache[i].statement);
    const int rc = sqlite3_close(db->handle);
    assert(rc == SQLITE_OK); /* else a statement outside the cache was left open */
    (void)rc;
    free(db);
}

/* ---- Statements ---- */

static enum err_code find_statement(struct db *db, const char *sql, sqlite3_stmt **ret,
                                    struct err *why)
{
    size_t i = ((uintptr_t)sql >> 3) % DB_STATEMENTS;
    for (size_t tries = 0; db->cache[i].sql != sql && db->cache[i].sql != NULL; tries++) {
        assert(tries < DB_STATEMENTS);
        i = (i + 1) % DB_STATEMENTS;
    }
    if (db->cache[i].sql == NULL) {
        if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
                               &db->cache[i].statement, NULL) != SQLITE_OK)
            return err_wrap(why, fail(db, why), "preparing %.60s", sql);
        db->cache[i].sql = sql;
    }
    *ret = db->cache[i].statement;
    assert(!sqlite3_stmt_busy(*ret)); /* a query inside its own rows */
    return OK;
}

struct param param_text(const char *text)
{
    if (text == NULL)
        return (struct param){.kind = PARAM_NULL};
    return (struct param){.kind = PARAM_TEXT, .bytes = text, .size = strlen(text)};
}

static int bind(sqlite3_stmt *statement, int at, const struct param *p)
{
    /* A blob of no bytes is still a blob; a NULL pointer would bind as NULL. */
    const void *bytes = p->bytes != NULL ? p->bytes : "";
    switch (p->kind) {
    case PARAM_NULL:
        return sqlite3_bind_null(statement, at);
    case PARAM_TEXT:
        return sqlite3_bind_text64(statement, at, bytes, p->size, SQLITE_STATIC, SQLITE_UTF8);
    case PARAM_BLOB:
        return sqlite3_bind_blob64(statement, at, bytes, p->size, SQLITE_STATIC);
    case PARAM_INT:
        return sqlite3_bind_int64(statement, at, p->integer);
    case PARAM_REAL:
        return sqlite3_bind_double(statement, at, p->real);
    }
    return SQLITE_MISUSE;
}

enum err_code db_query(struct db *db, const char *sql, struct params params, struct rows *ret,
                       struct err *why)
{
    *ret = (struct rows){.db = db};
    sqlite3_stmt *statement = NULL;
    const enum err_code rc = find_statement(db, sql, &statement, why);
    if (rc != OK)
        return rc;
    assert((size_t)sqlite3_bind_parameter_count(statement) == params.count);
    ret->statement = statement;
    for (size_t i = 0; i < params.count; i++)
        if (bind(statement, (int)i + 1, &params.items[i]) != SQLITE_OK)
            return fail(db, why);
    return OK;
}

enum err_code rows_next(struct rows *rows, struct err *why)
{
    const int rc = sqlite3_step(rows->statement);
    if (rc == SQLITE_ROW)
        return OK;
    return rc == SQLITE_DONE ? ERR_NOT_FOUND : fail(rows->db, why);
}

static void release(struct rows *rows)
{
    if (rows->statement == NULL)
        return;
    sqlite3_reset(rows->statement);
    sqlite3_clear_bindings(rows->statement);
    rows->statement = NULL;
}

enum err_code rows_end(struct rows *rows, enum err_code rc, struct err *why)
{
    release(rows);
    if (rc != OK && rc != ERR_NOT_FOUND)
        return rc;
    return rows->full ? err_set(why, ERR_NOMEM, "no memory for what the database holds") : OK;
}

enum err_code rows_end_one(struct rows *rows, enum err_code rc, const char *what, const char *name,
                           struct err *why)
{
    if (rc == ERR_NOT_FOUND) {
        release(rows);
        return err_set(why, ERR_NOT_FOUND, "no %s %.100s", what, name);
    }
    return rows_end(rows, rc, why);
}

enum err_code db_run(struct db *db, const char *sql, struct params params, struct err *why)
{
    struct rows rows;
    enum err_code rc = db_query(db, sql, params, &rows, why);
    if (rc == OK) {
        int step;
        do
            step = sqlite3_step(rows.statement);
        while (step == SQLITE_ROW);
        if (step != SQLITE_DONE)
            rc = fail(db, why);
    }
    release(&rows);
    return rc;
}

int64_t db_changes(const struct db *db)
{
    return sqlite3_changes64(db->handle);
}

/* ---- Values ---- */

const char *row_text(struct rows *rows, int column, struct arena *a)
{
    const char *text = (const char *)sqlite3_column_text(rows->statement, column);
    if (text == NULL)
        return NULL;
    const char *copy =
        arena_strndup(a, text, (size_t)sqlite3_column_bytes(rows->statement, column));
    rows->full |= copy == NULL;
    return copy;
}

const void *row_blob(struct rows *rows, int column, struct arena *a, size_t *ret_size)
{
    const void *bytes = sqlite3_column_blob(rows->statement, column);
    const size_t size = (size_t)sqlite3_column_bytes(rows->statement, column);
    char *copy = arena_alloc(a, size + 1);
    rows->full |= copy == NULL;
    if (copy == NULL)
        return NULL;
    if (size != 0)
        memcpy(copy, bytes, size);
    *ret_size = size;
    return copy;
}

void row_copy(struct rows *rows, int column, void *ret, size_t size)
{
    const void *bytes = sqlite3_column_blob(rows->statement, column);
    if (bytes != NULL && (size_t)sqlite3_column_bytes(rows->statement, column) == size)
        memcpy(ret, bytes, size);
}

int64_t row_int(const struct rows *rows, int column)
{
    return sqlite3_column_int64(rows->statement, column);
}

double row_real(const struct rows *rows, int column)
{
    return sqlite3_column_double(rows->statement, column);
}

void *list_add(struct list *list, size_t size, struct arena *a, struct rows *rows)
{
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        void *grown = arena_array(a, capacity, size);
        rows->full |= grown == NULL;
        if (grown == NULL)
            return NULL;
        if (list->count != 0)
            memcpy(grown, list->items, list->count * size);
        list->items = grown;
        list->capacity = capacity;
    }
    return (char *)list->items + list->count++ * size;
}
