/* The schema converter's own: JSON text as a tree of nodes in the caller's memory. Strict RFC 8259,
 * strict UTF-8; a lone \u surrogate is an error. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

enum { JSON_MAX_DEPTH = 64, JSON_MAX_TEXT = 1 << 20 };

/* Nodes are numbered from 1; 0 is none. */
struct json_node {
    enum json_type type;
    uint32_t off, len;         /* of a string what lies between its quotes, else its text */
    uint32_t key_off, key_len; /* of a member of an object, between its quotes */
    uint32_t child, next, n;   /* of an array or object: its first element, how many */
};

struct json {
    const char *text;
    struct json_node *node;
    uint32_t n, cap;
};

/* node (cap) is the caller's; the root is node 1. ERR_FORMAT: no JSON. ERR_LIMIT: too deep, too
 * long, over cap - 1 nodes. */
MUST_CHECK enum err_code json_parse(struct json *ret, const char *text, size_t n,
                                    struct json_node *node, uint32_t cap, struct err *why);

/* The member of an object whose key, as it is written, is this. 0: none, or no object. */
uint32_t json_member(const struct json *j, uint32_t object, const char *key);
/* Whether a string, as it is written, is this. */
bool json_is(const struct json *j, uint32_t node, const char *text);

/* A string's characters in turn, escapes resolved. False at the end. */
struct json_chars {
    const char *at, *end;
};
bool json_next_char(struct json_chars *c, uint32_t *ret_cp);
