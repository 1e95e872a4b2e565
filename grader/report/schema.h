/* A JSON Schema validator for tests: it knows the keywords that our schemas use, and fails the test
 * on any other. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* The caller's; fails the test where it is not there or no JSON. */
json_t *schema_load(const char *path);
bool schema_valid(const json_t *schema, json_t *value);
