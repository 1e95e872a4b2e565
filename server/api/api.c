#include "server/api/api.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/api/inside.h"
#include "server/dispatch/lab_list.h"
#include "server/http/static_files.h"
#include "server/store/job.h"
#include "server/store/lab.h"

enum {
    JSON_BODY_MAX = 16 * 1024,
    SUBMISSION_BODY_MAX = 8 * 1024 * 1024, /* a form or a tarball with all its files */
    THREADS_DEFAULT = 8,
    CONNECTIONS_DEFAULT = 2048,
    LOGIN_BURST_DEFAULT = 10,
    ADDRESS_BURST_DEFAULT = 60,
    SIGN_IN_REFILL_MS = 6000,
};

#define BASE "/api/v1"
const struct http_route api_routes[] = {
    {HTTP_GET, "/healthz", health_handler, 0, ACCESS_PUBLIC},
    {HTTP_GET, BASE "/openapi.json", openapi_handler, 0, ACCESS_PUBLIC},
    {HTTP_POST, BASE "/sessions", session_create_handler, JSON_BODY_MAX, ACCESS_PUBLIC},
    {HTTP_DELETE, BASE "/sessions/current", session_delete_handler, 0, ACCESS_PUBLIC},
    {HTTP_GET, BASE "/me", me_handler, 0, SCOPE_READ},
    {HTTP_GET, BASE "/tokens", tokens_list_handler, 0, SCOPE_READ},
    {HTTP_POST, BASE "/tokens", tokens_create_handler, JSON_BODY_MAX, ACCESS_SESSION},
    {HTTP_DELETE, BASE "/tokens/{id}", tokens_delete_handler, 0, ACCESS_SESSION},
    {HTTP_GET, BASE "/modules", modules_handler, 0, SCOPE_READ},
    {HTTP_GET, BASE "/labs", labs_handler, 0, SCOPE_READ},
    {HTTP_GET, BASE "/labs/{id}", lab_handler, 0, SCOPE_READ},
    {HTTP_GET, BASE "/labs/{id}/files/{path...}", lab_file_handler, 0, SCOPE_READ},
    {HTTP_GET, BASE "/labs/{id}/submissions", submissions_handler, 0, SCOPE_READ},
    {HTTP_POST, BASE "/labs/{id}/submissions", submit_handler, SUBMISSION_BODY_MAX, SCOPE_SUBMIT},
    {HTTP_GET, BASE "/submissions/{id}", submission_handler, 0, SCOPE_READ},
    {HTTP_GET, BASE "/submissions/{id}/events", events_handler, 0, SCOPE_READ},
    {HTTP_GET, BASE "/submissions/{id}/{report}", submission_handler, 0, SCOPE_READ},
    {HTTP_GET, BASE "/submissions/{id}/files/{name}", submission_file_handler, 0, SCOPE_READ},
};
const size_t api_n_routes = sizeof api_routes / sizeof api_routes[0];

void health_handler(struct http_request *r, void *context)
{
    struct api *api = context;
    struct job_counts counts;
    struct err why = {0};
    if (job_count(api->config.store, &counts, &why) != OK) {
        http_problem_err(r, &why);
        return;
    }
    http_cache(r, "no-store");
    http_reply_json(r, 200, json_pack("{s:s}", "status", "ok"));
}

static void on_fault(void *catalogue, const char *folder, const char *why)
{
    catalogue_mark(catalogue, folder, why);
}

/* A grader that cannot be asked is told in the log; its jobs will say more. */
static void ask_grader(struct api *api)
{
    const struct api_config *c = &api->config;
    struct err why;
    if (c->grade_path != NULL &&
        lab_list_faults(c->grade_path, c->labs_dir, on_fault, api->catalogue, &why) != OK &&
        c->log_fd >= 0)
        dprintf(c->log_fd, "course: %s\n", why.text);
}

/* Whoever starts the server reads what is wrong with the course; the rest of it is served. */
static void tell_faults(const struct api *api)
{
    const struct catalogue *c = api->catalogue;
    for (size_t i = 0; i < c->n_modules; i++)
        if (c->modules[i].fault != NULL)
            dprintf(api->config.log_fd, "course: %s\n", c->modules[i].fault);
    for (size_t i = 0; i < c->n_labs; i++)
        if (c->labs[i].unavailable != NULL)
            dprintf(api->config.log_fd, "course: lab %s is unavailable: %s\n", c->labs[i].id,
                    c->labs[i].unavailable);
}

/* Every lab gets its row before anyone can submit to it. */
static enum err_code register_labs(struct api *api, struct err *why)
{
    enum err_code rc = OK;
    for (size_t i = 0; i < api->catalogue->n_labs && rc == OK; i++) {
        const struct lab *lab = &api->catalogue->labs[i];
        if (lab->unavailable == NULL)
            rc = lab_put(api->config.store, lab->id, lab->title, why);
    }
    return rc;
}

static void free_all(struct api *api)
{
    static_files_close(api->files);
    throttle_free(api->logins);
    throttle_free(api->addresses);
    catalogue_free(api->catalogue);
    free(api);
}

static enum err_code start_http(struct api *api, struct err *why)
{
    const struct api_config *c = &api->config;
    return http_start(
        &(struct http_config){
            .address = c->address != NULL ? c->address : "127.0.0.1",
            .port = c->port,
            .threads = c->threads != 0 ? c->threads : THREADS_DEFAULT,
            .connections = c->connections != 0 ? c->connections : CONNECTIONS_DEFAULT,
            .routes = api_routes,
            .n_routes = api_n_routes,
            .admit = auth_admit,
            .context = api,
            .api_prefix = "/api/",
            .files = api->files,
            .log_fd = c->log_fd,
        },
        &api->http, why);
}

/* A worker of the dispatcher has news of a submission. */
static void on_change(void *http, const char *submission)
{
    http_wake(http, submission);
}

enum err_code api_start(const struct api_config *config, struct api **ret, struct err *why)
{
    struct api *api = calloc(1, sizeof *api);
    if (api == NULL)
        return err_set(why, ERR_NOMEM, "no memory for the API");
    api->config = *config;
    const unsigned logins = config->login_burst != 0 ? config->login_burst : LOGIN_BURST_DEFAULT;
    const unsigned addresses =
        config->address_burst != 0 ? config->address_burst : ADDRESS_BURST_DEFAULT;
    enum err_code rc = catalogue_read(config->labs_dir, &api->catalogue, why);
    if (rc == OK)
        ask_grader(api);
    if (rc == OK && config->log_fd >= 0)
        tell_faults(api);
    if (rc == OK)
        rc = register_labs(api, why);
    if (rc == OK)
        rc = throttle_new(logins, SIGN_IN_REFILL_MS, &api->logins, why);
    if (rc == OK)
        rc = throttle_new(addresses, SIGN_IN_REFILL_MS, &api->addresses, why);
    if (rc == OK && config->web_dir != NULL)
        rc = static_files_open(config->web_dir, &api->files, why);
    if (rc == OK)
        rc = start_http(api, why);
    if (rc != OK) {
        free_all(api);
        return rc;
    }
    dispatch_listen(config->dispatch, on_change, api->http);
    *ret = api;
    return OK;
}

uint16_t api_port(const struct api *api)
{
    return http_port(api->http);
}

void api_stop(struct api *api)
{
    if (api == NULL)
        return;
    dispatch_listen(api->config.dispatch, NULL, NULL);
    http_stop(api->http);
    free_all(api);
}
