#include "grader/grade/shm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* F_SEAL_FUTURE_WRITE: our mapping, made before the seal, stays writable; nobody can make another
 * writable one, write() or punch holes, even through a reopened descriptor. */
static enum err_code open_memory(const char *name, size_t size, int seals, int *ret_fd,
                                 uint8_t **ret_map, struct err *why)
{
    const int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return err_sys(why, ERR_IO, errno, "memfd_create of the %s arena", name);
    if (ftruncate(fd, (off_t)size) != 0) {
        const int failed = errno;
        close(fd);
        return err_sys(why, ERR_NOMEM, failed, "sizing the %s arena to %zu bytes", name, size);
    }
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED || fcntl(fd, F_ADD_SEALS, seals) != 0) {
        const int failed = errno;
        if (map != MAP_FAILED)
            munmap(map, size);
        close(fd);
        return err_sys(why, ERR_IO, failed, "mapping and sealing the %s arena", name);
    }
    *ret_fd = fd;
    *ret_map = map;
    return OK;
}

enum err_code shm_open_pair(struct shm *ret, size_t size, struct err *why)
{
    struct shm s = {.input_fd = -1, .output_fd = -1, .size = size};
    const int fixed_size = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    enum err_code rc =
        open_memory("input", size, fixed_size | F_SEAL_FUTURE_WRITE, &s.input_fd, &s.input, why);
    if (rc == OK)
        rc = open_memory("output", size, fixed_size, &s.output_fd, &s.output, why);
    if (rc != OK) {
        shm_close(&s);
        return rc;
    }
    *ret = s;
    return OK;
}

void shm_close(struct shm *s)
{
    if (s->input != NULL)
        munmap(s->input, s->size);
    if (s->output != NULL)
        munmap(s->output, s->size);
    if (s->input_fd > 0)
        close(s->input_fd);
    if (s->output_fd > 0)
        close(s->output_fd);
    *s = (struct shm){.input_fd = -1, .output_fd = -1};
}

static size_t page_up(size_t n)
{
    return (n + FRAME_PAGE - 1) / FRAME_PAGE * FRAME_PAGE;
}

/* Where the buffers of a call go: each memory has its own cursor, which stands on a page. */
struct layout {
    size_t input, output;
};

/* A buffer ends `tail` bytes before a page boundary, and a page follows that is no part of it. */
static bool place(size_t *cursor, size_t memory, size_t head, size_t size, size_t tail,
                  uint64_t *ret_offset)
{
    if (size > memory || tail >= FRAME_PAGE)
        return false;
    const size_t end = page_up(*cursor + head + size + tail);
    if (end + FRAME_PAGE > memory)
        return false;
    *ret_offset = end - tail - size;
    *cursor = end + FRAME_PAGE;
    return true;
}

static void fill_output(uint8_t *at, const struct shm_arg *arg)
{
    memset(at - FRAME_CANARY, FRAME_POISON, FRAME_CANARY + arg->size + FRAME_CANARY);
    if (arg->bytes != NULL && arg->size != 0)
        memcpy(at, arg->bytes, arg->size);
}

static bool write_arg(struct shm *s, struct layout *at, const struct shm_arg *arg,
                      struct frame_arg *ret)
{
    *ret =
        (struct frame_arg){.kind = arg->kind, .i64 = arg->i64, .f64 = arg->f64, .size = arg->size};
    if (arg->kind == FRAME_IN) {
        if (!place(&at->input, s->size, 0, arg->size, arg->skew, &ret->offset))
            return false;
        if (arg->size != 0)
            memcpy(s->input + ret->offset, arg->bytes, arg->size);
    } else if (arg->kind == FRAME_OUT) {
        if (!place(&at->output, s->size, FRAME_CANARY, arg->size, FRAME_CANARY + arg->skew,
                   &ret->offset))
            return false;
        fill_output(s->output + ret->offset, arg);
    }
    return true;
}

enum err_code shm_write_call(struct shm *s, uint32_t op, const struct shm_arg *args, size_t n_args,
                             struct err *why)
{
    struct frame_call frame = {.magic = FRAME_MAGIC,
                               .op = op,
                               .sequence = ++s->sequence,
                               .input_size = s->size,
                               .output_size = s->size,
                               .n_args = (uint32_t)n_args,
                               .listener = s->listener};
    struct layout at = {.input = FRAME_PAGE, .output = FRAME_PAGE};
    for (size_t i = 0; i < n_args; i++)
        if (!write_arg(s, &at, &args[i], &frame.args[i]))
            return err_set(why, ERR_TOO_LARGE,
                           "argument %zu of %zu bytes does not fit the arena of %zu bytes", i,
                           args[i].size, s->size);
    memset(s->output, FRAME_POISON, sizeof(struct frame_reply));
    memcpy(s->input, &frame, sizeof frame);
    return OK;
}

bool shm_read_reply(const struct shm *s, struct frame_reply *ret)
{
    memcpy(ret, s->output, sizeof *ret);
    return ret->sequence == s->sequence;
}

static int spoiled_bytes(const uint8_t *p, size_t n)
{
    int spoiled = 0;
    for (size_t i = 0; i < n; i++)
        spoiled += p[i] != FRAME_POISON;
    return spoiled;
}

int shm_read_output(const struct shm *s, size_t i, void *ret)
{
    /* Our own frame: the runner cannot write the input memory. */
    const struct frame_call *frame = (const struct frame_call *)(const void *)s->input;
    const struct frame_arg *arg = &frame->args[i];
    const uint8_t *at = s->output + arg->offset;
    if (arg->size != 0)
        memcpy(ret, at, arg->size);
    const int front = spoiled_bytes(at - FRAME_CANARY, FRAME_CANARY);
    return front != 0 ? -front : spoiled_bytes(at + arg->size, FRAME_CANARY);
}
