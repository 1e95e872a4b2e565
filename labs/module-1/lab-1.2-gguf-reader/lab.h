/* Lab 1.2: a GGUF reader that survives hostile input. You write gguf.c; it includes this file.
 *
 *     header   4 bytes "GGUF", u32 version, u64 number of tensors, u64 number of KVs    24 bytes
 *     KVs      key string, u32 type, value
 *     infos    name string, u32 n_dims, n_dims x u64 ne, u32 type, u64 offset
 *     padding  up to the next multiple of the alignment
 *     data     the tensors, each from a multiple of the alignment on
 *
 * Everything is little-endian and nothing is aligned. A string is a u64 length and that many bytes,
 * without a NUL. An array is a u32 element type, a u64 count, and the elements. The format's own
 * text is docs/gguf.md in ggml; where the two differ, this file is what counts here. */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what a file says ---- */

/* `len` bytes of the file from byte `off` on. You keep spans and copy nothing. */
typedef struct {
    uint64_t off, len;
} gg_span;

/* Types of values. */
enum {
    GG_U8 = 0,
    GG_I8 = 1,
    GG_U16 = 2,
    GG_I16 = 3,
    GG_U32 = 4,
    GG_I32 = 5,
    GG_F32 = 6,
    GG_BOOL = 7, /* one byte, 0 or 1 */
    GG_STRING = 8,
    GG_ARRAY = 9,
    GG_U64 = 10,
    GG_I64 = 11,
    GG_F64 = 12
};

typedef struct {
    gg_span key;   /* the key's bytes, without their length */
    uint32_t type; /* GG_U8 ... GG_F64 */
    uint32_t elem; /* of an array: the type of its elements; else the same as type */
    uint64_t n;    /* of an array: the number of its elements; else 1 */
    /* The payload only: a number's bytes; a string's bytes without its length; an array's elements
     * without type and count (strings in an array with their lengths). */
    gg_span val;
} gg_kv;

typedef struct {
    gg_span name;
    uint32_t n_dims, type; /* at most 4; an id of lab_types */
    uint64_t ne[4];        /* elements in each dimension, ne[0] the fastest; 1 where unused */
    uint64_t offset;       /* as in the file: bytes from the beginning of the data section */
    uint64_t nbytes;       /* of the data, without padding */
} gg_tensor;

typedef struct {
    const uint8_t *buf; /* the file, borrowed from gg_open until gg_close */
    uint64_t size;
    uint32_t version, alignment; /* 2 or 3; the value of general.alignment, else 32 */
    uint64_t n_kv, n_tensors;
    uint64_t data_off; /* where the data section begins, bytes from the beginning of the file */
    gg_kv *kv;         /* n_kv of them in the order of the file; may be NULL for none */
    gg_tensor *t;      /* n_tensors of them, likewise */
    void *priv;        /* yours */
} gg_file;

/* Every refusal has its own code. */
enum {
    GG_OK = 0,
    GG_E_TRUNC = -1,   /* the file ends inside of what is to be read */
    GG_E_MAGIC = -2,   /* it does not begin with "GGUF" */
    GG_E_VERSION = -3, /* neither 2 nor 3; a byte-swapped 3 neither */
    GG_E_KEY = -4,     /* a key of 0 or more than 65535 bytes */
    GG_E_TYPE = -5,  /* value type above 12, array of arrays, general.alignment no u32, tensor type
                        not in lab_types; in the accessors: another type than the one asked for */
    GG_E_VALUE = -6, /* a bool that is neither 0 nor 1, also in an array; in the accessors: a
                        negative number, or no such string */
    GG_E_DUP = -7,   /* a key, or a tensor's name, for the second time */
    GG_E_ALIGN = -8, /* general.alignment is no power of two, or below 8 */
    GG_E_SHAPE = -9, /* n_dims above 4; any ne, the product of all ne, or the bytes of the data from
                        2^63 on; ne[0] no multiple of the type's block */
    GG_E_OFFSET = -10, /* offset is not the sum of the padded sizes of the tensors before */
    GG_E_BOUNDS = -11, /* a tensor's data ends behind the end of the file */
    GG_E_NOMEM = -12,  /* malloc returned NULL */
    GG_E_CAP = -13,    /* gg_set_str: `out` is too small */
    GG_E_NAME = -14    /* a tensor's name of more than 63 bytes */
};

/* ---- what you write ---- */

