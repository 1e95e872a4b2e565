/* The two lists of types in a GGUF file: of values (in the metadata) and of tensors.
 *
 * Values: docs/gguf.md in ggml, "gguf_metadata_value_type". Tensors: enum ggml_type in ggml's
 * include/ggml.h, block sizes as in src/ggml-common.h. Ids 4, 5, 31 to 33 and 36 to 38 belonged to
 * formats that were removed; no file may use them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum ref_gguf_value_type {
    REF_GGUF_U8 = 0,
    REF_GGUF_I8 = 1,
    REF_GGUF_U16 = 2,
    REF_GGUF_I16 = 3,
    REF_GGUF_U32 = 4,
    REF_GGUF_I32 = 5,
    REF_GGUF_F32 = 6,
    REF_GGUF_BOOL = 7, /* one byte, 0 or 1 */
    REF_GGUF_STRING = 8,
    REF_GGUF_ARRAY = 9,
    REF_GGUF_U64 = 10,
    REF_GGUF_I64 = 11,
    REF_GGUF_F64 = 12,
    REF_GGUF_VALUE_TYPES = 13,
};

/* Bytes of a value of this type; 0 for strings and arrays, which say their own length, and for
 * what is no type. */
uint32_t ref_gguf_value_bytes(uint32_t type);

/* How a tensor's elements are stored: `block` elements of a row share `bytes` bytes. */
struct ref_gguf_tensor_type {
    uint32_t id;
    const char *name; /* ggml's, "Q4_K" */
    uint32_t block, bytes;
};

/* NULL: unknown or removed. */
const struct ref_gguf_tensor_type *ref_gguf_tensor_type(uint32_t id);
/* Number i of the table, in the order of the ids; NULL past its end. */
const struct ref_gguf_tensor_type *ref_gguf_tensor_type_at(size_t i);
