/* The operations of lab 1.2's driver, shared by driver.c (untrusted) and check*.c (trusted). */
#pragma once

#include <stdint.h>

enum {
    /* in file, out gg_kv[], out gg_tensor[]; results as below. */
    OP_OPEN,
    /* in file; only whether it is accepted, and what that took. */
    OP_PROBE,
    /* in file, in query[], in keys, out answer[]. */
    OP_QUERY,
    /* in file, in key, out gg_span[] of the strings, out gg_tensor[]. */
    OP_STRINGS,
    /* in file, in key, in value, out file; result 0 is what gg_set_str returned. */
    OP_SET_STR,
    OP_COUNT
};

/* Result 0 of all but OP_SET_STR is what gg_open returned. */
enum { OPEN_CODE, OPEN_VERSION, OPEN_ALIGNMENT, OPEN_KVS, OPEN_TENSORS, OPEN_DATA_OFF, OPEN_FLAGS };
enum {
    FLAG_BUF = 1,
    FLAG_SIZE = 2,
    FLAG_KV = 4,
    FLAG_TENSOR = 8
};                                           /* fields that are as they must */
enum { PROBE_CODE, PROBE_LIVE, PROBE_PEAK }; /* bytes of heap */
enum { STRINGS_CODE, STRINGS_FOUND, STRINGS_REFUSED, STRINGS_TENSORS };

enum query_what { QUERY_FIND, QUERY_U64, QUERY_F64, QUERY_STR };

struct query {
    uint32_t what;
    uint32_t key; /* where the key begins among the keys; ends with a NUL */
    uint64_t i;   /* QUERY_STR */
};

struct answer {
    int64_t found; /* index in f->kv, -1: NULL, -2: a pointer to somewhere else */
    int64_t code;
    uint64_t a, b; /* u64; bits of the double; off and len */
};
