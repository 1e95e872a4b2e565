/* Submissions: taking them in, waiting for them, showing them. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "server/api/delivery.h"
#include "server/api/inside.h"
#include "server/api/view.h"
#include "server/http/negotiate.h"
#include "server/store/cohort.h"

enum { WAIT_MAX_S = 60, LIST_DEFAULT = 50, SCRATCH_MAX = 256 * 1024 };

/* ---- Representations ---- */

enum shape {
    SHAPE_JSON,
    SHAPE_TEXT,
    SHAPE_JUNIT,
    SHAPE_GRADESCOPE,
    SHAPE_SARIF,
    SHAPE_MARKDOWN,
    N_SHAPES
};

static const char *const shape_types[N_SHAPES] = {
    [SHAPE_JSON] = "application/json",
    [SHAPE_TEXT] = "text/plain",
    [SHAPE_JUNIT] = "application/junit+xml",
    [SHAPE_GRADESCOPE] = "application/vnd.gradescope+json",
    [SHAPE_SARIF] = "application/sarif+json",
    [SHAPE_MARKDOWN] = "text/markdown",
};

/* The report alone, by the name of a file: for links, and for programs that set no header. */
static const char *const shape_files[N_SHAPES] = {
    [SHAPE_JSON] = "report.json",   [SHAPE_TEXT] = "report.txt",
    [SHAPE_JUNIT] = "report.xml",   [SHAPE_GRADESCOPE] = "report.gradescope.json",
    [SHAPE_SARIF] = "report.sarif", [SHAPE_MARKDOWN] = "report.md",
};

/* What the client gets to see and how; kept while it waits. */
struct showing {
    struct api *api;
    char id[ID_SIZE];
    int64_t until_ms; /* 0: nobody waits */
    enum shape shape;
    bool fail;    /* a grade that does not pass is a 422 */
    bool created; /* the answer to a POST */
    bool alone;   /* the report without its submission */
};

/* False: there is no such file, and the problem is answered. */
static bool read_file_shape(struct http_request *r, const char *file, enum shape *ret)
{
    for (int shape = 0; shape < N_SHAPES; shape++)
        if (strcmp(file, shape_files[shape]) == 0) {
            *ret = (enum shape)shape;
            return true;
        }
    http_problem(
        r, PROBLEM_NOT_FOUND,
        "there is no '%.40s': reports are report.json, report.txt, report.xml, report.sarif, "
        "report.md and report.gradescope.json",
        file);
    return false;
}

/* False: nothing we have is acceptable, and the problem is answered. */
static bool read_shape(struct http_request *r, enum shape *ret)
{
    const int best = http_wants_text(r)
                         ? SHAPE_TEXT
                         : negotiate_type(http_header(r, "Accept"), shape_types, N_SHAPES);
    if (best < 0)
        http_problem(r, PROBLEM_NOT_ACCEPTABLE,
                     "offered are application/json, text/plain, text/markdown, "
                     "application/junit+xml, application/vnd.gradescope+json and "
                     "application/sarif+json");
    else
        *ret = (enum shape)best;
    return best >= 0;
}

/* ?wait= and ?fail= and Accept. False: the problem is answered. */
static bool read_showing(struct http_request *r, struct api *api, struct showing *s)
{
    uint64_t wait_s, fail;
    const char *file = http_param(r, "report");
    if (!http_query_u64(r, "wait", WAIT_MAX_S, 0, &wait_s) ||
        !http_query_u64(r, "fail", 1, 0, &fail) ||
        !(file != NULL ? read_file_shape(r, file, &s->shape) : read_shape(r, &s->shape)))
        return false;
    s->api = api;
    s->alone = file != NULL;
    s->fail = fail == 1;
    s->until_ms = wait_s != 0 ? http_now_ms() + (int64_t)wait_s * 1000 : 0;
    return true;
}

