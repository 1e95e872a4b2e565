/* Copies and rebuilding: what an operator does with the whole file. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/store/inside.h"

/* One value of a pragma that says "ok" when all is well, or the first complaint. */
static enum err_code check(struct db *db, const char *sql, bool rows_are_complaints,
                           struct err *why)
{
    struct rows rows;
    enum err_code rc = db_query(db, sql, NO_PARAMS, &rows, why);
    if (rc == OK && (rc = rows_next(&rows, why)) == OK) {
        struct arena a;
        arena_init(&a, 65536);
        const char *said = row_text(&rows, 0, &a);
        if (rows_are_complaints || said == NULL || strcmp(said, "ok") != 0)
            rc = err_set(why, ERR_IO, "%s says %s", sql, said != NULL ? said : "nothing");
        arena_done(&a);
    }
    return rows_end(&rows, rc, why);
}

static enum err_code copy(struct db *from, struct db *to, struct err *why)
{
    sqlite3_backup *b = sqlite3_backup_init(to->handle, "main", from->handle, "main");
    if (b == NULL)
        return err_set(why, ERR_IO, "%s", sqlite3_errmsg(to->handle));
    /* All pages in one step, inside one read transaction: writers go on and the copy is of one
     * moment. In steps it would begin again after every commit. */
    const int rc = sqlite3_backup_step(b, -1);
    sqlite3_backup_finish(b);
    return rc == SQLITE_DONE ? OK : err_set(why, ERR_IO, "copying: %s", sqlite3_errstr(rc));
}

static enum err_code copy_to_file(struct db *from, const char *path, struct err *why)
{
    struct db *to = NULL;
    enum err_code rc = db_open(path, DB_WRITE, &to, why);
    if (rc == OK)
        rc = copy(from, to, why);
    if (rc == OK)
        rc = check(to, "PRAGMA integrity_check", false, why);
    if (rc == OK)
        rc = check(to, "PRAGMA foreign_key_check", true, why);
    if (rc == OK) /* a copy is one file, with no WAL beside it */
        rc = db_run(to, "PRAGMA journal_mode = DELETE", NO_PARAMS, why);
    db_close(to);
    return rc;
}

/* Gives the checked copy its name unless that is taken, and sees both on the disk. */
static enum err_code publish(const char *temporary, const char *path, struct err *why)
{
    const int fd = open(temporary, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        const int failed = errno;
        if (fd >= 0)
            close(fd);
        return err_sys(why, ERR_IO, failed, "%s", temporary);
    }
    close(fd);
    if (link(temporary, path) != 0)
        return err_sys(why, errno == EEXIST ? ERR_CONFLICT : ERR_IO, errno, "%s", path);
    char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const int length = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);
    snprintf(parent, sizeof parent, "%.*s", length, slash == NULL ? "." : path);
    const int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || fsync(dir) != 0) {
        const int failed = errno;
        if (dir >= 0)
            close(dir);
        return err_sys(why, ERR_IO, failed, "%s", parent);
    }
    close(dir);
    return OK;
}

enum err_code store_backup(struct store *s, const char *path, struct err *why)
{
    char temporary[PATH_MAX];
    if ((size_t)snprintf(temporary, sizeof temporary, "%s.tmp", path) >= sizeof temporary)
        return err_set(why, ERR_RANGE, "the path %.60s... is too long", path);
    if (access(path, F_OK) == 0)
        return err_set(why, ERR_CONFLICT, "%s exists already", path);
    unlink(temporary);
    struct db *from = store_reader(s);
    enum err_code rc = copy_to_file(from, temporary, why);
    store_reader_done(s, from);
    if (rc == OK)
        rc = publish(temporary, path, why);
    unlink(temporary);
    return rc;
}

/* ---- Rebuilding ---- */

static enum err_code count_wrong(struct db *db, int64_t *ret, struct err *why)
{
    static const char sql[] =
        "SELECT (SELECT count(*) FROM (SELECT * FROM score EXCEPT SELECT * FROM score_derived))"
        " + (SELECT count(*) FROM score_derived AS d WHERE NOT EXISTS"
        "    (SELECT 1 FROM score AS s WHERE s.user = d.user AND s.lab = d.lab))";
    struct rows rows;
    enum err_code rc = db_query(db, sql, NO_PARAMS, &rows, why);
    if (rc == OK && (rc = rows_next(&rows, why)) == OK)
        *ret = row_int(&rows, 0);
    return rows_end(&rows, rc, why);
}

static enum err_code rebuild(struct db *db, void *arg, struct err *why)
{
    enum err_code rc = count_wrong(db, arg, why);
    if (rc == OK)
        rc = db_run(db, "DELETE FROM score", NO_PARAMS, why);
    if (rc == OK)
        rc = db_run(db, "INSERT INTO score SELECT * FROM score_derived", NO_PARAMS, why);
    return rc;
}

enum err_code store_rebuild(struct store *s, int64_t *ret_changed, struct err *why)
{
    int64_t changed = 0;
    const enum err_code rc = store_write(s, rebuild, &changed, why);
    if (rc == OK && ret_changed != NULL)
        *ret_changed = changed;
    return rc;
}
