/* The HTTP API of graded, /api/v1, and the web app beside it. server/openapi.json describes it.
 *
 *     struct api *api = NULL;
 *     rc = api_start(&(struct api_config){.address = "127.0.0.1", .store = s, ...}, &api, why);
 *     printf("http://127.0.0.1:%u\n", api_port(api));
 *     api_stop(api);                  before dispatch_free: it listens to the dispatcher */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "server/dispatch/dispatch.h"
#include "server/store/store.h"

struct api_config {
    const char *address;       /* numeric: "127.0.0.1", "::1"; NULL: "127.0.0.1" */
    uint16_t port;             /* 0: any free one; api_port() tells */
    struct store *store;       /* this and the next are the caller's until api_stop */
    struct dispatch *dispatch; /* woken after each submission; tells when something changes */
    const char *labs_dir;      /* read once, at start */
    const char *grade_path;    /* asked once what it knows against labs; NULL: nobody asks */
    const char *web_dir;       /* the built web app; NULL: none is served */
    unsigned threads;          /* 0: eight */
    unsigned connections;      /* 0: 2048 */
    bool secure_cookies;       /* sessions only over https: set it behind a proxy that ends TLS */
    int log_fd;                /* the access log; -1: none */
    /* Sign-ins that one login, and one address, may try in a burst; one more comes back every six
     * seconds. 0: 10 and 60. */
    unsigned login_burst, address_burst;
};

struct api;

/* A wrong lab.json or module.json is told in the log and makes that lab unavailable. */
MUST_CHECK enum err_code api_start(const struct api_config *config, struct api **ret,
                                   struct err *why);
uint16_t api_port(const struct api *api);
/* Takes no new connections, ends waits and streams, returns when the last request has ended. NULL
 * is fine. */
void api_stop(struct api *api);
