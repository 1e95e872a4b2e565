#include "server/api/view.h"

#include <stdio.h>
#include <time.h>

json_t *view_time(int64_t ms)
{
    if (ms == 0)
        return json_null();
    const time_t s = (time_t)(ms / 1000);
    struct tm utc;
    char text[32];
    if (gmtime_r(&s, &utc) == NULL)
        return json_null();
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    return json_sprintf("%s.%03dZ", text, (int)(ms % 1000));
}

json_t *view_text(const char *text)
{
    json_t *json = text != NULL ? json_string(text) : NULL;
    return json != NULL ? json : json_null();
}

json_t *view_user(const struct user *user)
{
    return json_pack("{s:s, s:s, s:o, s:s}", "id", user->id, "login", user->login, "name",
                     view_text(user->name), "role", role_word(user->role));
}

json_t *view_token(const struct token *token)
{
    json_t *scopes = json_array();
    for (unsigned bit = 1; bit < SCOPE_ALL; bit <<= 1)
        if (token->scopes & bit)
            json_array_append_new(scopes, json_string(scope_word((enum token_scope)bit)));
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "id", token->id, "name", view_text(token->name),
                     "scopes", scopes, "created_at", view_time(token->created_ms), "last_used_at",
                     view_time(token->last_used_ms));
}

static const char *status_of(const struct score *score)
{
    if (score == NULL || score->attempts == 0)
        return "new";
    return score->pass ? "passed" : "started";
}

/* What one learner has of a lab. */
static void add_progress(json_t *json, const struct score *score)
{
    json_object_set_new(json, "status", json_string(status_of(score)));
    json_object_set_new(json, "attempts", json_integer(score != NULL ? score->attempts : 0));
    json_object_set_new(json, "best",
                        score == NULL
                            ? json_null()
                            : json_pack("{s:s, s:f, s:s, s:b}", "submission", score->submission,
                                        "score", score->score, "verdict", score->verdict, "pass",
                                        (int)score->pass));
}

/* A copy, because requests on several threads must not share what they build upon. */
json_t *view_lab_brief(const struct lab *lab, const struct score *score, bool staff)
{
    json_t *json = json_deep_copy(lab->brief);
    if (json == NULL)
        return NULL;
    add_progress(json, score);
    json_object_set_new(json, "available", json_boolean(lab->unavailable == NULL));
    if (lab->unavailable != NULL && staff)
        json_object_set_new(json, "unavailable_reason", view_text(lab->unavailable));
    return json;
}

json_t *view_lab(const struct lab *lab, const struct score *score)
{
    json_t *json = view_lab_brief(lab, score, false);
    json_t *detail = json_deep_copy(lab->detail);
    if (json != NULL && detail != NULL)
        json_object_update(json, detail);
    json_decref(detail);
    return json;
}

static json_t *view_files(const struct submission *s)
{
    json_t *files = json_array();
    for (size_t i = 0; s->files != NULL && i < s->n_files; i++) {
        char hex[2 * SHA256_BYTES + 1];
        for (size_t b = 0; b < SHA256_BYTES; b++)
            snprintf(hex + 2 * b, 3, "%02x", s->files[i].sha256[b]);
        json_array_append_new(files, json_pack("{s:s, s:I, s:s}", "name", s->files[i].name, "bytes",
                                               (json_int_t)s->files[i].size, "sha256", hex));
    }
    return files;
}

json_t *view_submission(const struct submission *s)
{
    enum { MAX_SCORE = 100 }; /* of every lab; lab.json is checked for it */
    json_t *json = json_pack(
        "{s:s, s:s, s:o, s:s, s:s, s:s, s:o, s:o, s:o}", "id", s->id, "lab", s->lab, "lab_title",
        view_text(s->lab_title), "user", s->login, "state", submission_state_word(s->state), "mode",
        submission_mode_word(s->mode), "created_at", view_time(s->created_ms), "started_at",
        view_time(s->started_ms), "finished_at", view_time(s->finished_ms));
    json_t *more = json_pack("{s:o, s:o, s:o, s:f, s:o, s:o, s:n}", "queue_position",
                             s->queue_position != 0 ? json_integer(s->queue_position) : json_null(),
                             "verdict", s->has_report ? json_string(s->verdict) : json_null(),
                             "score", s->has_report ? json_real(s->score) : json_null(),
                             "max_score", s->has_report ? s->max_score : (double)MAX_SCORE, "pass",
                             s->has_report ? json_boolean(s->pass) : json_null(), "files",
                             view_files(s), "report");
    if (json != NULL && more != NULL)
        json_object_update(json, more);
    json_decref(more);
    return json;
}

json_t *view_report(const struct report *report)
{
    struct str text;
    str_init(&text, REPORT_JSON_MAX);
    report_write_json(report, &text);
    json_t *json = json_loadb(text.text, text.length, 0, NULL);
    str_done(&text);
    return json;
}
