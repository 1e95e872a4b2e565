/* report.json, read by walking the shape: every key there (but for later ones, which stored reports
 * may lack: their members stay zero), no other key, every value in its bounds.
 * The first thing that is wrong is kept with its path; after it nothing more is read. */
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grader/report/report.h"
#include "grader/report/report_shape.h"

static const int64_t SEED_END = INT64_C(1) << 53;

struct reader {
    struct arena *arena;
    struct err *why;
    enum err_code rc;
    char path[128]; /* "groups/3/points"; cut where it does not fit */
};

static void read_object(struct reader *r, const json_t *value, const struct shape *shape,
                        unsigned char *base);

static void refuse(struct reader *r, const char *expected)
{
    if (r->rc == OK)
        r->rc = err_set(r->why, ERR_FORMAT, "report.json: %s: expected %s", r->path, expected);
}

static void out_of_memory(struct reader *r)
{
    if (r->rc == OK)
        r->rc = err_set(r->why, ERR_NOMEM, "report.json: %s: no memory for it", r->path);
}

/* Lengthens the path by one step; the length before is what leave() wants. */
static size_t enter(struct reader *r, const char *step)
{
    const size_t before = strlen(r->path);
    snprintf(r->path + before, sizeof r->path - before, "%s%s", before > 0 ? "/" : "", step);
    return before;
}

static size_t enter_item(struct reader *r, size_t index)
{
    char step[24];
    snprintf(step, sizeof step, "%zu", index);
    return enter(r, step);
}

static void leave(struct reader *r, size_t before)
{
    r->path[before] = '\0';
}

static const char *text_of(struct reader *r, const json_t *value)
{
    if (!json_is_string(value)) {
        refuse(r, "a text");
        return NULL;
    }
    const char *copy = arena_strndup(r->arena, json_string_value(value), json_string_length(value));
    if (copy == NULL)
        out_of_memory(r);
    return copy;
}

/* An integer in [0, max]; -1 when refused. */
static int64_t integer_of(struct reader *r, const json_t *value, int64_t max)
{
    const int64_t number = json_is_integer(value) ? json_integer_value(value) : -1;
    if (number >= 0 && number <= max)
        return number;
    refuse(r, "an integer from 0 within its bounds");
    return -1;
}

static double number_of(struct reader *r, const json_t *value)
{
    const double number = json_is_number(value) ? json_number_value(value) : NAN;
    if (isfinite(number) && number >= 0)
        return number;
    refuse(r, "a number from 0");
    return 0;
}

static void read_version(struct reader *r, const json_t *value, const struct shape_field *f,
                         unsigned char *base)
{
    (void)f, (void)base;
    if (integer_of(r, value, INT_MAX) != REPORT_VERSION)
        refuse(r, "version 1");
}

static void read_empty(struct reader *r, const json_t *value, const struct shape_field *f,
                       unsigned char *base)
{
    (void)f, (void)base;
    if (!json_is_object(value) || json_object_size(value) != 0)
        refuse(r, "an empty object");
}

static void read_text(struct reader *r, const json_t *value, const struct shape_field *f,
                      unsigned char *base)
{
    const char *text = f->kind == SHAPE_TEXT_NULL && json_is_null(value) ? NULL : text_of(r, value);
    memcpy(base + f->offset, &text, sizeof text);
}

static void read_bool(struct reader *r, const json_t *value, const struct shape_field *f,
                      unsigned char *base)
{
    const bool truth = json_is_true(value);
    if (!json_is_boolean(value))
        refuse(r, "true or false");
    memcpy(base + f->offset, &truth, sizeof truth);
}

static void read_count(struct reader *r, const json_t *value, const struct shape_field *f,
                       unsigned char *base)
{
    const int count = (int)integer_of(r, value, INT_MAX);
    memcpy(base + f->offset, &count, sizeof count);
}

static void read_int64(struct reader *r, const json_t *value, const struct shape_field *f,
                       unsigned char *base)
{
    const int64_t number = integer_of(r, value, f->kind == SHAPE_SEED ? SEED_END - 1 : INT64_MAX);
    memcpy(base + f->offset, &number, sizeof number);
}

