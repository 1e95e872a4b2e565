/* What the files of this folder share. */
#pragma once

#include <stdatomic.h>

#include "server/api/api.h"
#include "server/api/catalogue.h"
#include "server/api/throttle.h"
#include "server/http/http.h"
#include "server/store/submission.h"
#include "server/store/token.h"
#include "server/store/user.h"

struct api {
    struct api_config config;
    struct http_server *http;
    struct static_files *files;
    struct catalogue *catalogue;
    struct throttle *logins, *addresses;
    atomic_int signing_in;
};

/* The access mark of a route: the scopes that a token needs (bits of enum token_scope), or: */
enum {
    ACCESS_PUBLIC = 0,
    ACCESS_SESSION = 1 << 8, /* signed in by password; a token is not enough */
};

/* Who asks; http_user() of every route that is not public. */
struct caller {
    struct user user;
    bool by_token;
    struct showing *showing; /* what a request that waits will show; NULL: it does not */
};

/* Before each handler: who is it, may they, does the request come from our own pages? */
void auth_admit(struct http_request *r, void *context);
static inline const struct user *caller_user(const struct http_request *r)
{
    return &((const struct caller *)http_user(r))->user;
}

/* The lab that the path names; NULL: the problem is answered. */
const struct lab *route_lab(struct http_request *r, const struct api *api);
/* The same for a lab that can be graded; else the problem tells staff why. */
const struct lab *route_available_lab(struct http_request *r, const struct api *api);
/* The same for a submission, which the caller must be allowed to see. */
bool route_submission(struct http_request *r, struct api *api, struct submission *ret);
const char *media_type_of(const char *path);

http_handler session_create_handler, session_delete_handler, me_handler;
http_handler tokens_list_handler, tokens_create_handler, tokens_delete_handler;
http_handler modules_handler, labs_handler, lab_handler, lab_file_handler;
http_handler submit_handler, submissions_handler, submission_handler, submission_file_handler;
http_handler events_handler, openapi_handler, health_handler;

/* The routes, for the server and for the test that compares them with openapi.json. */
extern const struct http_route api_routes[];
extern const size_t api_n_routes;