/* A learner's own report is redacted; staff, and so whoever else may see it, get all of it. */
static enum report_reader reader_of(const struct user *viewer, const struct submission *sub)
{
    const bool own = strcmp(viewer->id, sub->user) == 0;
    return own && viewer->role == ROLE_LEARNER ? REPORT_FOR_LEARNER : REPORT_FOR_STAFF;
}

/* False: the problem is answered. */
static bool read_report(struct http_request *r, struct api *api, const struct submission *sub,
                        struct report *ret)
{
    struct arena *a = http_arena(r);
    const char *json;
    size_t size;
    struct report whole;
    struct err why = {0};
    enum err_code rc = submission_report(api->config.store, sub->id, a, &json, &size, &why);
    if (rc == OK && report_read(json, size, a, &whole, &why) != OK) {
        why.code = rc = ERR_INTERNAL; /* it was checked when it was stored */
        err_wrap(&why, rc, "the report of %s", sub->id);
    }
    if (rc == OK && report_redact(&whole, reader_of(caller_user(r), sub), a, ret) != OK)
        rc = err_set(&why, ERR_NOMEM, "no memory for the report of %s", sub->id);
    if (rc != OK)
        http_problem_err(r, &why);
    return rc == OK;
}

static void reply_pending(struct http_request *r, const struct showing *s,
                          const struct submission *sub)
{
    const unsigned status = s->created ? 202 : 200;
    if (!s->alone && (s->shape == SHAPE_JSON || (s->created && s->shape != SHAPE_TEXT))) {
        http_reply_json(r, status, view_submission(sub));
    } else if (!s->alone && s->shape == SHAPE_TEXT) {
        struct str line;
        char place[64] = "";
        str_init(&line, 1024);
        if (sub->queue_position > 0)
            snprintf(place, sizeof place, " (place %lld)", (long long)sub->queue_position);
        str_printf(&line,
                   "%s%s: submission %s for lab %s; ask again with "
                   "/api/v1/submissions/%s?wait=60\n",
                   submission_state_word(sub->state), place, sub->id, sub->lab, sub->id);
        http_reply_str(r, status, "text/plain; charset=utf-8", &line);
    } else {
        http_add_header(r, "Retry-After", "2");
        http_problem(r, PROBLEM_CONFLICT,
                     "the submission is %s: there is no report yet; wait with ?wait=60",
                     submission_state_word(sub->state));
    }
}

static void reply_report(struct http_request *r, const struct showing *s,
                         const struct submission *sub, const struct report *report)
{
    const unsigned status = s->fail && !report->pass ? 422 : 200;
    struct str out;
    if (s->shape == SHAPE_JSON && s->alone) {
        http_reply_json(r, status, view_report(report));
        return;
    }
    if (s->shape == SHAPE_JSON) {
        json_t *json = view_submission(sub);
        json_object_set_new(json, "report", view_report(report));
        http_reply_json(r, status, json);
        return;
    }
    str_init(&out, REPORT_JSON_MAX);
    switch (s->shape) {
    case SHAPE_TEXT:
        report_write_text(report, false, &out);
        break;
    case SHAPE_JUNIT:
        report_write_junit(report, &out);
        break;
    case SHAPE_GRADESCOPE:
        report_write_gradescope(report, &out);
        break;
    case SHAPE_SARIF:
        report_write_sarif(report, &out);
        break;
    case SHAPE_MARKDOWN:
        report_write_markdown(report, &out);
        break;
    case SHAPE_JSON:
    case N_SHAPES:
        break;
    }
    assert(s->shape < N_SHAPES);
    const bool is_text = s->shape == SHAPE_TEXT || s->shape == SHAPE_MARKDOWN;
    const char *type = shape_types[s->shape];
    if (is_text)
        type = arena_printf(http_arena(r), "%s; charset=utf-8", type);
    http_reply_str(r, status, type, &out);
}

/* ---- Waiting ---- */