static void read_number(struct reader *r, const json_t *value, const struct shape_field *f,
                        unsigned char *base)
{
    const double number = number_of(r, value);
    memcpy(base + f->offset, &number, sizeof number);
}

static void read_interval(struct reader *r, const json_t *value, const struct shape_field *f,
                          unsigned char *base)
{
    if (!json_is_array(value) || json_array_size(value) != 2) {
        refuse(r, "two numbers");
        return;
    }
    const double ends[2] = {number_of(r, json_array_get(value, 0)),
                            number_of(r, json_array_get(value, 1))};
    if (ends[0] > ends[1])
        refuse(r, "the lower end first");
    memcpy(base + f->offset, ends, sizeof ends);
}

static void read_verdict(struct reader *r, const json_t *value, const struct shape_field *f,
                         unsigned char *base)
{
    const char *word = json_is_string(value) ? json_string_value(value) : "";
    enum verdict verdict = VERDICT_ACCEPTED;
    const bool ok = strcmp(word, f->kind == SHAPE_STAGE ? "ok" : "accepted") == 0;
    if (!ok && (verdict_parse(word, &verdict, NULL) != OK || verdict == VERDICT_ACCEPTED))
        refuse(r, f->kind == SHAPE_STAGE ? "\"ok\" or a verdict" : "a verdict");
    memcpy(base + f->offset, &verdict, sizeof verdict);
}

static void read_severity(struct reader *r, const json_t *value, const struct shape_field *f,
                          unsigned char *base)
{
    const char *word = json_is_string(value) ? json_string_value(value) : "";
    enum report_severity severity = REPORT_NOTE;
    if (strcmp(word, "warning") == 0)
        severity = REPORT_WARNING;
    else if (strcmp(word, "error") == 0)
        severity = REPORT_ERROR;
    else if (strcmp(word, "note") != 0)
        refuse(r, "note, warning or error");
    memcpy(base + f->offset, &severity, sizeof severity);
}

/* Room for the items of a list; NULL, with *ret_count 0, for an empty or refused one. */
static void *list_of(struct reader *r, const json_t *value, size_t item_size, size_t *ret_count)
{
    *ret_count = 0;
    if (!json_is_array(value)) {
        refuse(r, "a list");
        return NULL;
    }
    const size_t count = json_array_size(value);
    if (count == 0)
        return NULL;
    void *items = arena_array(r->arena, count, item_size);
    if (items == NULL)
        out_of_memory(r);
    else
        *ret_count = count;
    return items;
}

static void read_texts(struct reader *r, const json_t *value, const struct shape_field *f,
                       unsigned char *base)
{
    size_t count;
    const char **texts = list_of(r, value, sizeof *texts, &count);
    for (size_t i = 0; i < count && r->rc == OK; i++) {
        const size_t before = enter_item(r, i);
        texts[i] = text_of(r, json_array_get(value, i));
        leave(r, before);
    }
    memcpy(base + f->offset, &texts, sizeof texts);
    memcpy(base + f->count_offset, &count, sizeof count);
}

static void read_list(struct reader *r, const json_t *value, const struct shape_field *f,
                      unsigned char *base)
{
    size_t count;
    unsigned char *items = list_of(r, value, f->of->size, &count);
    for (size_t i = 0; i < count && r->rc == OK; i++) {
        const size_t before = enter_item(r, i);
        read_object(r, json_array_get(value, i), f->of, items + i * f->of->size);
        leave(r, before);
    }
    memcpy(base + f->offset, &items, sizeof items);
    memcpy(base + f->count_offset, &count, sizeof count);
}

static void read_inner(struct reader *r, const json_t *value, const struct shape_field *f,
                       unsigned char *base)
{
    read_object(r, value, f->of, base + f->offset);
}

static void read_optional(struct reader *r, const json_t *value, const struct shape_field *f,
                          unsigned char *base)
{
    const bool there = !json_is_null(value);
    if (there)
        read_object(r, value, f->of, base + f->offset);
    memcpy(base + f->count_offset, &there, sizeof there);
}

