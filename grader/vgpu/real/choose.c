#include "grader/vgpu/real/choose.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/parse.h"

static const char *const words[] = {"cpu", "vgpu", "cuda", "any"};

enum err_code choose_device_read(const char *text, enum choose_device *ret, struct err *why)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text ? text : "cpu", words[i]) == 0) {
            *ret = (enum choose_device)i;
            return OK;
        }
    return err_set(why, ERR_INVALID, "\"device\" is '%.40s': expected vgpu, cuda or any", text);
}

const char *choose_device_text(enum choose_device d)
{
    return words[d];
}

const char *choice_kind(const struct choice *c)
{
    return words[c->device];
}

/* ---- what the host has ---- */

static bool there(const char *root, const char *path)
{
    char whole[CHOOSE_PATH];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    return access(whole, F_OK) == 0;
}

/* "nvidia7" after "nvidia": 7; -1: another name. */
static int number_after(const char *name, const char *start)
{
    const size_t length = strlen(start);
    int64_t n;
    if (strncmp(name, start, length) != 0 || !isdigit((unsigned char)name[length]) ||
        parse_i64(name + length, "minor", 0, 4095, &n, NULL) != OK)
        return -1;
    return (int)n;
}

static int by_value(const void *a, const void *b)
{
    const int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

/* The numbers of all files named `start`N in a folder, in order. */
static int list_numbers(const char *root, const char *folder, const char *start, int *ret, int room)
{
    char path[CHOOSE_PATH];
    int n = 0;
    snprintf(path, sizeof path, "%s%s", root, folder);
    DIR *dir = opendir(path);
    if (!dir)
        return 0;
    for (const struct dirent *e; n < room && (e = readdir(dir));) {
        const int number = number_after(e->d_name, start);
        if (number >= 0)
            ret[n++] = number;
    }
    closedir(dir);
    qsort(ret, (size_t)n, sizeof *ret, by_value);
    return n;
}

/* The line "Device Minor: 3" of /proc/driver/nvidia/gpus/BUS/information; -1: none. */
static int minor_of(const char *root, const char *bus)
{
    static const char title[] = "Device Minor:";
    char path[CHOOSE_PATH], line[256];
    int minor = -1;
    const int length =
        snprintf(path, sizeof path, "%s/proc/driver/nvidia/gpus/%s/information", root, bus);
    FILE *f = length < (int)sizeof path ? fopen(path, "re") : NULL;
    while (f && fgets(line, sizeof line, f)) {
        if (strncmp(line, title, sizeof title - 1) != 0)
            continue;
        const char *digits = line + sizeof title - 1 + strspn(line + sizeof title - 1, " \t");
        line[strcspn(line, "\n")] = '\0';
        minor = number_after(digits, "");
    }
    if (f)
        fclose(f);
    return minor;
}

static void read_buses(struct choose_nodes *n, const char *root)
{
    char path[CHOOSE_PATH];
    snprintf(path, sizeof path, "%s/proc/driver/nvidia/gpus", root);
    DIR *dir = opendir(path);
    if (!dir)
        return;
    for (const struct dirent *e; (e = readdir(dir));) {
        const int minor = e->d_name[0] == '.' ? -1 : minor_of(root, e->d_name);
        for (int i = 0; i < n->n_gpus; i++)
            if (n->gpus[i].minor == minor)
                snprintf(n->gpus[i].bus, sizeof n->gpus[i].bus, "%.*s", DRIVER_BUS - 1, e->d_name);
    }
    closedir(dir);
}

void choose_nodes_read(struct choose_nodes *ret, const char *root)
{
    int minors[CHOOSE_GPUS];
    *ret = (struct choose_nodes){.control = there(root, "/dev/nvidiactl"),
                                 .uvm = there(root, "/dev/nvidia-uvm"),
                                 .uvm_tools = there(root, "/dev/nvidia-uvm-tools")};
    ret->n_gpus = list_numbers(root, "/dev", "nvidia", minors, CHOOSE_GPUS);
    for (int i = 0; i < ret->n_gpus; i++)
        ret->gpus[i].minor = minors[i];
    ret->n_caps = list_numbers(root, "/dev/nvidia-caps", "nvidia-cap", ret->caps, CHOOSE_CAPS);
    read_buses(ret, root);
}

/* ---- the decision ---- */

static bool is_mig(const struct driver_device *v)
{
    return strstr(v->name, " MIG ") != NULL;
}

static enum err_code check_nodes(const struct choose_nodes *n, const struct driver_device *v,
                                 struct err *why)
{
    if (!n->control || !n->uvm)
        return err_set(why, ERR_NOT_FOUND,
                       "%s: /dev/%s is missing: load the kernel modules (nvidia-modprobe -u -c 0)",
                       v->name, n->control ? "nvidia-uvm" : "nvidiactl");
    if (n->n_gpus == 0)
        return err_set(why, ERR_NOT_FOUND, "%s: no /dev/nvidiaN: run nvidia-modprobe -c 0",
                       v->name);
    if (is_mig(v) && n->n_caps == 0)
        return err_set(why, ERR_NOT_FOUND,
                       "%s: a MIG instance without its files in /dev/nvidia-caps: run "
                       "nvidia-modprobe -f for its capabilities",
                       v->name);
    return OK;
}

/* The first device that will do; else the story of the first that will not. */
static enum err_code find_usable(const struct choose_host *h, int *ret, struct err *why)
{
    struct err first = {.code = ERR_NOT_FOUND};
    if (!h->driver)
        return err_set(why, ERR_NOT_FOUND, "%s", h->driver_why ? h->driver_why : "no CUDA driver");
    for (int i = 0; i < h->driver->n_devices; i++) {
        struct err story;
        enum err_code rc = driver_usable(&h->driver->devices[i], &story);
        if (rc == OK)
            rc = check_nodes(&h->nodes, &h->driver->devices[i], &story);
        if (rc == OK) {
            *ret = i;
            return OK;
        }
        if (first.text[0] == '\0')
            first = story;
    }
    return err_set(why, first.code, "%s", first.text[0] ? first.text : "no device");
}

static void add_node(struct choice *c, const char *start, int number) /* -1: none */
{
    if (c->n_nodes == CHOOSE_PATHS)
        return;
    char *path = c->nodes[c->n_nodes++];
    if (number < 0)
        snprintf(path, CHOOSE_PATH, "%s", start);
    else
        snprintf(path, CHOOSE_PATH, "%s%d", start, number);
}

/* Of the device chosen only, where the bus tells which file is its own; else of all. A lone device
 * file is the device's: containers often hide /proc/driver/nvidia. */
static void list_nodes(struct choice *c, const struct choose_nodes *n,
                       const struct driver_device *v)
{
    int own = -1;
    for (int i = 0; i < n->n_gpus; i++)
        if (n->gpus[i].bus[0] && strcasecmp(n->gpus[i].bus, v->bus) == 0)
            own = i;
    add_node(c, "/dev/nvidiactl", -1);
    add_node(c, "/dev/nvidia-uvm", -1);
    for (int i = 0; i < n->n_gpus; i++)
        if (own < 0 || i == own)
            add_node(c, "/dev/nvidia", n->gpus[i].minor);
    for (int i = 0; is_mig(v) && i < n->n_caps; i++)
        add_node(c, "/dev/nvidia-caps/nvidia-cap", n->caps[i]);
}

/* The driver is a family of files in one folder; the others are found by these names. */
static void list_libraries(struct choice *c, const char *library)
{
    static const char *const family[] = {"libcuda.so.1", "libnvidia-ptxjitcompiler.so.1",
                                         "libnvidia-nvvm.so.4"};
    const char *slash = library ? strrchr(library, '/') : NULL;
    const int folder = slash ? (int)(slash - library) : 0;
    for (size_t i = 0; slash && i < sizeof family / sizeof *family; i++) {
        char *path = c->libraries[c->n_libraries];
        if (snprintf(path, CHOOSE_PATH, "%.*s/%s", folder, library, family[i]) < CHOOSE_PATH)
            c->n_libraries++;
    }
}

static void take_cuda(struct choice *c, const struct choose_host *h, int ordinal)
{
    const struct driver_device *v = &h->driver->devices[ordinal];
    c->device = CHOOSE_CUDA;
    c->ordinal = ordinal;
    snprintf(c->name, sizeof c->name, "%s", v->name);
    list_nodes(c, &h->nodes, v);
    list_libraries(c, h->library);
    if (v->mode == DRIVER_MODE_EXCLUSIVE)
        snprintf(c->note, sizeof c->note,
                 "%s is in exclusive-process mode: one grading at a time, and none while another "
                 "program has it",
                 v->name);
}

static void take_other(struct choice *c, enum choose_device device, const char *name)
{
    c->device = device;
    snprintf(c->name, sizeof c->name, "%s", name);
}

enum err_code choose(enum choose_device lab, enum choose_device cohort,
                     const struct choose_host *host, struct choice *ret, struct err *why)
{
    int ordinal = 0;
    struct err story = {.text = ""};
    const bool scored = lab != CHOOSE_CPU && cohort == CHOOSE_CUDA;
    *ret = (struct choice){.device = CHOOSE_CPU, .score_virtual = lab != CHOOSE_CPU && !scored};
    if (lab == CHOOSE_CPU || (lab == CHOOSE_VGPU && !scored)) {
        take_other(ret, lab, lab == CHOOSE_CPU ? host->cpu : host->profile);
        return OK;
    }
    const enum err_code rc = find_usable(host, &ordinal, &story);
    if (rc == OK) {
        take_cuda(ret, host, ordinal);
        return OK;
    }
    if (lab == CHOOSE_CUDA || scored)
        return err_set(why, ERR_UNSUPPORTED, "%s a real GPU: %s",
                       scored ? "the cohort scores by" : "the lab needs", story.text);
    take_other(ret, CHOOSE_VGPU, host->profile);
    snprintf(ret->note, sizeof ret->note, "%s", story.text);
    return OK;
}
