#include "server/store/migrate.h"

#include <assert.h>
#include <stdio.h>

#include "server/store/store.h"

enum err_code migrate_version(struct db *db, int *ret, struct err *why)
{
    struct rows rows;
    enum err_code rc = db_query(db, "PRAGMA user_version", NO_PARAMS, &rows, why);
    if (rc == OK)
        rc = rows_next(&rows, why);
    const int version = rc == OK ? (int)row_int(&rows, 0) : 0;
    rc = rows_end(&rows, rc, why);
    if (rc == OK)
        *ret = version;
    return rc;
}

static enum err_code exec(struct db *db, const char *sql, struct err *why)
{
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
        return OK;
    return err_set(why, ERR_IO, "%s", sqlite3_errmsg(db->handle));
}

/* Inside its transaction: the step itself, unless another process was faster. */
static enum err_code step(struct db *db, int version, struct err *why)
{
    int now = 0;
    enum err_code rc = migrate_version(db, &now, why);
    if (rc != OK || now >= version)
        return rc;
    if ((rc = exec(db, migrations[version - 1].sql, why)) != OK)
        return rc;
    char set_version[64];
    snprintf(set_version, sizeof set_version, "PRAGMA user_version = %d", version);
    return exec(db, set_version, why);
}

static enum err_code migrate_one(struct db *db, int version, struct err *why)
{
    enum err_code rc = exec(db, "BEGIN IMMEDIATE", why);
    if (rc == OK && (rc = step(db, version, why)) == OK)
        rc = exec(db, "COMMIT", why);
    if (rc == OK)
        return OK;
    if (!sqlite3_get_autocommit(db->handle))
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    return err_wrap(why, rc, "migration %s", migrations[version - 1].name);
}

enum err_code migrate_to(struct db *db, int version, struct err *why)
{
    assert(version <= migrations_count);
    int now = 0;
    enum err_code rc = migrate_version(db, &now, why);
    if (rc == OK && now > migrations_count)
        return err_set(why, ERR_CONFLICT,
                       "the database has schema %d, this program knows up to %d: run a newer one",
                       now, migrations_count);
    for (int next = now + 1; rc == OK && next <= version; next++)
        rc = migrate_one(db, next, why);
    return rc;
}

enum err_code store_migrate(const char *path, int *ret_from, int *ret_to, struct err *why)
{
    struct db *db = NULL;
    int from = 0;
    enum err_code rc = db_open(path, DB_WRITE, &db, why);
    if (rc == OK)
        rc = migrate_version(db, &from, why);
    if (rc == OK)
        rc = migrate_to(db, migrations_count, why);
    db_close(db);
    if (rc != OK)
        return rc;
    if (ret_from != NULL)
        *ret_from = from;
    if (ret_to != NULL)
        *ret_to = migrations_count;
    return OK;
}
