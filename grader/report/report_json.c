/* report.json, written by walking the shape. Key order is the shape's, so equal reports give equal
 * bytes. */
#include <string.h>

#include "grader/report/json_out.h"
#include "grader/report/report.h"
#include "grader/report/report_shape.h"

static void write_object(struct json_out *j, const char *key, const struct shape *shape,
                         const unsigned char *base);

static const char *severity_word(enum report_severity s)
{
    static const char *const words[] = {"note", "warning", "error"};
    return words[s];
}

/* Members are copied out rather than pointed at: the shape knows where they are, not their type. */
#define MEMBER(type, name)                                                                         \
    type name;                                                                                     \
    memcpy(&name, base + f->offset, sizeof name)

static void write_texts(struct json_out *j, const struct shape_field *f, const unsigned char *base)
{
    MEMBER(const char *const *, texts);
    size_t count;
    memcpy(&count, base + f->count_offset, sizeof count);
    json_open(j, f->key, '[');
    for (size_t i = 0; i < count; i++)
        json_text(j, NULL, texts[i]);
    json_close(j, ']');
}

static void write_list(struct json_out *j, const struct shape_field *f, const unsigned char *base)
{
    MEMBER(const unsigned char *, items);
    size_t count;
    memcpy(&count, base + f->count_offset, sizeof count);
    json_open(j, f->key, '[');
    for (size_t i = 0; i < count; i++)
        write_object(j, NULL, f->of, items + i * f->of->size);
    json_close(j, ']');
}

static void write_optional(struct json_out *j, const struct shape_field *f,
                           const unsigned char *base)
{
    bool there;
    memcpy(&there, base + f->count_offset, sizeof there);
    if (there)
        write_object(j, f->key, f->of, base + f->offset);
    else
        json_text(j, f->key, NULL);
}

static void write_text(struct json_out *j, const struct shape_field *f, const unsigned char *base)
{
    MEMBER(const char *, text);
    json_text(j, f->key, text == NULL && f->kind == SHAPE_TEXT ? "" : text);
}

static void write_verdict(struct json_out *j, const struct shape_field *f,
                          const unsigned char *base)
{
    MEMBER(enum verdict, verdict);
    const bool ok = f->kind == SHAPE_STAGE && verdict == VERDICT_ACCEPTED;
    json_text(j, f->key, ok ? "ok" : verdict_word(verdict));
}

static void write_severity(struct json_out *j, const struct shape_field *f,
                           const unsigned char *base)
{
    MEMBER(enum report_severity, severity);
    json_text(j, f->key, severity_word(severity));
}

static void write_bool(struct json_out *j, const struct shape_field *f, const unsigned char *base)
{
    MEMBER(bool, value);
    json_bool(j, f->key, value);
}

static void write_count(struct json_out *j, const struct shape_field *f, const unsigned char *base)
{
    MEMBER(int, value);
    json_int(j, f->key, value);
}

static void write_int64(struct json_out *j, const struct shape_field *f, const unsigned char *base)
{
    MEMBER(int64_t, value); /* the seed too: below 2^53 it is the same bytes */
    json_int(j, f->key, value);
}

static void write_number(struct json_out *j, const struct shape_field *f, const unsigned char *base)
{
    MEMBER(double, value);
    json_number(j, f->key, value);
}

static void write_interval(struct json_out *j, const struct shape_field *f,
                           const unsigned char *base)
{
    double ends[2];
    memcpy(ends, base + f->offset, sizeof ends);
    json_open(j, f->key, '[');
    json_number(j, NULL, ends[0]);
    json_number(j, NULL, ends[1]);
    json_close(j, ']');
}

static void write_version(struct json_out *j, const struct shape_field *f,
                          const unsigned char *base)
{
    (void)base;
    json_int(j, f->key, REPORT_VERSION);
}

static void write_empty(struct json_out *j, const struct shape_field *f, const unsigned char *base)
{
    (void)base;
    json_open(j, f->key, '{');
    json_close(j, '}');
}

static void write_inner(struct json_out *j, const struct shape_field *f, const unsigned char *base)
{
    write_object(j, f->key, f->of, base + f->offset);
}

typedef void write_fn(struct json_out *j, const struct shape_field *f, const unsigned char *base);

static write_fn *const writers[] = {
    [SHAPE_VERSION] = write_version,   [SHAPE_EMPTY] = write_empty,
    [SHAPE_TEXT] = write_text,         [SHAPE_TEXT_NULL] = write_text,
    [SHAPE_BOOL] = write_bool,         [SHAPE_COUNT] = write_count,
    [SHAPE_INT64] = write_int64,       [SHAPE_SEED] = write_int64,
    [SHAPE_NUMBER] = write_number,     [SHAPE_INTERVAL] = write_interval,
    [SHAPE_VERDICT] = write_verdict,   [SHAPE_STAGE] = write_verdict,
    [SHAPE_SEVERITY] = write_severity, [SHAPE_TEXTS] = write_texts,
    [SHAPE_OBJECT] = write_inner,      [SHAPE_OBJECT_NULL] = write_optional,
    [SHAPE_LIST] = write_list,
};

static void write_object(struct json_out *j, const char *key, const struct shape *shape,
                         const unsigned char *base)
{
    json_open(j, key, '{');
    for (size_t i = 0; i < shape->n_fields; i++)
        writers[shape->fields[i].kind](j, &shape->fields[i], base);
    json_close(j, '}');
}

void report_write_json(const struct report *r, struct str *out)
{
    struct json_out j = {.out = out};
    write_object(&j, NULL, &report_shape, (const unsigned char *)r);
}
