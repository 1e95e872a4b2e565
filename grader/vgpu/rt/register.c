/* What nvcc's code does before main(): it tells its kernels and variables. They are only noted; the
 * device process hears of them when they are used. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "grader/vgpu/rt/fatbin.h"
#include "grader/vgpu/rt/rt.h"

struct rt_fatbin {
    const uint8_t *data;
    int state; /* 0: not sent yet; 1: sent, `module`; else -error */
    uint64_t module;
};

struct rt_function {
    const void *host;
    struct rt_fatbin *fatbin;
    char *name;
    bool loaded;
    uint64_t id;
    struct wire_param *params;
    size_t n_params, param_bytes;
};

struct rt_symbol {
    const void *host;
    struct rt_fatbin *fatbin;
    char *name;
    size_t bytes;
    void **managed;               /* where the program looks for it; NULL: not managed */
    uint64_t address[RT_DEVICES]; /* 0: not asked yet */
    struct rt_symbol *next;
};

/* Kernels by the address of their stub, and by their own as a handle: open addressing. */
static struct {
    const void **keys;
    struct rt_function **values;
    size_t room, n;
} table;
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER; /* text goes up in several requests */
static struct rt_symbol *symbols;
static bool managed_on_host = true; /* who has the newest bytes of __managed__ variables */

/* Lines "NAME COUNT" of ptxas, which `vgpu cc` links beside the program. */
__attribute__((weak)) extern const char vgpurt_registers[];

