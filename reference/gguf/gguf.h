/* A strict reader of GGUF files that lie in memory: it says where everything is, copies nothing and
 * allocates nothing.
 *
 *     header   magic "GGUF", u32 version, u64 tensor count, u64 KV count          24 bytes
 *     KVs      key string, u32 type, value                            n_kv of them
 *     infos    name string, u32 n_dims, n_dims x u64, u32 type, u64 offset    n_tensors of them
 *     padding  up to the next multiple of general.alignment (32 when there is no such key)
 *     data     the tensors in the order of their infos, each from a multiple of the alignment on
 *
 * All unaligned, little-endian (in REF_GGUF_SPEC also big-endian). A string is u64 length and
 * bytes, without a NUL. An array is u32 element type, u64 count, elements. Source: docs/gguf.md and
 * src/gguf.cpp in ggml.
 *
 * It walks in the order of the file and stops at the first fault; a value is tested as soon as it
 * has been read, and a read past the end comes before any test of the value. It is stricter than
 * ggml, which takes dimensions whose product wraps to 0 for an empty tensor and any byte for a
 * bool, and stricter than the format's text, which allows arrays of arrays. The rules in full are
 * those of lab 1.2 (labs/module-1/lab-1.2-gguf-reader/lab.h). REF_GGUF_SPEC takes what the text
 * allows; see there.
 *
 * Reading takes two calls, because the caller owns the memory:
 *
 *     struct ref_gguf_head head;
 *     s = ref_gguf_head(buf, size, &head, why);            head.n_kv <= size / 14, and so on
 *     ... memory for head.n_kv and head.n_tensors entries ...
 *     s = ref_gguf_read(buf, size, kv, head.n_kv, tensor, head.n_tensors, &file, why);
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "reference/gguf/gguf_type.h"

enum ref_gguf_status {
#define STATUS(name, value, text) REF_GGUF_##name = (value),
#include "reference/gguf/gguf_status.def"
#undef STATUS
};

enum ref_gguf_mode {
    REF_GGUF_STRICT, /* lab 1.2's rules; the mode of the functions without the word */
    /* What docs/gguf.md allows and those rules do not:
     *  - big-endian files. One is known by its version, whose low 16 bits are then zero. The file
     * is `swapped`: all accessors swap what they read. Tensors' data is big-endian too, and is left
     *    as it lies: swapping it is for who knows the type's block.
     *  - arrays of arrays, up to REF_GGUF_MAX_DEPTH deep (gguf_value.h walks them).
     *  - names of tensors of 64 bytes; alignments that are any multiple of 8.
     *  - tensors in any order and with gaps, from any multiple of the alignment on. They may share
     *    bytes: the text does not forbid it. */
    REF_GGUF_SPEC,
};

enum {
    REF_GGUF_HEAD_BYTES = 24,
    REF_GGUF_MIN_KV_BYTES = 14,     /* a key of one byte and a value of one byte */
    REF_GGUF_MIN_TENSOR_BYTES = 24, /* no name, no dimensions */
    REF_GGUF_MAX_KEY = 65535,       /* bytes */
    REF_GGUF_MAX_NAME = 63,         /* bytes; one more in REF_GGUF_SPEC */
    REF_GGUF_MAX_DIMS = 4,
    REF_GGUF_MAX_DEPTH = 8,         /* arrays around an element; the text has no limit */
    REF_GGUF_ARRAY_HEAD_BYTES = 12, /* element type and count */
    REF_GGUF_ALIGNMENT = 32,        /* bytes, without a key general.alignment */
};

/* "a read past the end". */
const char *ref_gguf_status_text(enum ref_gguf_status status);

struct ref_gguf_head {
    uint32_t version; /* 2 or 3 */
    uint64_t n_tensors, n_kv;
    bool swapped; /* big-endian */
};

/* `len` bytes of the file from byte `off` on. */
struct ref_gguf_span {
    uint64_t off, len;
};

/* The reader's own: a hash table of names that is threaded through the entries, so that duplicates
 * and look-ups cost no memory and no second loop. Indices are kept plus one; 0 is none. */
struct ref_gguf_link {
    uint64_t first; /* of the bucket with this entry's number */
    uint64_t next;  /* after this entry in its bucket */
};

struct ref_gguf_kv {
    struct ref_gguf_span key;
    uint32_t type, elem; /* elem: an array's element type, else the type itself */
    uint64_t n;          /* an array's count, else 1 */
    /* The payload: a string's bytes, an array's elements (strings with their lengths). */
    struct ref_gguf_span val;
    struct ref_gguf_link link;
};

