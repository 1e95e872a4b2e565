#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

#include "sandbox/cell_inside.h"

static enum err_code check_limits(const struct cell_limits *l, struct err *why)
{
    const struct {
        const char *name;
        int64_t value, min, max;
    } table[] = {
        {"cpu_ms", l->cpu_ms, 1, 86400000},
        {"wall_ms", l->wall_ms, 1, 86400000},
        {"memory_bytes", l->memory_bytes, 1 << 20, INT64_MAX / 4},
        {"address_bytes", l->address_bytes, 0, INT64_MAX},
        {"stack_bytes", l->stack_bytes, 4096, INT64_MAX},
        {"file_bytes", l->file_bytes, 0, INT64_MAX},
        {"work_bytes", l->work_bytes, 0, INT64_MAX},
        {"output_bytes", l->output_bytes, 0, 1 << 30},
        {"processes", l->processes, 1, 4096},
        {"descriptors", l->descriptors, 3, 65536},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].value < table[i].min || table[i].value > table[i].max)
            return err_set(why, ERR_INVALID, "limit %s is %lld: expected %lld to %lld",
                           table[i].name, (long long)table[i].value, (long long)table[i].min,
                           (long long)table[i].max);
    return OK;
}

static enum err_code check_binds(const struct cell_config *c, struct err *why)
{
    if (c->n_binds > ORDER_MAX_BINDS)
        return err_set(why, ERR_INVALID, "%zu binds: at most %d", c->n_binds, ORDER_MAX_BINDS);
    for (size_t i = 0; i < c->n_binds; i++) {
        if (c->binds[i].host[0] != '/' || c->binds[i].guest[0] != '/')
            return err_set(why, ERR_INVALID, "bind %s on %s: expected absolute paths",
                           c->binds[i].host, c->binds[i].guest);
        struct stat st;
        if (stat(c->binds[i].host, &st) != 0)
            return err_sys(why, ERR_NOT_FOUND, errno, "bind %s", c->binds[i].host);
    }
    return OK;
}

static enum err_code check_files(const struct cell_config *c, struct err *why)
{
    for (size_t i = 0; i < c->n_files; i++) {
        const char *name = c->files[i].name;
        if (name[0] == '\0' || name[0] == '/' || strstr(name, "..") != NULL)
            return err_set(why, ERR_INVALID, "file '%s': expected a name below the work directory",
                           name);
    }
    if (c->n_fds > ORDER_MAX_FDS)
        return err_set(why, ERR_INVALID, "%zu descriptors: at most %d", c->n_fds, ORDER_MAX_FDS);
    return OK;
}

enum err_code config_check(const struct cell_config *c, struct err *why)
{
    if (c->argv == NULL || c->argv[0] == NULL || c->envp == NULL)
        return err_set(why, ERR_INVALID, "no command or no environment");
    if (c->extras > (CELL_THREADS | CELL_FILES | CELL_SCRATCH | CELL_SOCKETS) ||
        (c->extras != 0 && c->profile == CELL_BUILD))
        return err_set(why, ERR_INVALID, "extras %u: not for this profile", c->extras);
    if (c->image_fd < 0 && c->argv[0][0] != '/')
        return err_set(why, ERR_INVALID, "command '%s': expected an absolute path", c->argv[0]);
    if (c->core >= CPU_SETSIZE)
        return err_set(why, ERR_INVALID, "core %d: expected less than %d", c->core, CPU_SETSIZE);
    enum err_code rc = check_limits(&c->limits, why);
    if (rc == OK)
        rc = check_binds(c, why);
    return rc == OK ? check_files(c, why) : rc;
}