typedef void read_fn(struct reader *r, const json_t *value, const struct shape_field *f,
                     unsigned char *base);

static read_fn *const readers[] = {
    [SHAPE_VERSION] = read_version,   [SHAPE_EMPTY] = read_empty,
    [SHAPE_TEXT] = read_text,         [SHAPE_TEXT_NULL] = read_text,
    [SHAPE_BOOL] = read_bool,         [SHAPE_COUNT] = read_count,
    [SHAPE_INT64] = read_int64,       [SHAPE_SEED] = read_int64,
    [SHAPE_NUMBER] = read_number,     [SHAPE_INTERVAL] = read_interval,
    [SHAPE_VERDICT] = read_verdict,   [SHAPE_STAGE] = read_verdict,
    [SHAPE_SEVERITY] = read_severity, [SHAPE_TEXTS] = read_texts,
    [SHAPE_OBJECT] = read_inner,      [SHAPE_OBJECT_NULL] = read_optional,
    [SHAPE_LIST] = read_list,
};

static void refuse_unknown_keys(struct reader *r, const json_t *object, const struct shape *shape)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        size_t i = 0;
        while (i < shape->n_fields && strcmp(shape->fields[i].key, key) != 0)
            i++;
        if (i == shape->n_fields && r->rc == OK)
            r->rc = err_set(r->why, ERR_FORMAT, "report.json: %s%s%.40s: no such key", r->path,
                            r->path[0] != '\0' ? "/" : "", key);
    }
}

static void read_object(struct reader *r, const json_t *value, const struct shape *shape,
                        unsigned char *base)
{
    if (!json_is_object(value)) {
        refuse(r, "an object");
        return;
    }
    refuse_unknown_keys(r, value, shape);
    for (size_t i = 0; i < shape->n_fields && r->rc == OK; i++) {
        const struct shape_field *f = &shape->fields[i];
        const json_t *member = json_object_get(value, f->key);
        const size_t before = enter(r, f->key);
        if (member == NULL && !f->later)
            refuse(r, "to be there");
        else if (member != NULL)
            readers[f->kind](r, member, f, base);
        leave(r, before);
    }
}

/* What types alone cannot say. Points are sums of fractions, hence the slack. */
static enum err_code check_sums(const struct report *r, struct err *why)
{
    const double slack = 1e-6;
    if (r->score > r->max_score + slack)
        return err_set(why, ERR_FORMAT, "report.json: score %g is above max_score %g", r->score,
                       r->max_score);
    for (size_t i = 0; i < r->n_groups; i++) {
        const struct report_group *g = &r->groups[i];
        if (g->earned > g->points + slack || g->passed > g->cases)
            return err_set(why, ERR_FORMAT,
                           "report.json: groups/%zu: earned %g of %g points, passed %d of %d", i,
                           g->earned, g->points, g->passed, g->cases);
    }
    for (size_t i = 0; i < r->n_performance; i++)
        if (r->performance[i].earned > r->performance[i].points + slack)
            return err_set(why, ERR_FORMAT, "report.json: performance/%zu: earned %g of %g points",
                           i, r->performance[i].earned, r->performance[i].points);
    return OK;
}

enum err_code report_read(const char *json, size_t size, struct arena *a, struct report *ret,
                          struct err *why)
{
    if (size > REPORT_JSON_MAX)
        return err_set(why, ERR_FORMAT, "report.json has %zu bytes: at most %d are read", size,
                       REPORT_JSON_MAX);
    json_error_t error;
    json_t *root = json_loadb(json, size, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL)
        return err_set(why, ERR_FORMAT, "report.json: line %d: %s", error.line, error.text);
    struct reader r = {.arena = a, .why = why};
    struct report report = {0};
    read_object(&r, root, &report_shape, (unsigned char *)&report);
    json_decref(root);
    if (r.rc == OK)
        r.rc = check_sums(&report, why);
    if (r.rc == OK)
        *ret = report;
    return r.rc;
}
