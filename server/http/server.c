#include <arpa/inet.h>
#include <assert.h>
#include <netdb.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/parse.h"
#include "server/http/request.h"

enum {
    CONNECTION_MEMORY = 32 * 1024, /* of microhttpd for each: bounds all headers together */
    CONNECTION_IDLE_S = 30,
    UPLOAD_MAX_MS = 120 * 1000,     /* a body that takes longer is given up */
    DISCARD_MAX = 32 * 1024 * 1024, /* of a body that is refused; then we hang up */
    STOP_GRACE_MS = 5000,
};

static const char *const method_names[] = {[HTTP_GET] = "GET",
                                           [HTTP_POST] = "POST",
                                           [HTTP_PUT] = "PUT",
                                           [HTTP_PATCH] = "PATCH",
                                           [HTTP_DELETE] = "DELETE"};
enum { N_METHODS = sizeof method_names / sizeof method_names[0] };

/* ---- Routing ---- */

static const char *allow_list(struct http_request *r, unsigned methods)
{
    const char *list = "OPTIONS";
    for (size_t i = N_METHODS; i-- > 0 && list != NULL;)
        if (methods & 1u << i)
            list = arena_printf(&r->arena, "%s%s, %s", method_names[i],
                                i == HTTP_GET ? ", HEAD" : "", list);
    return list;
}

static bool is_api_path(const struct http_request *r)
{
    const char *prefix = r->server->config.api_prefix;
    const size_t length = prefix != NULL ? strlen(prefix) : 0;
    return length != 0 && strncmp(r->uri, prefix, length) == 0;
}

/* No route knows the path. */
static void answer_elsewhere(struct http_request *r, bool reads)
{
    struct static_files *files = is_api_path(r) ? NULL : r->server->config.files;
    if (files != NULL && reads) {
        static_files_reply(files, r);
    } else if (files != NULL) {
        http_add_header(r, "Allow", "GET, HEAD, OPTIONS");
        http_problem(r, PROBLEM_METHOD, "files can only be read");
    }
    http_problem(r, PROBLEM_NOT_FOUND, "there is nothing at this path"); /* unless answered */
}

/* Finds the route, or answers why there is none. */
static void find_route(struct http_request *r)
{
    if (r->bad_uri != NULL) {
        http_problem(r, PROBLEM_BAD_REQUEST, "%s", r->bad_uri);
        return;
    }
    r->head = strcmp(r->method_name, "HEAD") == 0;
    const char *name = r->head ? "GET" : r->method_name;
    size_t method = 0; /* N_METHODS: one that no route has */
    while (method < N_METHODS && strcmp(method_names[method], name) != 0)
        method++;
    unsigned methods = 0;
    r->route = route_find(r->server->config.routes, r->server->config.n_routes,
                          (enum http_method)method, &r->segments, &r->arena, &r->params, &methods);
    if (r->route != NULL)
        return;
    if (methods != 0)
        http_add_header(r, "Allow", allow_list(r, methods));
    if (methods == 0)
        answer_elsewhere(r, strcmp(name, "GET") == 0);
    else if (strcmp(name, "OPTIONS") == 0)
        http_reply_empty(r, MHD_HTTP_NO_CONTENT);
    else
        http_problem(r, PROBLEM_METHOD, "%.20s is not for this path", r->method_name);
}

/* ---- One request ---- */

static void too_large(struct http_request *r)
{
    http_problem(r, PROBLEM_TOO_LARGE, "the body is too large: at most %zu bytes are taken here",
                 r->route->body_max);
}

static void check_length(struct http_request *r)
{
    const char *length = http_header(r, MHD_HTTP_HEADER_CONTENT_LENGTH);
    uint64_t bytes = 0;
    if (length == NULL || r->route->body_max == 0)
        return;
    if (parse_u64(length, "Content-Length", 0, UINT64_MAX, &bytes, NULL) != OK ||
        bytes > r->route->body_max)
        too_large(r);
}

static void read_client(struct http_request *r)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info == NULL || info->client_addr == NULL)
        return;
    const socklen_t size = info->client_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                                    : sizeof(struct sockaddr_in);
    getnameinfo(info->client_addr, size, r->client, sizeof r->client, NULL, 0, NI_NUMERICHOST);
}

/* The headers are there. Returns the answer if the client must not send its body. */
static enum MHD_Result begin(struct http_request *r, struct MHD_Connection *connection,
                             const char *method)
{
    r->begun = true;
    r->connection = connection;
    r->waiter.connection = connection;
    r->method_name = arena_strdup(&r->arena, method);
    if (r->method_name == NULL)
        return MHD_NO;
    read_client(r);
    find_route(r);
    if (!http_answered(r) && r->server->config.admit != NULL)
        r->server->config.admit(r, r->server->config.context);
    if (!http_answered(r))
        check_length(r);
    if (!http_answered(r))
        str_init(&r->body, r->route->body_max);
    /* A client that asks first is told at once. Others are sending already: closing now would
     * reset the connection under them before they read the answer, so their body is thrown away. */
    if (http_answered(r) && http_header(r, MHD_HTTP_HEADER_EXPECT) != NULL)
        return reply_send(r);
    return MHD_YES;
}

static enum MHD_Result take_body(struct http_request *r, const char *bytes, size_t size)
{
    if (wait_now_ms() - r->start_ms > UPLOAD_MAX_MS)
        return MHD_NO;
    if (!http_answered(r) && r->route->body_max != 0) {
        str_add_bytes(&r->body, bytes, size);
        if (!r->body.cut)
            return MHD_YES;
        str_done(&r->body);
        too_large(r);
    }
    r->discarded += size;
    return r->discarded <= DISCARD_MAX ? MHD_YES : MHD_NO;
}

