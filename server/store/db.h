/* One SQLite connection, used by one thread at a time; the rest of the store's inside builds on it.
 *
 *     rc = db_run(db, "DELETE FROM session WHERE hash = ?", PARAMS(BLOB(hash, 32)), why);
 *
 *     struct rows rows;
 *     rc = db_query(db, "SELECT id, name FROM cohort WHERE name = ?", PARAMS(TEXT(name)), &rows,
 * why); while (rc == OK && (rc = rows_next(&rows, why)) == OK) use(row_text(&rows, 0, arena), ...);
 *     rc = rows_end(&rows, rc, why);       OK when the rows came to their end
 *
 * SQL texts are literals: a statement is prepared once per connection and found again by the
 * address of its text. */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum { DB_STATEMENTS = 256 }; /* different texts on one connection, at most; a power of two */
struct db {
    sqlite3 *handle;
    struct {
        const char *sql;
        sqlite3_stmt *statement;
    } cache[DB_STATEMENTS];
};

enum db_use { DB_WRITE, DB_READ };

/* DB_WRITE makes the file when there is none, in WAL mode; DB_READ wants one. */
MUST_CHECK enum err_code db_open(const char *path, enum db_use use, struct db **ret,
                                 struct err *why);
void db_close(struct db *db); /* NULL is fine */

struct param {
    enum { PARAM_NULL, PARAM_TEXT, PARAM_BLOB, PARAM_INT, PARAM_REAL } kind;
    const void *bytes; /* borrowed until the call or the rows end */
    size_t size;
    int64_t integer;
    double real;
};
struct params {
    const struct param *items;
    size_t count;
};
struct param param_text(const char *text); /* NULL: SQL's NULL */
#define TEXT(x)    param_text(x)
#define BLOB(p, n) ((struct param){.kind = PARAM_BLOB, .bytes = (p), .size = (n)})
#define INT(x)     ((struct param){.kind = PARAM_INT, .integer = (x)})
#define REAL(x)    ((struct param){.kind = PARAM_REAL, .real = (x)})
/* clang-format off */
#define PARAMS(...) ((struct params){(const struct param[]){__VA_ARGS__}, \
                     sizeof((const struct param[]){__VA_ARGS__}) / sizeof(struct param)})
/* clang-format on */
#define NO_PARAMS ((struct params){NULL, 0})

/* Runs a statement for what it does; rows it may give are not looked at.
 * ERR_CONFLICT: something would be there twice. ERR_NOT_FOUND: what it refers to is not there.
 * ERR_INVALID: another constraint. ERR_BUSY, ERR_NOMEM, ERR_IO. */
MUST_CHECK enum err_code db_run(struct db *db, const char *sql, struct params params,
                                struct err *why);

/* How many rows the last db_run inserted, changed or deleted. */
int64_t db_changes(const struct db *db);

struct rows {
    struct db *db;
    sqlite3_stmt *statement;
    bool full; /* an arena had no room for a value */
};

MUST_CHECK enum err_code db_query(struct db *db, const char *sql, struct params params,
                                  struct rows *ret, struct err *why);
/* OK: a row is there. ERR_NOT_FOUND: there are no more. */
MUST_CHECK enum err_code rows_next(struct rows *rows, struct err *why);
/* Must follow every db_query, also a failed one. Gives rc back, ERR_NOT_FOUND from rows_next as OK;
 * or ERR_NOMEM when an arena was full. */
MUST_CHECK enum err_code rows_end(struct rows *rows, enum err_code rc, struct err *why);
/* The same for a single row that ought to exist: ERR_NOT_FOUND stays, told as "no WHAT NAME". */
MUST_CHECK enum err_code rows_end_one(struct rows *rows, enum err_code rc, const char *what,
                                      const char *name, struct err *why);

const char *row_text(struct rows *rows, int column, struct arena *a); /* NULL for SQL's NULL */
const void *row_blob(struct rows *rows, int column, struct arena *a, size_t *ret_size);
/* Exactly `size` bytes into `ret`, or none are written. A text's NUL is not counted. */
void row_copy(struct rows *rows, int column, void *ret, size_t size);
int64_t row_int(const struct rows *rows, int column); /* 0 for NULL */
double row_real(const struct rows *rows, int column);

/* A list in an arena that grows as rows come. */
struct list {
    void *items;
    size_t count, capacity;
};
/* Room for one more of `size` bytes, zeroed; NULL: the arena is full, which `rows` remembers. */
void *list_add(struct list *list, size_t size, struct arena *a, struct rows *rows);
