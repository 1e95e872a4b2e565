/* The JSON of the things the API shows; openapi.json has the same shapes. NULL: out of memory,
 * which http_reply_json takes. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "grader/report/report.h"
#include "server/api/catalogue.h"
#include "server/store/score.h"
#include "server/store/submission.h"
#include "server/store/token.h"

/* RFC 3339 in UTC, with milliseconds; null for 0. */
json_t *view_time(int64_t ms);
/* A text of a stranger: null where it is no UTF-8. */
json_t *view_text(const char *text);
json_t *view_user(const struct user *user);
json_t *view_token(const struct token *token);
/* `score` NULL: no attempt that counts. Staff are told why a lab is unavailable. */
json_t *view_lab_brief(const struct lab *lab, const struct score *score, bool staff);
/* Of a lab that is available. */
json_t *view_lab(const struct lab *lab, const struct score *score);
json_t *view_submission(const struct submission *s);
json_t *view_report(const struct report *report);
