/* migrate, backup, rebuild: what an operator does with the database. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "server/admin/command.h"
#include "server/store/store.h"

enum err_code command_migrate(const struct options *o, struct err *why)
{
    int lock = -1, from = 0, to = 0;
    enum err_code rc = data_lock(o->data, &lock, why);
    if (rc != OK)
        return rc;
    rc = data_migrate(o->data, &from, &to, why);
    close(lock);
    if (rc != OK)
        return rc;
    if (from == to)
        printf("schema %d, nothing to do\n", to);
    else
        printf("schema %d -> %d\n", from, to);
    return OK;
}

enum err_code command_backup(const struct options *o, struct err *why)
{
    struct store *store = NULL;
    enum err_code rc = data_open_store(o->data, &store, why);
    if (rc == OK)
        rc = store_backup(store, o->rest[0], why);
    store_close(store);
    if (rc == OK)
        printf("%s: copied and checked\n", o->rest[0]);
    return rc;
}

enum err_code command_rebuild(const struct options *o, struct err *why)
{
    struct store *store = NULL;
    int64_t changed = 0;
    enum err_code rc = data_open_store(o->data, &store, why);
    if (rc == OK)
        rc = store_rebuild(store, &changed, why);
    store_close(store);
    if (rc == OK)
        printf("scores computed anew; %" PRId64 " were wrong\n", changed);
    return rc;
}
