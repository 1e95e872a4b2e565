/* Values of a GGUF file that was read, whatever their type: a KV's value, or an element of an
 * array, or of an array in an array. Nothing is copied; a value says where its bytes are.
 *
 *     struct ref_gguf_value v = ref_gguf_value(kv), e;
 *     struct ref_gguf_walk it = ref_gguf_walk(&file, &v);        nothing to walk if v is no array
 *     while (ref_gguf_walk_next(&it, &e))
 *         s = ref_gguf_value_i64(&file, &e, &number);
 *
 * All know the file's byte order. Source: docs/gguf.md in ggml, "gguf_metadata_value_t". */
#pragma once

#include "reference/gguf/gguf.h"

struct ref_gguf_value {
    uint32_t type, elem;      /* elem: an array's element type, else the type itself */
    uint64_t n;               /* an array's count, else 1 */
    struct ref_gguf_span val; /* as in struct ref_gguf_kv */
};

struct ref_gguf_value ref_gguf_value(const struct ref_gguf_kv *kv);

/* Each takes the types it names. E_TYPE: another type. E_VALUE: the number does not fit. */
MUST_CHECK enum ref_gguf_status /* integers and bool, not negative */
ref_gguf_value_u64(const struct ref_gguf_file *f, const struct ref_gguf_value *v, uint64_t *ret);
MUST_CHECK enum ref_gguf_status /* integers and bool */
ref_gguf_value_i64(const struct ref_gguf_file *f, const struct ref_gguf_value *v, int64_t *ret);
MUST_CHECK enum ref_gguf_status /* f32 and f64 */
ref_gguf_value_f64(const struct ref_gguf_file *f, const struct ref_gguf_value *v, double *ret);
MUST_CHECK enum ref_gguf_status /* bool */
ref_gguf_value_bool(const struct ref_gguf_file *f, const struct ref_gguf_value *v, bool *ret);
MUST_CHECK enum ref_gguf_status /* string; no look at whether it is UTF-8 */
ref_gguf_value_str(const struct ref_gguf_value *v, struct ref_gguf_span *ret);

/* Element i of an array: one step where elements have one size, i steps for strings and arrays.
 * E_TYPE: no array, or (the last five) elements of another type. E_VALUE: no such element, or a
 * number that does not fit. */
MUST_CHECK enum ref_gguf_status ref_gguf_array_at(const struct ref_gguf_file *f,
                                                  const struct ref_gguf_value *array, uint64_t i,
                                                  struct ref_gguf_value *ret);
MUST_CHECK enum ref_gguf_status ref_gguf_array_u64(const struct ref_gguf_file *f,
                                                   const struct ref_gguf_value *array, uint64_t i,
                                                   uint64_t *ret);
MUST_CHECK enum ref_gguf_status ref_gguf_array_i64(const struct ref_gguf_file *f,
                                                   const struct ref_gguf_value *array, uint64_t i,
                                                   int64_t *ret);
MUST_CHECK enum ref_gguf_status ref_gguf_array_f64(const struct ref_gguf_file *f,
                                                   const struct ref_gguf_value *array, uint64_t i,
                                                   double *ret);
MUST_CHECK enum ref_gguf_status ref_gguf_array_bool(const struct ref_gguf_file *f,
                                                    const struct ref_gguf_value *array, uint64_t i,
                                                    bool *ret);
MUST_CHECK enum ref_gguf_status ref_gguf_array_str(const struct ref_gguf_file *f,
                                                   const struct ref_gguf_value *array, uint64_t i,
                                                   struct ref_gguf_span *ret);

/* All elements in turn, in time linear in their bytes. */
struct ref_gguf_walk {
    const uint8_t *buf;
    bool swapped;
    uint32_t type;     /* of the elements */
    uint64_t at, left; /* byte of the next one; how many are to come */
};
struct ref_gguf_walk ref_gguf_walk(const struct ref_gguf_file *f,
                                   const struct ref_gguf_value *array);
bool ref_gguf_walk_next(struct ref_gguf_walk *it, struct ref_gguf_value *ret);
