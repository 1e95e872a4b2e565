/* serve: the database, the dispatcher and the API, from start to drain. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/admin/command.h"
#include "server/api/api.h"
#include "server/dispatch/dispatch.h"
#include "server/store/store.h"

static sigset_t stop_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

void serve_block_signals(void)
{
    const sigset_t set = stop_signals();
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* every thread to come inherits it */
    signal(SIGPIPE, SIG_IGN);               /* a client that goes away is no reason to die */
}

/* A connection is a descriptor, and 1024, the usual soft limit, are fewer than the API takes. */
static void allow_many_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* as it was, then: fewer connections are no fault */
}

/* After it a second signal ends the process at once: whoever sends it does not want to wait, and
 * what was acknowledged is on the disk. */
static void wait_for_stop(void)
{
    const sigset_t set = stop_signals();
    int which = 0;
    sigwait(&set, &which);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    fprintf(stderr, "graded: %s: stopping\n", sigdescr_np(which));
}

static enum err_code start_dispatch(const struct options *o, struct store *store,
                                    struct dispatch **ret, struct err *why)
{
    char jobs[PATH_MAX], cache[PATH_MAX];
    if ((size_t)snprintf(jobs, sizeof jobs, "%s/jobs", o->data) >= sizeof jobs ||
        (size_t)snprintf(cache, sizeof cache, "%s/cache", o->data) >= sizeof cache)
        return err_set(why, ERR_RANGE, "the path %.60s... is too long", o->data);
    return dispatch_start(&(struct dispatch_config){.store = store,
                                                    .jobs_dir = jobs,
                                                    .grade_path = o->grade,
                                                    .labs_dir = o->labs,
                                                    .cache_dir = cache,
                                                    .workers = o->workers,
                                                    .pin = true,
                                                    .log_fd = STDERR_FILENO},
                          ret, why);
}

static enum err_code start_api(const struct options *o, struct store *store,
                               struct dispatch *dispatch, struct api **ret, struct err *why)
{
    return api_start(&(struct api_config){.address = o->listen,
                                          .port = o->port,
                                          .store = store,
                                          .dispatch = dispatch,
                                          .labs_dir = o->labs,
                                          .grade_path = o->grade,
                                          .web_dir = o->web[0] != '\0' ? o->web : NULL,
                                          .secure_cookies = o->secure_cookies,
                                          .log_fd = STDERR_FILENO},
                     ret, why);
}

enum err_code serve(const struct options *o, struct store *store,
                    void (*on_ready)(void *ctx, const struct options *o, uint16_t port), void *ctx,
                    struct err *why)
{
    struct dispatch *dispatch = NULL;
    struct api *api = NULL;
    allow_many_descriptors();
    enum err_code rc = start_dispatch(o, store, &dispatch, why);
    if (rc == OK)
        rc = start_api(o, store, dispatch, &api, why);
    if (rc == OK) {
        on_ready(ctx, o, api_port(api));
        fflush(stdout);
        wait_for_stop();
    }
    api_stop(api);
    dispatch_stop(dispatch, rc == OK ? o->grace_ms : 0);
    dispatch_free(dispatch);
    return rc;
}

static void print_address(void *ctx, const struct options *o, uint16_t port)
{
    (void)ctx;
    const bool v6 = strchr(o->listen, ':') != NULL;
    printf("graded serves http://%s%s%s:%u with its data in %s\n", v6 ? "[" : "", o->listen,
           v6 ? "]" : "", port, o->data);
}

enum err_code command_serve(const struct options *o, struct err *why)
{
    struct store *store = NULL;
    int lock = -1;
    serve_block_signals();
    enum err_code rc = strict_check(o, why);
    if (rc == OK)
        rc = data_lock(o->data, &lock, why);
    if (rc == OK)
        rc = data_open_store(o->data, &store, why);
    if (rc == OK)
        rc = serve(o, store, print_address, NULL, why);
    store_close(store);
    if (lock >= 0)
        close(lock);
    return rc;
}
