#include "server/store/lab.h"

#include <string.h>

#include "server/store/inside.h"

struct lab_row {
    const char *id, *title;
};

static enum err_code put(struct db *db, void *arg, struct err *why)
{
    const struct lab_row *lab = arg;
    return db_run(db,
                  "INSERT INTO lab (id, title) VALUES (?, ?)"
                  " ON CONFLICT (id) DO UPDATE SET title = excluded.title",
                  PARAMS(TEXT(lab->id), TEXT(lab->title)), why);
}

static enum err_code is_there(struct store *s, const struct lab_row *lab, bool *ret,
                              struct err *why)
{
    struct db *db = store_reader(s);
    struct rows rows;
    enum err_code rc = db_query(db, "SELECT 1 FROM lab WHERE id = ? AND title = ?",
                                PARAMS(TEXT(lab->id), TEXT(lab->title)), &rows, why);
    if (rc == OK)
        rc = rows_next(&rows, why);
    *ret = rc == OK;
    rc = rows_end(&rows, rc, why);
    store_reader_done(s, db);
    return rc;
}

enum err_code lab_put(struct store *s, const char *id, const char *title, struct err *why)
{
    if (*id == '\0' || strlen(id) > LAB_ID_MAX)
        return err_set(why, ERR_INVALID, "lab id has %zu bytes: expected 1 to %d", strlen(id),
                       LAB_ID_MAX);
    enum err_code rc = check_name("lab title", title, why);
    struct lab_row lab = {id, title};
    bool there = false;
    if (rc == OK)
        rc = is_there(s, &lab, &there, why);
    /* A start finds all labs as they were: that should not cost an fsync each. */
    return rc != OK || there ? rc : store_write(s, put, &lab, why);
}
