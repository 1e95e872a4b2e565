/* Who I am, and my tokens. */
#include <string.h>

#include "server/api/inside.h"
#include "server/api/view.h"
#include "server/store/cohort.h"

void me_handler(struct http_request *r, void *context)
{
    struct api *api = context;
    const struct user *user = caller_user(r);
    struct cohort *cohorts;
    size_t n;
    struct err why = {0};
    if (cohort_of_user(api->config.store, user->id, http_arena(r), &cohorts, &n, &why) != OK) {
        http_problem_err(r, &why);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:s, s:o, s:s}", "id", cohorts[i].id, "name",
                                              view_text(cohorts[i].name), "role",
                                              role_word(cohorts[i].role)));
    http_reply_json(r, 200, json_pack("{s:o, s:o}", "user", view_user(user), "cohorts", list));
}

void tokens_list_handler(struct http_request *r, void *context)
{
    struct api *api = context;
    struct token *tokens;
    size_t n;
    struct err why = {0};
    if (token_list(api->config.store, caller_user(r)->id, http_arena(r), &tokens, &n, &why) != OK) {
        http_problem_err(r, &why);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, view_token(&tokens[i]));
    http_reply_json(r, 200, json_pack("{s:o}", "tokens", list));
}

/* What a person of this role may hand on. */
static unsigned scopes_of_role(enum role role)
{
    switch (role) {
    case ROLE_LEARNER:
        return SCOPE_SUBMIT | SCOPE_READ;
    case ROLE_INSTRUCTOR:
        return SCOPE_SUBMIT | SCOPE_READ | SCOPE_GRADE;
    case ROLE_ADMIN:
        return SCOPE_ALL;
    }
    return 0;
}

/* 0: the problem is answered. */
static unsigned read_scopes(struct http_request *r, const json_t *list)
{
    unsigned scopes = 0;
    if (!json_is_array(list) || json_array_size(list) == 0) {
        http_problem_at(r, PROBLEM_INVALID, "/scopes",
                        "expected a list of scopes: submit, read, grade, admin");
        return 0;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *word = json_string_value(json_array_get(list, i));
        const char *pointer = arena_printf(http_arena(r), "/scopes/%zu", i);
        enum token_scope scope;
        struct err why = {0};
        if (word == NULL || scope_parse(word, &scope, &why) != OK) {
            http_problem_at(r, PROBLEM_INVALID, pointer,
                            "expected one of submit, read, grade, admin");
            return 0;
        }
        if ((scopes_of_role(caller_user(r)->role) & scope) == 0) {
            http_problem_at(r, PROBLEM_FORBIDDEN, pointer, "your role cannot give '%s'", word);
            return 0;
        }
        scopes |= scope;
    }
    return scopes;
}

void tokens_create_handler(struct http_request *r, void *context)
{
    struct api *api = context;
    json_t *body = http_body_json(r);
    if (body == NULL)
        return;
    const char *name = json_string_value(json_object_get(body, "name"));
    if (name == NULL || name[0] == '\0' || strlen(name) > NAME_MAX_BYTES) {
        http_problem_at(r, PROBLEM_INVALID, "/name", "expected a text of 1 to %d bytes",
                        NAME_MAX_BYTES);
        return;
    }
    const unsigned scopes = read_scopes(r, json_object_get(body, "scopes"));
    if (scopes == 0)
        return;
    struct token token;
    char secret[TOKEN_SECRET_SIZE];
    struct err why = {0};
    const enum err_code rc = token_create(api->config.store, caller_user(r)->id, name, scopes,
                                          http_arena(r), &token, secret, &why);
    if (rc == ERR_LIMIT)
        http_problem(r, PROBLEM_CONFLICT, "%s", why.text); /* waiting would not help */
    else if (rc != OK)
        http_problem_err(r, &why);
    if (rc != OK)
        return;
    http_cache(r, "no-store"); /* the only time that the secret is seen */
    http_reply_json(r, 201, json_pack("{s:o, s:s}", "token", view_token(&token), "secret", secret));
}

void tokens_delete_handler(struct http_request *r, void *context)
{
    struct api *api = context;
    struct err why = {0};
    if (token_revoke(api->config.store, caller_user(r)->id, http_param(r, "id"), &why) != OK)
        http_problem_err(r, &why);
    else
        http_reply_empty(r, 204);
}
