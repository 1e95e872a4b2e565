/* The shapes of lab.json and module.json, read in one place for the grader and the server, so that
 * neither takes what the other refuses. Strict: an unknown or a missing key, a wrong type or bound
 * is an error that names file, line and key, as a compiler would:
 *
 *     labs/module-3/lab-3.2-formats/lab.json:31: /groups/2/points: expected a number from 0 to 100
 *
 * The same rules as JSON Schema: grader/lab.schema.json; a test holds the two together. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "base/err.h"

enum {
    MANIFEST_BYTES_MAX = 1 << 20,
    MANIFEST_FILES = 16,
    MANIFEST_LIBS = 4,
    MANIFEST_GROUPS = 32,
    MANIFEST_TIMED = 8,
    MANIFEST_TIERS = 8,
    MANIFEST_RUNNERS = 4, /* of one submission at once */
};

/* Text to JSON that has the shape, and what holds between keys: points sum to 100, names are
 * unique, tiers rise. `path` is how the story names the file. The result is the caller's
 * (json_decref). ERR_FORMAT. */
MUST_CHECK enum err_code manifest_read_lab(const char *text, size_t size, const char *path,
                                           json_t **ret, struct err *why);
MUST_CHECK enum err_code manifest_read_module(const char *text, size_t size, const char *path,
                                              json_t **ret, struct err *why);

/* A folder is called lab-ID-SLUG, as its manifest says: `grade` finds labs by their folder, the
 * server by their manifest. ERR_FORMAT. */
MUST_CHECK enum err_code manifest_check_folder(const json_t *lab, const char *dir, struct err *why);
