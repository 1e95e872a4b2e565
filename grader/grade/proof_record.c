#include "grader/grade/proof_record.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { RECORD_MAX = 64 * 1024 };
static const char NAME[] = "proof.json";

void proof_record_write(const char *build_dir, const char *version, const char *why)
{
    char path[4096];
    json_t *json =
        json_pack("{s:s, s:b, s:s?}", "version", version, "proved", why == NULL, "why", why);
    char *text = json != NULL ? json_dumps(json, JSON_INDENT(1)) : NULL;
    const int n = snprintf(path, sizeof path, "%s/%s", build_dir, NAME);
    if (text != NULL && (size_t)n < sizeof path)
        (void)!file_replace(AT_FDCWD, path, text, strlen(text), NULL);
    free(text);
    json_decref(json);
}

const char *proof_record_fault(const struct lab *lab, struct arena *a)
{
    char *text;
    size_t size;
    const char *path = arena_printf(a, "%s/%s", lab->build_dir, NAME);
    if (path == NULL || file_read(AT_FDCWD, path, RECORD_MAX, a, &text, &size, NULL) != OK)
        return NULL;
    json_t *json = json_loadb(text, size, 0, NULL);
    const char *version = json_string_value(json_object_get(json, "version"));
    const char *why = json_string_value(json_object_get(json, "why"));
    const char *fault = NULL;
    if (version != NULL && strcmp(version, lab->version) == 0 && why != NULL)
        fault = arena_printf(a, "`grade test` has failed: %s", why);
    json_decref(json);
    return fault;
}