static size_t slot_of(const void *key)
{
    return (size_t)(((uintptr_t)key >> 3) * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (table.room - 1);
}

static void put_key(const void *key, struct rt_function *f)
{
    size_t i = slot_of(key);
    while (table.keys[i] && table.keys[i] != key)
        i = (i + 1) & (table.room - 1);
    table.n += table.keys[i] == NULL;
    table.keys[i] = key;
    table.values[i] = f;
}

static bool grow(void)
{
    const void **keys = table.keys;
    struct rt_function **values = table.values;
    const size_t room = table.room;
    const size_t wanted = room ? 2 * room : 256;
    const void **new_keys = calloc(wanted, sizeof *new_keys);
    struct rt_function **new_values = calloc(wanted, sizeof(struct rt_function *));
    if (!new_keys || !new_values) {
        free(new_keys);
        free(new_values);
        return false;
    }
    table.keys = new_keys;
    table.values = new_values;
    table.room = wanted;
    table.n = 0;
    for (size_t i = 0; i < room; i++)
        if (keys[i])
            put_key(keys[i], values[i]);
    free(keys);
    free(values);
    return true;
}

struct rt_function *rt_function_of(const void *host)
{
    if (table.room == 0 || !host)
        return NULL;
    for (size_t i = slot_of(host); table.keys[i]; i = (i + 1) & (table.room - 1))
        if (table.keys[i] == host)
            return table.values[i];
    return NULL;
}

/* ---- what nvcc's objects call ---- */

void **__cudaRegisterFatBinary(void *wrapper)
{
    struct {
        uint32_t magic, version;
        const uint8_t *data;
        void *unused;
    } w;
    struct rt_fatbin *f = calloc(1, sizeof *f);
    memcpy(&w, wrapper, sizeof w);
    if (f && w.magic == FATBIN_WRAPPER_MAGIC)
        f->data = w.data;
    return (void **)f;
}

void __cudaRegisterFatBinaryEnd(void **handle)
{
    (void)handle;
}

void __cudaUnregisterFatBinary(void **handle)
{
    (void)handle; /* the process ends; other objects' handlers may still launch */
}

void __cudaRegisterFunction(void **handle, const char *host, char *device, const char *name,
                            int thread_limit, void *tid, void *bid, void *block, void *grid,
                            int *warp)
{
    (void)device, (void)thread_limit, (void)tid, (void)bid, (void)block, (void)grid, (void)warp;
    struct rt_function *f = calloc(1, sizeof *f);
    if (!f || (2 * (table.n + 2) > table.room && !grow())) {
        free(f);
        return;
    }
    f->host = host;
    f->fatbin = (struct rt_fatbin *)handle;
    f->name = strdup(name);
    put_key(host, f);
    put_key(f, f);
}

static struct rt_symbol *add_symbol(void **handle, const void *host, const char *name, size_t bytes)
{
    struct rt_symbol *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->host = host;
    s->fatbin = (struct rt_fatbin *)handle;
    s->name = strdup(name);
    s->bytes = bytes;
    s->next = symbols;
    symbols = s;
    return s;
}

void __cudaRegisterVar(void **handle, char *host, char *device, const char *name, int ext,
                       size_t bytes, int constant, int global)
{
    (void)device, (void)ext, (void)constant, (void)global;
    add_symbol(handle, host, name, bytes);
}

void __cudaRegisterManagedVar(void **handle, void **host, char *device, const char *name, int ext,
                              size_t bytes, int constant, int global)
{
    (void)device, (void)ext, (void)constant, (void)global;
    struct rt_symbol *s = add_symbol(handle, host, name, bytes);
    if (s)
        s->managed = host;
}

/* ---- loading ---- */

static int send_text(const char *text, size_t bytes)
{
    struct wire_reply r;
    int error = rt_window() ? RT_OK : RT_NO_DEVICE;
    rt_lock();
    for (size_t done = 0; error == RT_OK && done < bytes;) {
        const size_t n = bytes - done < WIRE_WINDOW ? bytes - done : WIRE_WINDOW;
        struct wire_request q = {.call = WIRE_UPLOAD, .arg[0] = n};
        memcpy(rt_window(), text + done, n);
        error = rt_ask_locked(&q, NULL, &r, NULL);
        done += n;
    }
    rt_unlock();
    return error;
}

static int send_registers(void)
{
    static bool sent; /* once for all modules */
    const char *lines = &vgpurt_registers ? vgpurt_registers : "";
    int error = RT_OK;
    const size_t length = sent ? 0 : strlen(lines);
    sent = true;
    for (size_t done = 0; error == RT_OK && done < length;) {
        const size_t left = length - done;
        struct wire_reply r;
        struct wire_request q = {.call = WIRE_REGISTERS,
                                 .bytes = left < WIRE_PAYLOAD ? (uint32_t)left : WIRE_PAYLOAD};
        error = rt_ask(&q, lines + done, &r, NULL);
        done += q.bytes;
    }
    return error;
}

static int load_fatbin(struct rt_fatbin *f)
{
    if (f->state != 0)
        return f->state > 0 ? RT_OK : -f->state;
    if (rt_devices() == 0)
        return RT_NO_DEVICE;
    const char *text = NULL;
    size_t bytes = 0;
    const uint32_t architecture = 10 * rt_profile()->major + rt_profile()->minor;
    const enum fatbin_verdict verdict =
        f->data ? fatbin_find(f->data, fatbin_size(f->data), architecture, &text, &bytes)
                : FATBIN_MALFORMED;
    int error = RT_INVALID_IMAGE;
    if (verdict != FATBIN_FOUND) {
        rt_say("%s", fatbin_text(verdict));
    } else if ((error = send_registers()) == RT_OK && (error = send_text(text, bytes)) == RT_OK) {
        struct wire_request q = {.call = WIRE_MODULE};
        struct wire_reply r;
        error = rt_ask(&q, NULL, &r, NULL);
        f->module = r.ret[0];
    }
    f->state = error == RT_OK ? 1 : -error;
    return error;
}

static int load_function(struct rt_function *f)
{
    if (f->loaded)
        return RT_OK;
    int error = load_fatbin(f->fatbin);
    if (error != RT_OK)
        return error;
    struct wire_request q = {.call = WIRE_KERNEL,
                             .device = (uint32_t)*rt_current_device(),
                             .bytes = (uint32_t)strlen(f->name),
                             .arg[0] = f->fatbin->module};
    struct wire_reply r;
    struct wire_param *params = malloc(WIRE_PAYLOAD);
    error = params ? rt_ask(&q, f->name, &r, params) : RT_MEMORY;
    if (error != RT_OK) {
        free(params);
        return error;
    }
    f->id = r.ret[0];
    f->n_params = r.bytes / sizeof *params;
    f->param_bytes = r.ret[2];
    f->params = params;
    f->loaded = true;
    return RT_OK;
}

int rt_function_load(struct rt_function *f)
{
    pthread_mutex_lock(&loading);
    const int error = load_function(f);
    pthread_mutex_unlock(&loading);
    return error;
}

uint64_t rt_function_id(const struct rt_function *f)
{
    return f->id;
}

const char *rt_function_name(const struct rt_function *f)
{
    return f->name;
}

size_t rt_function_params(const struct rt_function *f, const struct wire_param **ret,
                          size_t *ret_bytes)
{
    *ret = f->params;
    *ret_bytes = f->param_bytes;
    return f->n_params;
}

/* ---- variables ---- */

static int ask_address(struct rt_symbol *s, int device)
{
    if (s->address[device])
        return RT_OK;
    int error = load_fatbin(s->fatbin);
    if (error != RT_OK)
        return error;
    struct wire_request q = {.call = WIRE_VARIABLE,
                             .device = (uint32_t)device,
                             .bytes = (uint32_t)strlen(s->name),
                             .arg[0] = s->fatbin->module};
    struct wire_reply r;
    error = rt_ask(&q, s->name, &r, NULL);
    if (error == RT_OK)
        s->address[device] = r.ret[0];
    return error;
}

static int locate(struct rt_symbol *s, int device)
{
    pthread_mutex_lock(&loading);
    const int error = ask_address(s, device);
    pthread_mutex_unlock(&loading);
    return error;
}

int rt_symbol_find(const void *host, uint64_t *ret_address, uint64_t *ret_bytes)
{
    for (struct rt_symbol *s = symbols; s; s = s->next) {
        if (s->host != host)
            continue;
        const int error = locate(s, *rt_current_device());
        *ret_address = s->address[*rt_current_device()];
        *ret_bytes = s->bytes;
        return error;
    }
    return RT_INVALID_SYMBOL;
}

/* A __managed__ variable lives on device 0 and has a mirror here, at the same address, so that
 * pointers to it mean the same on both sides: pages of the program's own at that place. */
static int mirror(struct rt_symbol *s)
{
    const int error = locate(s, 0);
    if (error != RT_OK || *s->managed)
        return error;
    enum { PAGE = 4096 };
    const uint64_t from = s->address[0] / PAGE * PAGE;
    const uint64_t to = (s->address[0] + s->bytes + PAGE - 1) / PAGE * PAGE;
    for (uint64_t at = from; at < to; at += PAGE) {
        void *page = mmap((void *)(uintptr_t)at, PAGE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        if (page == MAP_FAILED)
            continue; /* a neighbour's page: it is there already */
        if (page != (void *)(uintptr_t)at)
            return RT_MEMORY;
    }
    *s->managed = (void *)(uintptr_t)s->address[0];
    return RT_OK;
}

static int copy_mirror(struct rt_symbol *s, bool to_device)
{
    struct rt_work w;
    void *there = (void *)(uintptr_t)s->address[0];
    memset(&w, 0, sizeof w);
    w.kind = to_device ? RT_COPY_IN : RT_COPY_OUT;
    w.q = (struct wire_request){.call = to_device ? WIRE_COPY_IN : WIRE_COPY_OUT,
                                .flags = WIRE_BLOCKING | WIRE_SYMBOL,
                                .arg = {s->address[0], s->bytes, s->bytes, 1}};
    w.to = there;
    w.from = there;
    w.to_pitch = w.from_pitch = w.width = s->bytes;
    w.height = 1;
    struct rt_stream legacy = {.magic = RT_STREAM_MAGIC};
    return rt_submit(&legacy, &w);
}

static int move_managed(bool to_device)
{
    int error = RT_OK;
    for (struct rt_symbol *s = symbols; s && error == RT_OK; s = s->next)
        if (s->managed && *s->managed)
            error = copy_mirror(s, to_device);
    return error;
}

int rt_managed_push(void)
{
    if (!managed_on_host)
        return RT_OK;
    managed_on_host = false;
    return move_managed(true);
}

int rt_managed_pull(void)
{
    if (managed_on_host)
        return RT_OK;
    managed_on_host = true;
    return move_managed(false);
}

/* nvcc's code calls it before the host first touches a __managed__ variable of the module. */
char __cudaInitModule(void **handle)
{
    if (rt_done(rt_managed_pull()) != RT_OK) /* what kernels did to the others comes first */
        return 0;
    for (struct rt_symbol *s = symbols; s; s = s->next) {
        if (!s->managed || *s->managed || s->fatbin != (struct rt_fatbin *)handle)
            continue;
        if (rt_done(mirror(s)) != RT_OK || rt_done(copy_mirror(s, false)) != RT_OK)
            return 0;
    }
    return 1;
}
