#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "grader/vgpu/rt/rt.h"

/* A runtime library has what its API has: one state for the process, opened at the first call. */
static struct {
    pthread_mutex_t mutex;
    pthread_once_t once;
    int socket, memory;
    unsigned char *window;
    int devices;
    struct wire_device profile;
    struct {
        struct wire_request q;
        unsigned char payload[WIRE_PAYLOAD];
    } out;
    struct {
        struct wire_reply r;
        unsigned char payload[WIRE_PAYLOAD];
    } in;
} channel = {.mutex = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT, .socket = -1};

static _Thread_local int last_error, current_device;
static _Thread_local bool per_thread;

void rt_say(const char *format, ...)
{
    char line[512]; /* one write: other threads may speak as well */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fprintf(stderr, "vgpu: %s\n", line);
}

/* Errors of a kernel stay: the device answers everything with them. */
static bool is_sticky(int error)
{
    return error == 700 || error == 702 || error == 710 || (error >= 714 && error <= 719);
}

int rt_done(int error)
{
    if (error != RT_OK && error != RT_NOT_READY)
        last_error = error;
    return error;
}

int cudaGetLastError(void)
{
    const int error = last_error;
    if (!is_sticky(error))
        last_error = RT_OK;
    return error;
}

int cudaPeekAtLastError(void)
{
    return last_error;
}

int *rt_current_device(void)
{
    return &current_device;
}

bool *rt_per_thread(void)
{
    return &per_thread;
}

/* "SOCKET,MEMORY" */
static bool read_environment(void)
{
    const char *text = getenv(WIRE_ENVIRONMENT);
    char *end = NULL;
    const long socket = text ? strtol(text, &end, 10) : -1;
    if (!text || end == text || *end != ',')
        return false;
    const char *second = end + 1;
    const long memory = strtol(second, &end, 10);
    if (end == second || *end != '\0' || socket < 0 || memory < 0)
        return false;
    channel.socket = (int)socket;
    channel.memory = (int)memory;
    return true;
}

static bool map_window(void)
{
    void *at = mmap(NULL, WIRE_WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED, channel.memory, 0);
    channel.window = at == MAP_FAILED ? NULL : at;
    return channel.window != NULL;
}

static void lose_channel(const char *why)
{
    if (channel.socket >= 0)
        rt_say("%s", why);
    channel.socket = -1;
    channel.devices = 0;
}

static bool exchange(size_t bytes)
{
    const size_t size = sizeof channel.out.q + bytes;
    ssize_t n;
    do
        n = write(channel.socket, &channel.out, size);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)size)
        return false;
    do
        n = read(channel.socket, &channel.in, sizeof channel.in);
    while (n < 0 && errno == EINTR);
    return n >= (ssize_t)sizeof channel.in.r &&
           (size_t)n == sizeof channel.in.r + channel.in.r.bytes;
}

static void say_hello(void)
{
    channel.out.q = (struct wire_request){.call = WIRE_HELLO, .arg[0] = WIRE_VERSION};
    if (!exchange(0) || channel.in.r.error || channel.in.r.bytes != sizeof channel.profile) {
        lose_channel("the device process does not answer as it should");
        return;
    }
    channel.devices = (int)channel.in.r.ret[0];
    memcpy(&channel.profile, channel.in.payload, sizeof channel.profile);
}

static void open_channel(void)
{
    if (!read_environment()) {
        rt_say("no device: this program was built for the virtual GPU; run it with `vgpu run "
               "PROGRAM`");
        return;
    }
    if (map_window())
        say_hello();
    else
        lose_channel("the memory shared with the device process cannot be mapped");
}

static void ensure_open(void)
{
    pthread_once(&channel.once, open_channel);
}

int rt_devices(void)
{
    ensure_open();
    return channel.devices;
}

const struct wire_device *rt_profile(void)
{
    ensure_open();
    return &channel.profile;
}

unsigned char *rt_window(void)
{
    ensure_open();
    return channel.window;
}

void rt_lock(void)
{
    pthread_mutex_lock(&channel.mutex);
}

void rt_unlock(void)
{
    pthread_mutex_unlock(&channel.mutex);
}

int rt_ask_locked(struct wire_request *q, const void *payload, struct wire_reply *ret,
                  void *ret_payload)
{
    ensure_open();
    *ret = (struct wire_reply){0};
    if (channel.devices == 0)
        return RT_NO_DEVICE;
    if (q->bytes > WIRE_PAYLOAD)
        return RT_INVALID_VALUE;
    channel.out.q = *q;
    if (q->bytes > 0)
        memcpy(channel.out.payload, payload, q->bytes);
    if (!exchange(q->bytes)) {
        lose_channel("the device process has gone");
        return RT_NO_DEVICE;
    }
    *ret = channel.in.r;
    if (ret_payload && ret->bytes > 0)
        memcpy(ret_payload, channel.in.payload, ret->bytes);
    return ret->error;
}

int rt_ask(struct wire_request *q, const void *payload, struct wire_reply *ret, void *ret_payload)
{
    rt_lock();
    const int error = rt_ask_locked(q, payload, ret, ret_payload);
    rt_unlock();
    return error;
}

void rt_print(void)
{
    rt_lock();
    struct wire_reply r;
    do {
        struct wire_request q = {.call = WIRE_OUTPUT};
        if (rt_ask_locked(&q, NULL, &r, NULL) != RT_OK || r.ret[0] > WIRE_WINDOW)
            break;
        fwrite(channel.window, 1, r.ret[0], stdout);
    } while (r.printed);
    rt_unlock();
}

int rt_map_shared(uint64_t address, uint64_t bytes)
{
    if (address < RT_SHARED_BASE || address >= RT_SHARED_END)
        return RT_MEMORY;
    const off_t offset = (off_t)(WIRE_WINDOW + (address - RT_SHARED_BASE));
    void *at = mmap((void *)(uintptr_t)address, bytes, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_FIXED_NOREPLACE, channel.memory, offset);
    if (at == (void *)(uintptr_t)address)
        return RT_OK;
    if (at != MAP_FAILED)
        munmap(at, bytes);
    return RT_MEMORY; /* AddressSanitizer has its shadow there */
}
