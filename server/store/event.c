#include "server/store/event.h"

#include "server/store/inside.h"

enum err_code event_list(struct store *s, const char *submission, int64_t after, struct arena *a,
                         struct event **ret, size_t *ret_count, struct err *why)
{
    struct db *db = store_reader(s);
    struct rows rows;
    struct list list = {0};
    enum err_code rc = db_query(
        db, "SELECT seq, name, json FROM event WHERE submission = ? AND seq > ? ORDER BY seq",
        PARAMS(TEXT(submission), INT(after)), &rows, why);
    while (rc == OK && (rc = rows_next(&rows, why)) == OK) {
        struct event *e = list_add(&list, sizeof *e, a, &rows);
        if (e == NULL)
            break;
        e->seq = row_int(&rows, 0);
        e->name = row_text(&rows, 1, a);
        e->json = row_text(&rows, 2, a);
    }
    rc = rows_end(&rows, rc, why);
    store_reader_done(s, db);
    if (rc != OK)
        return rc;
    *ret = list.items;
    *ret_count = list.count;
    return OK;
}