/* All of the request is there, or what it waited for has happened. */
static enum MHD_Result answer(struct http_request *r)
{
    if (!http_answered(r)) {
        do {
            r->again = false;
            r->route->handler(r, r->server->config.context);
        } while (r->again);
    }
    if (!http_answered(r))
        return MHD_YES; /* suspended */
    return reply_send(r);
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *upload,
                                 size_t *upload_size, void **request)
{
    (void)cls, (void)url, (void)version;
    struct http_request *r = *request;
    if (r == NULL)
        return MHD_NO;
    if (!r->begun)
        return begin(r, connection, method);
    if (*upload_size == 0)
        return answer(r);
    const enum MHD_Result result = take_body(r, upload, *upload_size);
    *upload_size = 0;
    return result;
}

static void *on_uri(void *cls, const char *uri, struct MHD_Connection *connection)
{
    (void)connection;
    struct http_server *s = cls;
    struct http_request *r = request_new(s, uri);
    if (r != NULL)
        atomic_fetch_add(&s->active, 1);
    return r;
}

/* "2026-01-31T12:00:00.123Z GET /api/v1/me 200 3 ms 120 bytes 0123abcd". The query is left out: it
 * may hold what people would not want in a log. */
static void write_log(const struct http_request *r)
{
    char path[200], line[400], when[32];
    size_t n = 0;
    for (; n < sizeof path - 1 && r->uri[n] != '\0' && r->uri[n] != '?'; n++)
        path[n] = r->uri[n] > ' ' && r->uri[n] <= '~' ? r->uri[n] : '?';
    path[n] = '\0';
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &utc));
    const int length =
        snprintf(line, sizeof line, "%s.%03ldZ %.10s %s %u %lld ms %zu bytes %s\n", when,
                 now.tv_nsec / 1000000, r->method_name != NULL ? r->method_name : "-", path,
                 r->reply.status, (long long)(wait_now_ms() - r->start_ms), r->sent_bytes, r->id);
    /* one write, so that lines of several threads do not mix; nothing helps if it fails */
    if (write(r->server->config.log_fd, line, (size_t)length) < 0)
        return;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode how)
{
    (void)connection, (void)how;
    struct http_server *s = cls;
    struct http_request *r = *request;
    if (r == NULL)
        return;
    if (s->config.log_fd >= 0)
        write_log(r);
    request_free(r);
    *request = NULL;
    atomic_fetch_sub(&s->active, 1);
}

static void on_log(void *cls, const char *format, va_list args) PRINTF_LIKE(2, 0);
static void on_log(void *cls, const char *format, va_list args)
{
    const struct http_server *s = cls;
    if (s->config.log_fd >= 0)
        vdprintf(s->config.log_fd, format, args);
}

/* ---- Starting and stopping ---- */

static enum err_code read_address(const struct http_config *c, struct sockaddr_storage *ret,
                                  struct err *why)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
    memset(ret, 0, sizeof *ret);
    if (inet_pton(AF_INET, c->address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(c->port);
    } else if (inet_pton(AF_INET6, c->address, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(c->port);
    } else {
        return err_set(why, ERR_INVALID, "the address '%s' is neither IPv4 nor IPv6", c->address);
    }
    return OK;
}

static enum err_code start_daemon(struct http_server *s, struct err *why)
{
    struct sockaddr_storage address;
    const enum err_code rc = read_address(&s->config, &address, why);
    if (rc != OK)
        return rc;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    if (address.ss_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    s->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_access, s, MHD_OPTION_EXTERNAL_LOGGER, on_log, s,
        MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_THREAD_POOL_SIZE, s->config.threads,
        MHD_OPTION_CONNECTION_LIMIT, s->config.connections,
        /* one address, which may be a proxy or a classroom, leaves half to others */
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (s->config.connections + 1) / 2,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_IDLE_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT,
        1, MHD_OPTION_URI_LOG_CALLBACK, on_uri, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
        MHD_OPTION_END);
    if (s->daemon == NULL)
        return err_set(why, ERR_IO, "cannot listen on %s port %u: is it taken?", s->config.address,
                       s->config.port);
    s->port = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    return OK;
}

enum err_code http_start(const struct http_config *config, struct http_server **ret,
                         struct err *why)
{
    assert(config->threads >= 1 && config->threads <= HTTP_THREADS_MAX);
    if (sodium_init() < 0)
        return err_set(why, ERR_INTERNAL, "libsodium does not start");
    struct http_server *s = calloc(1, sizeof *s);
    if (s == NULL)
        return err_set(why, ERR_NOMEM, "no memory for the server");
    s->config = *config;
    enum err_code rc = wait_room_new(&s->room, why);
    if (rc == OK)
        rc = start_daemon(s, why);
    if (rc != OK) {
        wait_room_free(s->room);
        free(s);
        return rc;
    }
    *ret = s;
    return OK;
}

uint16_t http_port(const struct http_server *s)
{
    return s->port;
}

void http_stop(struct http_server *s)
{
    if (s == NULL)
        return;
    const MHD_socket listening = MHD_quiesce_daemon(s->daemon);
    wait_close(s->room);
    const int64_t until_ms = wait_now_ms() + STOP_GRACE_MS;
    while (atomic_load(&s->active) > 0 && wait_now_ms() < until_ms)
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    MHD_stop_daemon(s->daemon);
    if (listening != MHD_INVALID_SOCKET)
        close(listening);
    wait_room_free(s->room);
    free(s);
}
