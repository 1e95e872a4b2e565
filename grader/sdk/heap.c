/* Counts what the learner's code takes from the heap. The linker's --wrap sends malloc and its
 * family here. In the sanitizer build nothing is put around a block, so that AddressSanitizer still
 * sees its true ends; there the sizes are its own. */
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "driver.h"

#define EXPORTED __attribute__((visibility("default"))) /* the linker looks for these by name */

void *__real_malloc(size_t size);
void __real_free(void *p);
void *__real_aligned_alloc(size_t align, size_t size);

EXPORTED void *__wrap_malloc(size_t size);
EXPORTED void *__wrap_calloc(size_t count, size_t size);
EXPORTED void *__wrap_realloc(void *p, size_t size);
EXPORTED void *__wrap_aligned_alloc(size_t align, size_t size);
EXPORTED int __wrap_posix_memalign(void **ret, size_t align, size_t size);
EXPORTED void __wrap_free(void *p);

/* Labs with threads allocate in several: each number is right by itself. */
static struct {
    _Atomic uint64_t live, peak, allocations, limit;
} heap;

void lab_heap_reset(uint64_t limit)
{
    heap.live = heap.peak = heap.allocations = 0;
    heap.limit = limit;
}

struct lab_heap lab_heap_now(void)
{
    return (struct lab_heap){heap.live, heap.peak, heap.allocations};
}

static int allowed(size_t size)
{
    return heap.limit == 0 || (size <= heap.limit && heap.live <= heap.limit - size);
}

static void count(size_t size)
{
    const uint64_t live = (heap.live += size);
    uint64_t peak = heap.peak;
    heap.allocations++;
    while (live > peak && !atomic_compare_exchange_weak(&heap.peak, &peak, live))
        ;
}

/* A block that was taken before the last reset is not in `live`. */
static void uncount(size_t size)
{
    uint64_t live = heap.live;
    while (!atomic_compare_exchange_weak(&heap.live, &live, live - (size <= live ? size : live)))
        ;
}

#ifdef __SANITIZE_ADDRESS__

static void *take(size_t align, size_t size)
{
    return align <= _Alignof(max_align_t) ? __real_malloc(size) : __real_aligned_alloc(align, size);
}

int __sanitizer_get_ownership(const volatile void *p);

/* Asking the size of what is no live block would be a finding of its own, named after the question;
 * free() has the better words for it. */
static size_t size_of(void *p)
{
    return __sanitizer_get_ownership(p) ? malloc_usable_size(p) : 0;
}

static void give(void *p)
{
    __real_free(p);
}

#else

/* In front of each block; libc may hand us one that did not come from here, hence the magic. */
struct header {
    void *base;
    uint64_t size, magic, reserved;
};
enum { HEADER = sizeof(struct header) };
static const uint64_t HEADER_MAGIC = 0x7061656864656467u;

static struct header *header_of(void *p)
{
    struct header *h = (struct header *)(void *)((char *)p - HEADER);
    return h->magic == HEADER_MAGIC ? h : NULL;
}

static void *take(size_t align, size_t size)
{
    const size_t in_front = align > HEADER ? align : HEADER;
    if (size > SIZE_MAX - in_front - align)
        return NULL;
    char *base = align <= _Alignof(max_align_t)
                     ? __real_malloc(in_front + size)
                     : __real_aligned_alloc(align, (in_front + size + align - 1) / align * align);
    if (base == NULL)
        return NULL;
    struct header *h = (struct header *)(void *)(base + in_front - HEADER);
    *h = (struct header){.base = base, .size = size, .magic = HEADER_MAGIC};
    return base + in_front;
}

static size_t size_of(void *p)
{
    const struct header *h = header_of(p);
    return h != NULL ? h->size : malloc_usable_size(p);
}

static void give(void *p)
{
    struct header *h = header_of(p);
    if (h == NULL) {
        __real_free(p);
        return;
    }
    void *base = h->base;
    h->magic = 0;
    __real_free(base);
}

#endif

static void *take_counted(size_t align, size_t size)
{
    void *p = allowed(size) ? take(align, size) : NULL;
    if (p == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    count(size);
    return p;
}

void *__wrap_malloc(size_t size)
{
    return take_counted(1, size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(n, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    void *p = take_counted(1, total);
    return p != NULL ? memset(p, 0, total) : NULL;
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    return take_counted(align, size);
}

int __wrap_posix_memalign(void **ret, size_t align, size_t size)
{
    if (align < sizeof(void *) || (align & (align - 1)) != 0)
        return EINVAL;
    void *p = take_counted(align, size);
    if (p == NULL)
        return ENOMEM;
    *ret = p;
    return 0;
}

void __wrap_free(void *p)
{
    if (p == NULL)
        return;
    uncount(size_of(p));
    give(p);
}

void *__wrap_realloc(void *p, size_t size)
{
    if (p == NULL)
        return __wrap_malloc(size);
    if (size == 0) {
        __wrap_free(p);
        return NULL;
    }
    void *moved = __wrap_malloc(size);
    if (moved == NULL)
        return NULL;
    const size_t old = size_of(p);
    memcpy(moved, p, old < size ? old : size);
    __wrap_free(p);
    return moved;
}
