/* SARIF 2.1.0 (OASIS): what compiler and sanitizers found, by file and line, as code hosts show it
 * beside the source. Rule ids stay the same from run to run, and so do the fingerprints, which
 * leave out the line so that a finding survives code moving above it. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "grader/report/annotations.h"
#include "grader/report/json_out.h"
#include "grader/report/report.h"

/* Code hosts show a few thousand findings at most, and equal ones are looked for pair by pair. */
enum { FINDINGS_MAX = 1000, URI_MAX = 1024 };

static size_t n_findings(const struct report *r)
{
    const size_t count = annotation_count(r);
    return count < FINDINGS_MAX ? count : FINDINGS_MAX;
}

static const char *level_of(enum report_severity s)
{
    static const char *const levels[] = {"note", "warning", "error"};
    return levels[s];
}

/* FNV-1a, 64 bits; with each text its NUL, so that "ab","c" is not "a","bc". */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    do {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    } while (*text++ != '\0');
    return hash;
}

static uint64_t fingerprint(const struct annotation *f)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    hash = hash_text(hash, f->rule);
    hash = hash_text(hash, f->file != NULL ? f->file : "");
    return hash_text(hash, f->message);
}

/* A relative reference (RFC 3986): no root, no way up, other bytes percent-encoded. */
static void uri_of(const char *file, char ret[URI_MAX])
{
    const char *slash = strrchr(file, '/');
    if (slash != NULL && (file[0] == '/' || strstr(file, "..") != NULL))
        file = slash + 1;
    size_t at = 0;
    for (; *file != '\0' && at + 3 < URI_MAX; file++) {
        const unsigned char c = (unsigned char)*file;
        if (c < 0x80 && (isalnum(c) || strchr("/-._~", c) != NULL)) {
            ret[at++] = (char)c;
        } else {
            ret[at++] = '%';
            ret[at++] = "0123456789ABCDEF"[c >> 4];
            ret[at++] = "0123456789ABCDEF"[c & 15];
        }
    }
    ret[at] = '\0';
}

static void write_message(struct json_out *j, const char *key, const char *text)
{
    json_open(j, key, '{');
    json_text(j, "text", text);
    json_close(j, '}');
}

/* `column` 0: unknown. */
static void write_place(struct json_out *j, const char *file, int line, int column)
{
    char uri[URI_MAX];
    uri_of(file, uri);
    json_open(j, "physicalLocation", '{');
    json_open(j, "artifactLocation", '{');
    json_text(j, "uri", uri);
    json_close(j, '}');
    if (line > 0) {
        json_open(j, "region", '{');
        json_int(j, "startLine", line);
        if (column > 0)
            json_int(j, "startColumn", column);
        json_close(j, '}');
    }
    json_close(j, '}');
}

static void write_locations(struct json_out *j, const struct annotation *f)
{
    json_open(j, "locations", '[');
    if (f->file != NULL) {
        json_open(j, NULL, '{');
        write_place(j, f->file, f->line, f->column);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void write_frame(struct json_out *j, const struct report_frame *frame)
{
    json_open(j, NULL, '{');
    json_open(j, "location", '{');
    write_place(j, frame->file, frame->line, 0);
    json_open(j, "logicalLocations", '[');
    json_open(j, NULL, '{');
    json_text(j, "name", frame->function);
    json_close(j, '}');
    json_close(j, ']');
    json_close(j, '}');
    json_close(j, '}');
}

static void write_stack(struct json_out *j, const struct annotation *f)
{
    if (f->n_stack == 0)
        return;
    json_open(j, "stacks", '[');
    json_open(j, NULL, '{');
    json_open(j, "frames", '[');
    for (size_t i = 0; i < f->n_stack; i++)
        write_frame(j, &f->stack[i]);
    json_close(j, ']');
    json_close(j, '}');
    json_close(j, ']');
}

/* Equal findings are told apart by their number among their equals. */
static int number_among_equals(const struct report *r, size_t index, uint64_t hash)
{
    int number = 1;
    for (size_t i = 0; i < index; i++) {
        const struct annotation f = annotation_at(r, i);
        number += fingerprint(&f) == hash;
    }
    return number;
}

static void write_result(struct json_out *j, const struct report *r, size_t index)
{
    const struct annotation f = annotation_at(r, index);
    const uint64_t hash = fingerprint(&f);
    char print[40];
    snprintf(print, sizeof print, "%016" PRIx64 ":%d", hash, number_among_equals(r, index, hash));
    json_open(j, NULL, '{');
    json_text(j, "ruleId", f.rule);
    json_text(j, "level", level_of(f.severity));
    write_message(j, "message", f.message[0] != '\0' ? f.message : f.rule);
    write_locations(j, &f);
    write_stack(j, &f);
    json_open(j, "partialFingerprints", '{');
    json_text(j, "gradedFinding/v1", print);
    json_close(j, '}');
    json_close(j, '}');
}

static bool rule_is_new(const struct report *r, size_t index, const char *rule)
{
    for (size_t i = 0; i < index; i++) {
        const struct annotation f = annotation_at(r, i);
        if (strcmp(f.rule, rule) == 0)
            return false;
    }
    return true;
}

static void write_rules(struct json_out *j, const struct report *r)
{
    json_open(j, "rules", '[');
    for (size_t i = 0; i < n_findings(r); i++) {
        const struct annotation f = annotation_at(r, i);
        if (!rule_is_new(r, i, f.rule))
            continue;
        json_open(j, NULL, '{');
        json_text(j, "id", f.rule);
        write_message(j, "shortDescription", strchr(f.rule, '/') + 1);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void write_tool(struct json_out *j, const struct report *r)
{
    json_open(j, "tool", '{');
    json_open(j, "driver", '{');
    json_text(j, "name", "graded");
    write_rules(j, r);
    json_close(j, '}');
    json_close(j, '}');
}

void report_write_sarif(const struct report *r, struct str *out)
{
    struct json_out j = {.out = out};
    json_open(&j, NULL, '{');
    json_text(&j, "$schema",
              "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
              "sarif-schema-2.1.0.json");
    json_text(&j, "version", "2.1.0");
    json_open(&j, "runs", '[');
    json_open(&j, NULL, '{');
    write_tool(&j, r);
    json_open(&j, "results", '[');
    for (size_t i = 0; i < n_findings(r); i++)
        write_result(&j, r, i);
    json_close(&j, ']');
    json_close(&j, '}');
    json_close(&j, ']');
    json_close(&j, '}');
}
