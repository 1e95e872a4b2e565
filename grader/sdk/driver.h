/* For a lab's driver.c: the untrusted side. A driver is linked with the learner's object and runs
 * in the cell; it unpacks a call's arguments, calls the learner's function and stores what came
 * back. It judges nothing: whatever it says, the learner's code could have said.
 *
 *     static void op_dequantize(struct lab_call *c)
 *     {
 *         float *dst = lab_out(c, 2);
 *         lab_return(c, 0, qt_dequantize((uint32_t)lab_i64(c, 0), lab_in(c, 1), dst, lab_i64(c,
 * 3)));
 *     }
 *     const struct lab_op lab_ops[] = {[OP_DEQUANTIZE] = {"dequantize", op_dequantize}};
 *     const size_t lab_n_ops = sizeof lab_ops / sizeof lab_ops[0];
 *
 * Arguments are numbered in the order in which check.c added them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct lab_call;

int64_t lab_i64(const struct lab_call *c, unsigned argument);
double lab_f64(const struct lab_call *c, unsigned argument);
/* Read-only; ends flush against a page that faults. NULL when its size is 0 would hide bugs, so an
 * empty buffer is the address of that page. */
const void *lab_in(const struct lab_call *c, unsigned argument);
/* Writable, filled with 0xAA or with what the checker put there; 64 canary bytes on each side. */
void *lab_out(const struct lab_call *c, unsigned argument);
size_t lab_size(const struct lab_call *c, unsigned argument); /* of an in or out buffer, bytes */

/* Result number `result` (0..7) of the call. */
void lab_return(struct lab_call *c, unsigned result, int64_t value);

/* What the learner's code (and only it) took from malloc, calloc, realloc, aligned_alloc,
 * posix_memalign since lab_heap_reset(), in bytes as requested. The counters live in the learner's
 * process: good for teaching, not for trust. An allocation that would bring the live sum above
 * `limit` returns NULL (0: no limit). */
struct lab_heap {
    uint64_t live, peak, allocations;
};
void lab_heap_reset(uint64_t limit);
struct lab_heap lab_heap_now(void);

/* ---- objects ----
 *
 * What a stateful lab's code makes stays in this process from one call to the next; the checker
 * gets a handle of it. Never 0, never one that was handed out before; at most LAB_HANDLES at a
 * time. */
enum { LAB_HANDLES = 1024 };
int64_t lab_handle_new(void *object);  /* 0: the object is NULL, or the table is full */
void *lab_handle(int64_t handle);      /* NULL: there is none, or none any more */
void *lab_handle_drop(int64_t handle); /* forgets it and returns the object; NULL as above */

/* ---- a server that the checker speaks to ----
 *
 * Where lab.json allows `sockets`, every process begins with a listening socket to which the
 * checker connects (talk_open() in check.h), while the call runs. Hand it to the learner's server:
 *
 *     lab_return(c, 0, serve(lab_listener(c)));
 *
 * or accept from it and hand over the connection, where the learner's side is no server:
 *
 *     const int fd = accept(lab_listener(c), NULL, NULL);
 *
 * It is a stream like one of TCP, but of the family AF_UNIX: options of TCP (TCP_NODELAY) fail with
 * EOPNOTSUPP, and a client's address is empty. It lives as long as the process; a server that
 * closes it, or makes it non-blocking, does so for later calls too. */
int lab_listener(const struct lab_call *c); /* -1: lab.json allows no sockets */

/* ---- callbacks ----
 *
 * A callback that the driver gives to the learner's code decides by the call's inputs alone and
 * writes down in an output what it was told; the checker knows what has to stand there:
 *
 *     static int on_word(void *user, const char *word, size_t n)
 *     {
 *         struct seen *s = user;
 *         lab_log_add(&s->log, SEEN_WORD, word, n);
 *         return ++s->words == s->stop_after;
 *     }
 *     struct seen s = {.log = lab_log_open(c, 1), .stop_after = lab_i64(c, 2)};
 *
 * A log can be forged like any output: only who knows the right entries can forge those. One thread
 * at a time. */
struct lab_log {
    unsigned char *at;
    size_t capacity; /* bytes behind the head */
};
struct lab_log lab_log_open(struct lab_call *c,
                            unsigned argument); /* an output; 16 bytes and more */
/* What does not fit is counted, and then known to the checker as lost. */
void lab_log_add(struct lab_log *log, uint32_t kind, const void *bytes, size_t size);

struct lab_op {
    const char *name;
    void (*run)(struct lab_call *c);
};
extern const struct lab_op lab_ops[];
extern const size_t lab_n_ops;
