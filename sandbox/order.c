#include "sandbox/order.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The bytes under way: laid out twice, first without memory to learn the size. */
struct bytes {
    char *at; /* NULL: only count */
    size_t used;
};

/* Puts a copy and returns where it went: an offset in the shape of a pointer, until order_read
 * makes one of it. No part begins at 0, where the order itself is, so 0 stays NULL. */
static void *put(struct bytes *b, const void *part, size_t size)
{
    const size_t here = b->used;
    if (b->at != NULL && size > 0)
        memcpy(b->at + here, part, size);
    b->used += (size + 15) / 16 * 16;
    return (void *)here; /* NOLINT(performance-no-int-to-ptr): an offset */
}

static const char *put_text(struct bytes *b, const char *text)
{
    return put(b, text, strlen(text) + 1);
}

static size_t list_length(const char *const *list)
{
    size_t n = 0;
    while (list[n] != NULL)
        n++;
    return n;
}

/* A copy of `source` with `size` bytes behind it is put first, so that its elements can be mended
 * in place: a pointer to it, or to `spare` while only counting. */
static void *place(struct bytes *b, const void *source, size_t size, void **ret_offset)
{
    *ret_offset = put(b, source, size);
    return b->at == NULL ? NULL : b->at + (size_t)*ret_offset;
}

static const char *const *put_list(struct bytes *b, const char *const *list)
{
    void *offset;
    const size_t n = list_length(list);
    const char **copy = place(b, list, (n + 1) * sizeof list[0], &offset);
    for (size_t i = 0; i < n; i++) {
        const char *text = put_text(b, list[i]);
        if (copy != NULL)
            copy[i] = text;
    }
    return offset;
}

static const struct cell_bind *put_binds(struct bytes *b, const struct cell_config *c)
{
    void *offset;
    struct cell_bind *copy = place(b, c->binds, c->n_binds * sizeof c->binds[0], &offset);
    for (size_t i = 0; i < c->n_binds; i++) {
        const char *host = put_text(b, c->binds[i].host), *guest = put_text(b, c->binds[i].guest);
        if (copy != NULL)
            copy[i] = (struct cell_bind){host, guest, c->binds[i].writable};
    }
    return offset;
}

static const struct cell_file *put_files(struct bytes *b, const struct cell_config *c)
{
    void *offset;
    struct cell_file *copy = place(b, c->files, c->n_files * sizeof c->files[0], &offset);
    for (size_t i = 0; i < c->n_files; i++) {
        const struct cell_file *f = &c->files[i];
        const struct cell_file mended = {put_text(b, f->name), put(b, f->bytes, f->size), f->size};
        if (copy != NULL)
            copy[i] = mended;
    }
    return offset;
}

static void lay_out(struct bytes *b, const struct order *order)
{
    struct order o = *order;
    const struct cell_config *c = &order->config;
    const struct sock_fprog *program = &order->filter.program;
    put(b, &o, sizeof o);
    o.config.argv = put_list(b, c->argv);
    o.config.envp = put_list(b, c->envp);
    o.config.binds = put_binds(b, c);
    o.config.files = put_files(b, c);
    o.config.fds = NULL;
    o.filter.program.filter = put(b, program->filter, program->len * sizeof program->filter[0]);
    if (b->at != NULL)
        memcpy(b->at, &o, sizeof o);
}

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        const ssize_t n = write(fd, bytes, size);
        if (n < 0)
            return -1;
        bytes += n;
        size -= (size_t)n;
    }
    return 0;
}

int order_write(const struct order *order)
{
    struct bytes b = {NULL, 0};
    lay_out(&b, order);
    b.at = calloc(1, b.used);
    int fd = b.at == NULL ? -1 : memfd_create("order", MFD_CLOEXEC);
    if (fd >= 0) {
        b.used = 0;
        lay_out(&b, order);
        if (write_all(fd, b.at, b.used) != 0) {
            close(fd);
            fd = -1;
        }
    }
    const int saved = errno;
    free(b.at);
    errno = saved;
    return fd;
}

/* --- in init --- */

static void *mend(char *base, const void *offset)
{
    return offset == NULL ? NULL : base + (size_t)offset;
}

static const char *const *mend_list(char *base, const char *const *offset)
{
    const char **list = mend(base, offset);
    for (size_t i = 0; list[i] != NULL; i++)
        list[i] = mend(base, list[i]);
    return list;
}

static void mend_all(char *base, struct order *o)
{
    struct cell_config *c = &o->config;
    struct cell_bind *binds = mend(base, c->binds);
    struct cell_file *files = mend(base, c->files);
    for (size_t i = 0; i < c->n_binds; i++)
        binds[i] = (struct cell_bind){mend(base, binds[i].host), mend(base, binds[i].guest),
                                      binds[i].writable};
    for (size_t i = 0; i < c->n_files; i++)
        files[i] = (struct cell_file){mend(base, files[i].name), mend(base, files[i].bytes),
                                      files[i].size};
    c->binds = binds;
    c->files = files;
    c->argv = mend_list(base, c->argv);
    c->envp = mend_list(base, c->envp);
    o->filter.program.filter = mend(base, o->filter.program.filter);
}

const struct order *order_read(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return NULL;
    char *base = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (base == MAP_FAILED)
        return NULL;
    struct order *order = (struct order *)(void *)base;
    mend_all(base, order);
    return order;
}
