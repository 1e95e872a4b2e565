/* The shapes of lab.json and module.json, checked key by key. `path` is how the story names the
 * file: "module-3/lab-3.2-formats/lab.json: groups[2].points: expected a number ...". */
#pragma once

#include <jansson.h>

#include "base/err.h"

/* ERR_FORMAT. Both also check what holds between keys: points sum to 100, names are unique. */
MUST_CHECK enum err_code manifest_check_lab(const json_t *json, const char *path, struct err *why);
MUST_CHECK enum err_code manifest_check_module(const json_t *json, const char *path,
                                               struct err *why);
