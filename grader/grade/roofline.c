#include "grader/grade/roofline.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/str.h"
#include "grader/report/json_out.h"

enum { ROOFLINE_VERSION = 1, FILE_MAX = 64 * 1024, HOST_MAX = 4096, PATH_ROOM = 4096 };

/* ---- whose it is ---- */

/* "NAME\t: VALUE" of the first processor; they are all alike where it matters. */
static void add_cpuinfo(struct str *key, const char *name)
{
    FILE *f = fopen("/proc/cpuinfo", "re");
    char line[512];
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, name, strlen(name)) == 0) {
            str_add_bytes(key, line, strcspn(line, "\n"));
            break;
        }
    if (f != NULL)
        fclose(f);
    str_add_char(key, '|');
}

void roofline_host(struct str *key)
{
    char boot[64] = "";
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (f != NULL && fgets(boot, sizeof boot, f) == NULL)
        boot[0] = '\0';
    if (f != NULL)
        fclose(f);
    add_cpuinfo(key, "model name");
    add_cpuinfo(key, "CPU part"); /* what Arm has in its place */
    add_cpuinfo(key, "microcode");
    str_add_bytes(key, boot, strcspn(boot, "\n"));
}

/* One file a host name, so that the nodes of a cluster can share a cache. */
static void file_name(char *ret, size_t size)
{
    struct utsname host;
    if (uname(&host) != 0)
        host.nodename[0] = '\0';
    for (char *c = host.nodename; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c))
            *c = '-';
    snprintf(ret, size, "host-%.64s.json", host.nodename);
}

/* ---- the file ---- */

static void write_json(const char *host, const struct roofline *r, struct str *out)
{
    struct json_out j = {.out = out};
    json_open(&j, NULL, '{');
    json_int(&j, "version", ROOFLINE_VERSION);
    json_text(&j, "host", host);
    json_number(&j, "peak_gflops", r->peak_gflops);
    json_open(&j, "levels", '[');
    for (size_t i = 0; i < r->n_levels; i++) {
        json_open(&j, NULL, '{');
        json_text(&j, "name", r->levels[i].name);
        json_number(&j, "bytes", r->levels[i].bytes); /* no JSON for infinity: 0 */
        json_number(&j, "gbs", r->levels[i].gbs);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
}

/* The report keeps the name for as long as it lives, so it is ours and not the file's. */
static const char *level_name(const json_t *name)
{
    static const char *const names[] = {"L1", "L2", "L3", "memory"};
    const char *text = json_string_value(name);
    for (size_t i = 0; text != NULL && i < sizeof names / sizeof names[0]; i++)
        if (strcmp(text, names[i]) == 0)
            return names[i];
    return NULL;
}

static bool is_rate(double value)
{
    return value > 0.01 && value < 1e6;
}

static bool read_level(const json_t *json, bool last, struct roofline_level *ret)
{
    const double bytes = json_number_value(json_object_get(json, "bytes"));
    *ret =
        (struct roofline_level){level_name(json_object_get(json, "name")), last ? INFINITY : bytes,
                                json_number_value(json_object_get(json, "gbs"))};
    return ret->name != NULL && is_rate(ret->gbs) && (last || bytes > 0);
}

static bool read_json(const json_t *root, const char *host, struct roofline *ret)
{
    const char *whose = json_string_value(json_object_get(root, "host"));
    const json_t *levels = json_object_get(root, "levels");
    struct roofline r = {.peak_gflops = json_number_value(json_object_get(root, "peak_gflops")),
                         .n_levels = json_array_size(levels)};
    if (json_integer_value(json_object_get(root, "version")) != ROOFLINE_VERSION || whose == NULL ||
        strcmp(whose, host) != 0 || !is_rate(r.peak_gflops) || r.n_levels < 1 ||
        r.n_levels > ROOFLINE_LEVELS)
        return false;
    for (size_t i = 0; i < r.n_levels; i++)
        if (!read_level(json_array_get(levels, i), i + 1 == r.n_levels, &r.levels[i]) ||
            (i > 0 && r.levels[i].bytes < r.levels[i - 1].bytes))
            return false;
    *ret = r;
    return true;
}

enum err_code roofline_load(const char *cache_dir, const char *host, struct roofline *ret,
                            struct err *why)
{
    char path[PATH_ROOM], name[96];
    struct arena a;
    char *text;
    size_t size;
    file_name(name, sizeof name);
    snprintf(path, sizeof path, "%s/roofline/%s", cache_dir, name);
    arena_init(&a, 2 * FILE_MAX);
    const enum err_code rc = file_read(AT_FDCWD, path, FILE_MAX, &a, &text, &size, why);
    json_t *root = rc == OK ? json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const bool good = root != NULL && read_json(root, host, ret);
    json_decref(root);
    arena_done(&a);
    return good ? OK : err_set(why, ERR_NOT_FOUND, "%s is not of this host since its boot", path);
}

enum err_code roofline_save(const char *cache_dir, const char *host, const struct roofline *r,
                            struct err *why)
{
    char path[PATH_ROOM], name[96];
    struct str text;
    snprintf(path, sizeof path, "%s/roofline", cache_dir);
    enum err_code rc = file_make_dirs(path, why);
    if (rc != OK)
        return rc;
    const int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return err_sys(why, ERR_IO, errno, "%s", path);
    str_init(&text, FILE_MAX);
    write_json(host, r, &text);
    file_name(name, sizeof name);
    rc = file_replace(dir, name, text.text, text.length, why);
    str_done(&text);
    close(dir);
    return rc;
}

enum err_code roofline_find(const char *cache_dir, struct roofline *ret, struct err *why)
{
    struct str host;
    str_init(&host, HOST_MAX);
    roofline_host(&host);
    enum err_code rc = ERR_NOT_FOUND;
    if (cache_dir != NULL)
        rc = roofline_load(cache_dir, host.text, ret, NULL);
    if (rc != OK) {
        rc = roofline_measure(ret, why);
        if (rc == OK && cache_dir != NULL)
            (void)!roofline_save(cache_dir, host.text, ret, NULL); /* the next one measures again */
    }
    str_done(&host);
    return rc;
}

/* ---- where a call stands ---- */

static const struct roofline_level *level_of(const struct roofline *r, double bytes)
{
    size_t i = 0;
    while (i + 1 < r->n_levels && bytes > r->levels[i].bytes)
        i++;
    return &r->levels[i];
}

void roofline_place(const struct roofline *r, double seconds, struct report_performance *p)
{
    double by_memory = 0, by_compute = 0; /* seconds that a call takes at least */
    p->peak_gflops = r->peak_gflops;
    if (p->bytes > 0) {
        const struct roofline_level *level = level_of(r, p->bytes);
        p->level = level->name;
        p->bandwidth_gbs = level->gbs;
        by_memory = p->bytes / level->gbs * 1e-9;
    }
    if (p->flops > 0)
        by_compute = p->flops / r->peak_gflops * 1e-9;
    p->attained = fmax(by_memory, by_compute) / seconds;
    if (p->bytes <= 0 || p->flops <= 0)
        return;
    p->intensity = p->flops / p->bytes;
    p->bound = by_memory >= by_compute ? "memory" : "compute";
}
