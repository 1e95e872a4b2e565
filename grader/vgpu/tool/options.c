#include "grader/vgpu/tool/options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "grader/vgpu/device/profile.h"

enum { WORKERS_MAX = 256, DESCRIPTORS = 1 << 20 };
#define GIB (UINT64_C(1) << 30)
/* For programs of one's own there is no budget but patience. */
#define NO_BOUND (UINT64_C(1) << 60)
enum { A_DAY_MS = 86400000 };

struct number {
    const char *name;
    uint64_t min, max;
    uint64_t *ret;
};

static int complain(const struct err *why)
{
    fprintf(stderr, "vgpu: %s\n", why->text);
    return -1;
}

static bool read_flag(struct options *o, const char *word)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {{"--check", &o->check},
                 {"--profile", &o->cost},
                 {"--lines", &o->lines},
                 {"--json", &o->json}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (strcmp(word, flags[i].name) == 0)
            return *flags[i].flag = true;
    return false;
}

static void set_defaults(struct options *o)
{
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    *o = (struct options){.profile = "a100/8", .data = -1, .memory = -1, .control = -1};
    o->config = (struct machine_config){
        .n_devices = 1,
        .resident = 8 * GIB,
        .shared = 8 * GIB,
        .memory_fd = -1,
        .workers = cpus > 0 && cpus <= WORKERS_MAX ? (int)cpus : 1,
        .isa = vg_isa_best(),
        .launch = {.warp_instructions = NO_BOUND, .wall_ms = A_DAY_MS, .output_bytes = 64 << 20},
        .launches = NO_BOUND,
        .printed_bytes = 256 << 20,
        .allowed = ACT_ALL,
        .checks_at_once = true,
    };
}

int options_read(struct options *o, int argc, char **argv)
{
    set_defaults(o);
    uint64_t devices = 1, workers = (uint64_t)o->config.workers, data = UINT64_MAX;
    uint64_t memory = UINT64_MAX, control = UINT64_MAX, wall = A_DAY_MS, resident_mib = 8192;
    const struct number numbers[] = {
        {"--devices", 1, VG_DEVICES, &devices},
        {"--workers", 1, WORKERS_MAX, &workers},
        {"--order", 0, UINT64_MAX, &o->config.order},
        {"--data", 3, DESCRIPTORS, &data},
        {"--memory", 3, DESCRIPTORS, &memory},
        {"--control", 3, DESCRIPTORS, &control},
        {"--launches", 0, NO_BOUND, &o->config.launches},
        {"--launch-ms", 1, A_DAY_MS, &wall},
        {"--launch-instructions", 1, NO_BOUND, &o->config.launch.warp_instructions},
        {"--resident-mib", 1, 64 << 10, &resident_mib},
    };
    struct err why;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (read_flag(o, argv[i]))
            continue;
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        size_t k = 0;
        while (k < sizeof numbers / sizeof *numbers && strcmp(numbers[k].name, argv[i]) != 0)
            k++;
        if (strcmp(argv[i], "--device") == 0)
            o->profile = value;
        else if (k == sizeof numbers / sizeof *numbers) {
            err_set(&why, ERR_INVALID, "no option %s", argv[i]);
            return complain(&why);
        } else if (parse_u64(value, argv[i], numbers[k].min, numbers[k].max, numbers[k].ret,
                             &why) != OK)
            return complain(&why);
        i++;
    }
    if (profile_find(o->profile, &o->config.profile, &why) != OK)
        return complain(&why);
    o->config.n_devices = (int)devices;
    o->config.workers = (int)workers;
    o->config.launch.wall_ms = (int64_t)wall;
    o->config.resident = resident_mib << 20;
    o->data = data == UINT64_MAX ? -1 : (int)data;
    o->memory = memory == UINT64_MAX ? -1 : (int)memory;
    o->control = control == UINT64_MAX ? -1 : (int)control;
    return i;
}

static enum err_code add_tool(struct tools *t, const char *option, const char *profile,
                              enum err_code (*make)(const char *, struct vg_tool *, struct err *),
                              struct err *why)
{
    if (!make)
        return err_set(why, ERR_UNSUPPORTED, "this vgpu was built without what %s needs", option);
    const enum err_code rc = make(profile, &t->list[t->n], why);
    t->n += rc == OK;
    return rc;
}

enum err_code options_watch(const struct options *o, struct machine *m, struct tools *ret,
                            struct err *why)
{
    enum err_code rc = OK;
    ret->n = 0;
    if (o->check)
        rc = add_tool(ret, "--check", o->profile, vg_check_tool, why);
    if (rc == OK && o->cost)
        rc = add_tool(ret, "--profile", o->profile, vg_cost_tool, why);
    for (size_t i = 0; rc == OK && i < ret->n; i++) {
        m->watchers[i] = ret->list[i].watcher;
        m->observers[i] = ret->list[i].observer;
        if (ret->list[i].clock)
            m->clock = *ret->list[i].clock;
        if (ret->list[i].alone)
            m->config.workers = 1;
    }
    for (int d = 0; rc == OK && d < m->config.n_devices; d++)
        MACHINE_OBSERVE(m, stream_made, (uint32_t)d, d, true, true);
    return rc;
}

size_t tools_report(const struct tools *t, const struct options *o)
{
    size_t findings = 0;
    for (size_t i = 0; i < t->n; i++)
        if (t->list[i].report)
            findings += t->list[i].report(t->list[i].context, stderr, o->lines, o->json);
    return findings;
}

void tools_done(struct tools *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->list[i].done)
            t->list[i].done(t->list[i].context);
    t->n = 0;
}