/* Reads a file that lies in memory.
 *   buf, size  the file, at any address, of any content; never written, never read outside
 *   f          all fields are yours to set
 * Walk in the order of the file and report the first fault. Test a value as soon as it has been
 * read; a read past the end is GG_E_TRUNC before any test of the value, so a key of 70000 bytes in
 * a file of 100 is GG_E_TRUNC. Counts are tested when the header has been read: a KV takes at least
 * 14 bytes and a tensor's info at least 24, so a count above (bytes left) / 14 or / 24 is
 * GG_E_TRUNC. Only then allocate, and only O(n_kv + n_tensors). The product of the ne is taken in
 * their order; ne = 0 and n_dims = 0 (one element) are legal. data_off is the next multiple of the
 * alignment behind the infos; a file that ends before it is GG_E_TRUNC. Without tensors data_off is
 * the position behind the KVs and nothing is padded. GG_E_BOUNDS is tested last, when all infos
 * have been read. The padding behind the last tensor may be missing, and more bytes may follow.
 * Returns GG_OK, then gg_close releases what it took; or an error, then nothing stays allocated and
 * gg_close is not called. */
int gg_open(const uint8_t *buf, uint64_t size, gg_file *f);

/* Releases what gg_open and gg_str took. */
void gg_close(gg_file *f);

/* The KV with this key (a C string, the whole key), or NULL. */
const gg_kv *gg_find(const gg_file *f, const char *key);

/* The accessors below take a KV of f->kv (never NULL) and store their result only when they return
 * GG_OK. */

/* Any integer type, or bool as 0 and 1. GG_E_TYPE: something else. GG_E_VALUE: negative. */
int gg_u64(const gg_file *f, const gg_kv *kv, uint64_t *v);

/* f32 or f64. GG_E_TYPE: something else. */
int gg_f64(const gg_file *f, const gg_kv *kv, double *v);

/* A string (it has i = 0 only), or element i of an array of strings. GG_E_TYPE: neither.
 * GG_E_VALUE: no element i. Asking for all i of a vocabulary must take time in proportion to its
 * size. It may allocate on first use (f->priv is yours to point at something you change); gg_close
 * releases that. */
int gg_str(const gg_file *f, const gg_kv *kv, uint64_t i, gg_span *s);

/* Writes to `out` the file `in` with the string `key` set to `val` (C strings; val may be empty).
 * A key that exists keeps its place among the KVs; a new one is appended as the last KV. The other
 * KVs, the infos and the data section (everything from data_off on) keep their bytes; between infos
 * and data are as many zeros as the alignment now wants.
 *   out, cap  the caller's; does not overlap `in`
 * Returns the size of the new file, or an error: gg_open's for a file that it refuses; GG_E_KEY for
 * the key general.alignment, and for a key of 0 or more than 65535 bytes; GG_E_TYPE for a key that
 * exists and is no string; GG_E_CAP if the new file has more than cap bytes. */
int64_t gg_set_str(const uint8_t *in, uint64_t size, const char *key, const char *val, uint8_t *out,
                   uint64_t cap);

/* ---- given ---- */

/* How the elements of a tensor are stored: each `block` of a row shares `bytes` bytes. */
typedef struct {
    uint32_t id;
    const char *name;
    uint32_t block, bytes;
} lab_type;

/* ggml's types; ids that are not here never existed or were removed (4, 5, 31-33, 36-38). */
static const lab_type lab_types[] = {
    {0, "F32", 1, 4},         {1, "F16", 1, 2},         {2, "Q4_0", 32, 18},
    {3, "Q4_1", 32, 20},      {6, "Q5_0", 32, 22},      {7, "Q5_1", 32, 24},
    {8, "Q8_0", 32, 34},      {9, "Q8_1", 32, 36},      {10, "Q2_K", 256, 84},
    {11, "Q3_K", 256, 110},   {12, "Q4_K", 256, 144},   {13, "Q5_K", 256, 176},
    {14, "Q6_K", 256, 210},   {15, "Q8_K", 256, 292},   {16, "IQ2_XXS", 256, 66},
    {17, "IQ2_XS", 256, 74},  {18, "IQ3_XXS", 256, 98}, {19, "IQ1_S", 256, 50},
    {20, "IQ4_NL", 32, 18},   {21, "IQ3_S", 256, 110},  {22, "IQ2_S", 256, 82},
    {23, "IQ4_XS", 256, 136}, {24, "I8", 1, 1},         {25, "I16", 1, 2},
    {26, "I32", 1, 4},        {27, "I64", 1, 8},        {28, "F64", 1, 8},
    {29, "IQ1_M", 256, 56},   {30, "BF16", 1, 2},       {34, "TQ1_0", 256, 54},
    {35, "TQ2_0", 256, 66},   {39, "MXFP4", 32, 17},    {40, "NVFP4", 64, 36},
    {41, "Q1_0", 128, 18},    {42, "Q2_0", 64, 18},
};
enum { LAB_N_TYPES = sizeof lab_types / sizeof lab_types[0] };

#ifdef __cplusplus
}
#endif