static bool is_finished(struct api *api, const char *id)
{
    struct submission sub;
    struct arena scratch;
    arena_init(&scratch, SCRATCH_MAX);
    const enum err_code rc = submission_get(api->config.store, id, &scratch, &sub, NULL);
    const bool finished = rc != OK || sub.state == SUBMISSION_FINISHED; /* an error ends a wait */
    arena_done(&scratch);
    return finished;
}

/* Shows the submission once it is finished or the time is over; called again after each wait. */
static void show(struct http_request *r, struct showing *s)
{
    struct submission sub;
    struct err why = {0};
    if (s->until_ms != 0 && !is_finished(s->api, s->id) && http_wait(r, s->until_ms))
        return;
    if (submission_get(s->api->config.store, s->id, http_arena(r), &sub, &why) != OK) {
        http_problem_err(r, &why);
        return;
    }
    if (sub.state != SUBMISSION_FINISHED || !sub.has_report) {
        reply_pending(r, s, &sub);
        return;
    }
    struct report report;
    if (read_report(r, s->api, &sub, &report))
        reply_report(r, s, &sub, &report);
}

/* ---- Handlers ---- */

/* The submission that the path names, if the caller may see it; else the problem is answered: what
 * is somebody else's looks as if it did not exist. */
bool route_submission(struct http_request *r, struct api *api, struct submission *ret)
{
    const char *id = http_param(r, "id");
    struct err why = {0};
    bool may = false;
    enum err_code rc = submission_get(api->config.store, id, http_arena(r), ret, &why);
    if (rc == OK)
        rc = cohort_may_see(api->config.store, caller_user(r), ret->user, &may, &why);
    if (rc == OK && may)
        return true;
    if (rc == OK || rc == ERR_NOT_FOUND)
        http_problem(r, PROBLEM_NOT_FOUND, "there is no submission '%.40s'", id);
    else
        http_problem_err(r, &why);
    return false;
}

static struct showing *caller_showing(const struct http_request *r)
{
    return ((const struct caller *)http_user(r))->showing;
}

static struct showing *new_showing(struct http_request *r)
{
    struct showing *s = arena_alloc(http_arena(r), sizeof *s);
    if (s == NULL)
        http_problem(r, PROBLEM_UNAVAILABLE, "out of memory");
    ((struct caller *)http_user(r))->showing = s;
    return s;
}

void submission_handler(struct http_request *r, void *context)
{
    struct showing *s = caller_showing(r);
    struct submission sub;
    if (s == NULL) {
        s = new_showing(r);
        if (s == NULL || !read_showing(r, context, s) || !route_submission(r, context, &sub))
            return;
        memcpy(s->id, sub.id, sizeof s->id);
        http_watch(r, s->id);
    }
    show(r, s);
}

static bool read_key(struct http_request *r, const char **ret)
{
    const char *key = http_header(r, "Idempotency-Key");
    *ret = key;
    if (key == NULL)
        return true;
    const size_t length = strlen(key);
    bool plain = length >= 1 && length <= IDEMPOTENCY_KEY_MAX;
    for (const char *p = key; *p != '\0' && plain; p++)
        plain = *p >= ' ' && *p <= '~';
    if (!plain)
        http_problem_at(r, PROBLEM_BAD_REQUEST, "Idempotency-Key",
                        "expected 1 to %d printable characters", IDEMPOTENCY_KEY_MAX);
    return plain;
}

static bool read_mode(struct http_request *r, enum submission_mode *ret)
{
    const char *word = http_query(r, "mode");
    *ret = SUBMISSION_FULL;
    if (word == NULL || submission_mode_parse(word, ret, NULL) == OK)
        return true;
    http_problem_at(r, PROBLEM_BAD_QUERY, "?mode", "mode is '%.40s': expected full or visible",
                    word);
    return false;
}