struct ref_gguf_tensor {
    struct ref_gguf_span name;
    uint32_t n_dims, type;
    uint64_t ne[REF_GGUF_MAX_DIMS]; /* elements; ne[0] is the fastest; 1 from n_dims on */
    uint64_t offset;                /* bytes, from data_off */
    uint64_t nbytes;                /* without padding */
    struct ref_gguf_link link;
};

struct ref_gguf_file {
    const uint8_t *buf; /* the caller's */
    uint64_t size;
    uint32_t version, alignment;
    uint64_t n_kv, n_tensors;
    uint64_t data_off; /* where the tensors' data begins; without tensors the end of the KVs */
    struct ref_gguf_kv *kv;
    struct ref_gguf_tensor *tensor;
    bool swapped; /* big-endian, tensors' data too */
};

/* The header, and whether the counts are possible in a file of this size. */
MUST_CHECK enum ref_gguf_status ref_gguf_head(const uint8_t *buf, uint64_t size,
                                              struct ref_gguf_head *ret, struct err *why);

/* The whole file.
 *   buf  (size)      the caller's, at any address; borrowed by *ret
 *   kv   (cap_kv)    the caller's; written also when the file is refused. tensor: likewise
 * Any status but E_NOMEM. E_CAP: head.n_kv > cap_kv or head.n_tensors > cap_tensor. `why` (may be
 * NULL) names the thing and the bound. */
MUST_CHECK enum ref_gguf_status ref_gguf_read(const uint8_t *buf, uint64_t size,
                                              struct ref_gguf_kv *kv, uint64_t cap_kv,
                                              struct ref_gguf_tensor *tensor, uint64_t cap_tensor,
                                              struct ref_gguf_file *ret, struct err *why);

/* The same two in a mode of choice. */
MUST_CHECK enum ref_gguf_status ref_gguf_head_mode(enum ref_gguf_mode mode, const uint8_t *buf,
                                                   uint64_t size, struct ref_gguf_head *ret,
                                                   struct err *why);
MUST_CHECK enum ref_gguf_status ref_gguf_read_mode(enum ref_gguf_mode mode, const uint8_t *buf,
                                                   uint64_t size, struct ref_gguf_kv *kv,
                                                   uint64_t cap_kv, struct ref_gguf_tensor *tensor,
                                                   uint64_t cap_tensor, struct ref_gguf_file *ret,
                                                   struct err *why);

/* ---- what a file that was read says; entries are the file's, NULL where there is none ---- */

const struct ref_gguf_kv *ref_gguf_find(const struct ref_gguf_file *f, const char *key);
const struct ref_gguf_tensor *ref_gguf_find_tensor(const struct ref_gguf_file *f, const char *name);
/* By the bytes of a name, which in a file has no NUL. */
const struct ref_gguf_tensor *ref_gguf_find_tensor_named(const struct ref_gguf_file *f,
                                                         const void *name, uint64_t len);

/* Any integer or bool that is not negative. E_TYPE: something else. E_VALUE: negative. */
MUST_CHECK enum ref_gguf_status ref_gguf_u64(const struct ref_gguf_file *f,
                                             const struct ref_gguf_kv *kv, uint64_t *ret);
/* f32 or f64. More accessors: gguf_value.h. E_TYPE: something else. */
MUST_CHECK enum ref_gguf_status ref_gguf_f64(const struct ref_gguf_file *f,
                                             const struct ref_gguf_kv *kv, double *ret);
/* A string (i = 0) or element i of an array of strings, which takes i steps. E_TYPE: neither.
 * E_VALUE: no such element. */
MUST_CHECK enum ref_gguf_status ref_gguf_str(const struct ref_gguf_file *f,
                                             const struct ref_gguf_kv *kv, uint64_t i,
                                             struct ref_gguf_span *ret);

/* All strings of an array in turn:
 *
 *     struct ref_gguf_strings it = ref_gguf_strings(&file, kv);      none if it is no such array
 *     for (struct ref_gguf_span s; ref_gguf_strings_next(&it, &s);) ...
 */
struct ref_gguf_strings {
    const uint8_t *buf;
    bool swapped;
    uint64_t at, left; /* byte of the next length; strings to come */
};
struct ref_gguf_strings ref_gguf_strings(const struct ref_gguf_file *f,
                                         const struct ref_gguf_kv *kv);
bool ref_gguf_strings_next(struct ref_gguf_strings *it, struct ref_gguf_span *ret);

/* The first byte of a tensor's data, nbytes of them; at any address. */
const uint8_t *ref_gguf_data(const struct ref_gguf_file *f, const struct ref_gguf_tensor *t);
