/* Writes a GGUF file from a description of it, and says where everything went.
 *
 * It writes what it is told, faults too: a key of no bytes, a bool of 2, the same name twice. Tests
 * and checkers need such files; ref_gguf_read() is there to judge them. Only what it could not lay
 * out is refused: an unknown type, arrays over REF_GGUF_MAX_DEPTH deep, a row that is no whole
 * number of blocks.
 *
 *     static const struct ref_gguf_kv_model kv[] = {
 *         {.key = REF_GGUF_TEXT("general.architecture"), .type = REF_GGUF_STRING,
 *          .data = &REF_GGUF_TEXT("llama")}};
 *     const struct ref_gguf_model m = {.version = 3, .kv = kv, .n_kv = 1};
 *     uint64_t size = ref_gguf_size(&m);
 *     s = ref_gguf_write(&m, out, size, &file);
 */
#pragma once

#include "reference/gguf/gguf.h"

struct ref_gguf_text {
    const char *bytes;
    uint64_t len;
};
#define REF_GGUF_TEXT(literal) ((const struct ref_gguf_text){(literal), sizeof(literal) - 1})

struct ref_gguf_kv_model {
    struct ref_gguf_text key;
    uint32_t type;
    uint32_t elem; /* arrays only */
    uint64_t n;    /* arrays only */
    /* One value, or n: as bytes of the file (little-endian); strings as struct ref_gguf_text;
     * arrays in an array as struct ref_gguf_kv_model of type REF_GGUF_ARRAY, whose key is unused.
     */
    const void *data;
};

struct ref_gguf_tensor_model {
    struct ref_gguf_text name;
    uint32_t n_dims, type;
    uint64_t ne[REF_GGUF_MAX_DIMS]; /* the first n_dims count */
    const void *data;               /* NULL: zeros */
};

struct ref_gguf_model {
    uint32_t version;
    uint32_t alignment; /* of the layout; 0: 32. A key general.alignment is the caller's to give */
    const struct ref_gguf_kv_model *kv;
    uint64_t n_kv;
    const struct ref_gguf_tensor_model *tensor;
    uint64_t n_tensors;
    bool unpadded_end; /* the file ends with the last tensor, not with its padding */
};

/* Bytes of the file; 0: it cannot be laid out. */
uint64_t ref_gguf_size(const struct ref_gguf_model *m);

/* Writes it.
 *   out   (cap)   the caller's
 *   ret           its kv and tensor point to the caller's memory for n_kv and n_tensors entries, or
 *                 are NULL; filled as ref_gguf_read() of the file would, without names' links, so
 *                 that look-ups by name need a ref_gguf_read()
 * E_CAP: size > cap, nothing is written. E_TYPE, E_SHAPE: see above. */
MUST_CHECK enum ref_gguf_status ref_gguf_write(const struct ref_gguf_model *m, uint8_t *out,
                                               uint64_t cap, struct ref_gguf_file *ret);
