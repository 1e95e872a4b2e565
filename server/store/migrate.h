/* The schema's history, built into the program from migrations/ by embed_migrations.cmake. */
#pragma once

#include "server/store/db.h"

struct migration {
    const char *name; /* "0001-accounts.sql" */
    const char *sql;
};
extern const struct migration migrations[]; /* migrations[i] leads to version i + 1 */
extern const int migrations_count;

MUST_CHECK enum err_code migrate_version(struct db *db, int *ret, struct err *why);

/* From whatever version the file has to `version`, which is not older; each step is one
 * transaction. ERR_CONFLICT: the file is newer than this program knows. */
MUST_CHECK enum err_code migrate_to(struct db *db, int version, struct err *why);