static bool store_submission(struct http_request *r, struct api *api,
                             const struct submission_request *request, struct showing *s)
{
    struct err why = {0};
    bool is_new = false;
    const enum err_code rc = submission_create(api->config.store, request, s->id, &is_new, &why);
    if (rc == ERR_CONFLICT)
        http_problem(r, PROBLEM_KEY_REUSED, "%s", why.text);
    else if (rc != OK)
        http_problem_err(r, &why);
    if (rc != OK)
        return false;
    http_watch(r, s->id);
    if (is_new)
        dispatch_wake(api->config.dispatch);
    if (!is_new)
        http_add_header(r, "Idempotent-Replayed", "true");
    http_add_header(r, "Location", arena_printf(http_arena(r), "/api/v1/submissions/%s", s->id));
    return true;
}

/* Everything that can be wrong is found before anything is stored. */
static bool take_submission(struct http_request *r, struct api *api, struct showing *s)
{
    const struct lab *lab = route_available_lab(r, api);
    struct delivery *in = arena_alloc(http_arena(r), sizeof *in);
    struct submission_request request = {.user = caller_user(r)->id};
    if (lab == NULL || in == NULL || !read_showing(r, api, s) || !read_mode(r, &request.mode) ||
        !read_key(r, &request.idempotency_key) || !delivery_read(r, lab, in))
        return false;
    request.lab = lab->id;
    request.files = in->files;
    request.n_files = in->n_files;
    s->created = true;
    return store_submission(r, api, &request, s);
}

void submit_handler(struct http_request *r, void *context)
{
    struct showing *s = caller_showing(r);
    if (s == NULL) {
        s = new_showing(r);
        if (s == NULL || !take_submission(r, context, s))
            return;
    }
    show(r, s);
}

/* A page of a list is asked for by ?limit= and ?cursor=. False: the problem is answered. */
static bool read_page(struct http_request *r, size_t *ret_limit, const char **ret_cursor)
{
    uint64_t limit;
    const char *cursor = http_query(r, "cursor");
    if (!http_query_u64(r, "limit", PAGE_MAX, LIST_DEFAULT, &limit))
        return false;
    if (limit == 0 || (cursor != NULL && strlen(cursor) != ID_LENGTH)) {
        http_problem_at(r, PROBLEM_BAD_QUERY, limit == 0 ? "?limit" : "?cursor", "%s",
                        limit == 0 ? "limit is 0: expected 1 to 200"
                                   : "the cursor is none that a list gave out");
        return false;
    }
    *ret_limit = (size_t)limit;
    *ret_cursor = cursor;
    return true;
}

void submissions_handler(struct http_request *r, void *context)
{
    struct api *api = context;
    const struct lab *lab = route_lab(r, api);
    size_t limit;
    const char *cursor;
    if (lab == NULL || !read_page(r, &limit, &cursor))
        return;
    const struct submission_filter own = {.user = caller_user(r)->id, .lab = lab->id};
    struct submission *list;
    struct page page;
    struct err why = {0};
    if (submission_list(api->config.store, own, cursor, limit, http_arena(r), &list, &page, &why) !=
        OK) {
        http_problem_err(r, &why);
        return;
    }
    json_t *items = json_array();
    for (size_t i = 0; i < page.count; i++)
        json_array_append_new(items, view_submission(&list[i]));
    const bool more = page.next[0] != '\0';
    if (more)
        http_add_header(r, "Link",
                        arena_printf(http_arena(r),
                                     "</api/v1/labs/%s/submissions?limit=%zu&cursor=%s>; "
                                     "rel=\"next\"",
                                     lab->id, limit, page.next));
    http_reply_json(r, 200,
                    json_pack("{s:o, s:o}", "submissions", items, "next",
                              more ? json_string(page.next) : json_null()));
}

void submission_file_handler(struct http_request *r, void *context)
{
    struct api *api = context;
    const char *name = http_param(r, "name"), *bytes;
    size_t size;
    struct submission sub;
    struct err why = {0};
    if (!route_submission(r, api, &sub))
        return;
    if (submission_file_read(api->config.store, sub.id, name, http_arena(r), &bytes, &size, &why) !=
        OK)
        http_problem_err(r, &why);
    else
        http_reply(r, 200, media_type_of(name), bytes, size);
}
