/* For the check*.c of lab 1.2: the file that a case is about. A subject is described first, then
 * written; from then on every field that a reader may report is known without reading the file. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "grader/sdk/check.h"
#include "lab.h"
#include "reference/gguf/gguf_write.h"

struct subject {
    struct ref_gguf_model model;
    struct ref_gguf_kv_model *kv; /* the model's, to change before subject_write() */
    struct ref_gguf_tensor_model *tensor;
    uint64_t cap_kv, cap_tensor;
    uint8_t *bytes; /* the file, to change after subject_write(); `spare` more bytes may be used */
    uint64_t size;
    struct ref_gguf_file truth;
    bool visible; /* the learner may see the file and what is true of it */
};

enum { SUBJECT_SPARE = 256 }; /* zeroed bytes behind the file */

/* An empty version 3 file with room for so many entries. All of it is the case's. */
struct subject subject_new(struct check *k, uint64_t cap_kv, uint64_t cap_tensor);
void subject_write(struct check *k, struct subject *s);

/* Uniform in [0, n), n > 0. */
uint32_t below(struct check *k, uint32_t n);
/* Small letters, at least `min` and at most `max` of them, and a NUL that `len` does not count. */
struct ref_gguf_text random_text(struct check *k, uint32_t min, uint32_t max);
void *random_bytes(struct check *k, uint64_t size);
struct ref_gguf_text text_of(const char *text); /* a C string's */

/* Each appends one entry and returns it. Random keys and names are unique by a number in them. */
struct ref_gguf_kv_model *add_kv(struct check *k, struct subject *s, uint32_t type);
struct ref_gguf_kv_model *add_array(struct check *k, struct subject *s, uint32_t elem, uint64_t n);
struct ref_gguf_kv_model *add_string(struct check *k, struct subject *s, const char *key,
                                     struct ref_gguf_text value);
void add_any_kvs(struct check *k, struct subject *s, uint32_t n);
void add_alignment(struct check *k, struct subject *s, uint32_t alignment);
/* Dimensions and data are random; at most some KiB. */
struct ref_gguf_tensor_model *add_tensor(struct check *k, struct subject *s, uint32_t type,
                                         uint32_t n_dims);
void add_any_tensors(struct check *k, struct subject *s, uint32_t n);

/* Before it is written: without the first `n` entries. */
void drop_kvs(struct subject *s, uint64_t n);
void drop_tensors(struct subject *s, uint64_t n);

/* "GG_E_TRUNC". */
const char *code_name(int64_t code);
bool check_code(struct check *k, int64_t expected, int64_t actual);

/* Has the learner open it, at an address so that `skew` bytes lie between its end and the page that
 * faults, and compares every field. */
void check_open(struct check *k, const struct subject *s, size_t skew);
/* The learner's entries with the truth. True: all equal. */
bool check_tensors(struct check *k, const struct subject *s, const gg_tensor *actual);

/* ---- groups ---- */

void group_accessors(struct check *k);
void group_edges(struct check *k);
void group_malformed(struct check *k);
void group_truncation(struct check *k);
void group_scale(struct check *k);
void group_rewrite(struct check *k);
void group_hygiene(struct check *k);
