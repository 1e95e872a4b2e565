/* The server, over real connections, serving next to nothing. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "server/http/http.h"
#include "server/http/static_files.h"
#include "server/http/testing.h"

enum { ECHO_MAX = 1000, WAIT_MS = 5000 };

struct fixture {
    char dir[64];
    int log[2]; /* a pipe: the access log */
    struct static_files *files;
    struct http_server *server;
    struct client client;
    atomic_int news, waiting;
};

/* ---- What it serves ---- */

static void echo(struct http_request *r, void *context)
{
    (void)context;
    size_t size;
    const void *body = http_body(r, &size);
    http_reply(r, 200, "application/octet-stream", body, size);
}

static void long_text(struct http_request *r, void *context)
{
    (void)context;
    char *text = arena_alloc(http_arena(r), 5000);
    memset(text, 'a', 5000);
    http_reply(r, 200, "text/plain; charset=utf-8", text, 5000);
}

static void want_json(struct http_request *r, void *context)
{
    (void)context;
    uint64_t n;
    if (http_body_json(r) != NULL && http_query_u64(r, "n", 10, 3, &n))
        http_reply_json(r, 200, json_pack("{s:I}", "n", (json_int_t)n));
}

static void wait_for_news(struct http_request *r, void *context)
{
    struct fixture *f = context;
    if (http_user(r) == NULL) {
        int64_t *until_ms = arena_alloc(http_arena(r), sizeof *until_ms);
        uint64_t ms;
        if (!http_query_u64(r, "ms", WAIT_MS, WAIT_MS, &ms))
            return;
        *until_ms = http_now_ms() + (int64_t)ms;
        http_set_user(r, until_ms);
        http_watch(r, http_param(r, "topic"));
        atomic_fetch_add(&f->waiting, 1);
    }
    const int64_t *until_ms = http_user(r);
    if (atomic_load(&f->news) == 0 && http_wait(r, *until_ms))
        return;
    http_reply_json(r, 200, json_pack("{s:i}", "news", atomic_load(&f->news)));
}

static bool next_news(struct http_request *r, void *context, struct str *out)
{
    (void)r;
    struct {
        struct fixture *f;
        int sent;
    } *s = context;
    for (; s->sent < atomic_load(&s->f->news); s->sent++)
        str_printf(out, "id: %d\ndata: news\n\n", s->sent + 1);
    return s->sent < 3;
}

static void stream_news(struct http_request *r, void *context)
{
    struct {
        struct fixture *f;
        int sent;
    } *s = arena_alloc(http_arena(r), sizeof *s);
    s->f = context;
    http_watch(r, "news");
    atomic_fetch_add(&s->f->waiting, 1);
    http_reply_stream(r, next_news, s);
}

static void admit(struct http_request *r, void *context)
{
    (void)context;
    if (http_route(r)->access != 0)
        http_problem(r, PROBLEM_UNAUTHENTICATED, "not here");
}

static const struct http_route routes[] = {
    {HTTP_POST, "/api/echo", echo, ECHO_MAX, 0},
    {HTTP_POST, "/api/closed", echo, ECHO_MAX, 1},
    {HTTP_GET, "/api/text", long_text, 0, 0},
    {HTTP_POST, "/api/json", want_json, ECHO_MAX, 0},
    {HTTP_GET, "/api/wait/{topic}", wait_for_news, 0, 0},
    {HTTP_GET, "/api/stream", stream_news, 0, 0},
};

/* ---- Set-up ---- */

static void put(const char *dir, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(file_replace(AT_FDCWD, path, text, strlen(text), NULL), OK);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    char web[128];
    strcpy(f->dir, "/tmp/graded-http-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(web, sizeof web, "%s/web/assets", f->dir);
    assert_int_equal(file_make_dirs(web, NULL), OK);
    put(f->dir, "secret.txt", "secret");
    put(f->dir, "web/index.html", "<!doctype html><title>graded</title>");
    put(f->dir, "web/.hidden", "secret");
    put(f->dir, "web/assets/index-B7kX9a1Z.js", "export {}");
    put(f->dir, "web/assets/some-longname.svg", "<svg/>");
    snprintf(web, sizeof web, "%s/web/link.txt", f->dir);
    assert_int_equal(symlink("../secret.txt", web), 0);
    snprintf(web, sizeof web, "%s/web", f->dir);
    struct err why = {0};
    assert_int_equal(static_files_open(web, &f->files, &why), OK);
    assert_int_equal(pipe2(f->log, O_CLOEXEC | O_NONBLOCK), 0);
    const struct http_config config = {.address = "127.0.0.1",
                                       .threads = 2,
                                       .connections = 400,
                                       .routes = routes,
                                       .n_routes = sizeof routes / sizeof routes[0],
                                       .admit = admit,
                                       .context = f,
                                       .api_prefix = "/api/",
                                       .files = f->files,
                                       .log_fd = f->log[1]};
    if (http_start(&config, &f->server, &why) != OK)
        fail_msg("%s", why.text);
    client_open(&f->client, http_port(f->server));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = {"web/assets/index-B7kX9a1Z.js",
                                        "web/assets/some-longname.svg",
                                        "web/assets",
                                        "web/.hidden",
                                        "web/index.html",
                                        "web/link.txt",
                                        "web",
                                        "secret.txt"};
    struct fixture *f = *state;
    client_close(&f->client);
    http_stop(f->server);
    static_files_close(f->files);
    close(f->log[0]);
    close(f->log[1]);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", f->dir, names[i]);
        remove(path);
    }
    rmdir(f->dir);
    free(f);
    return 0;
}

/* Until so many requests are inside their handlers. */
static void await_waiting(struct fixture *f, int n)
{
    for (int i = 0; i < 2500 && atomic_load(&f->waiting) < n; i++)
        usleep(2000);
    assert_int_equal(atomic_load(&f->waiting), n);
}

/* ---- Tests ---- */

static void a_body_comes_back_over_one_connection(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(CALL(&f->client, .path = "/api/echo", .body = "a\0b", .size = 3), 200);
    assert_int_equal(f->client.body.length, 3);
    assert_memory_equal(f->client.body.text, "a\0b", 3);
    assert_int_equal(f->client.connects, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(CALL(&f->client, .path = "/api/text"), 200);
        assert_int_equal(f->client.connects, 0);
    }
}

static void a_body_is_taken_up_to_its_bound(void **state)
{
    struct fixture *f = *state;
    char *body = calloc(1, 5 * 1000 * 1000);
    assert_int_equal(CALL(&f->client, .path = "/api/echo", .body = body, .size = ECHO_MAX), 200);
    assert_int_equal(CALL(&f->client, .path = "/api/echo", .body = body, .size = ECHO_MAX + 1),
                     413);
    assert_string_equal(client_header(&f->client, "Content-Type"), "application/problem+json");
    assert_int_equal(CALL(&f->client, .path = "/api/echo", .body = body, .size = 5000000), 413);
    assert_int_equal(CALL(&f->client, .path = "/api/echo", .body = body, .size = 5000000,
                          .headers = {"Transfer-Encoding: chunked"}),
                     413);
    assert_int_equal(CALL(&f->client, .path = "/api/echo", .body = body, .size = 5000000,
                          .headers = {"Expect: 100-continue"}),
                     413);
    assert_int_equal(CALL(&f->client, .path = "/api/closed", .body = body, .size = 5000000), 401);
    assert_string_equal(client_header(&f->client, "WWW-Authenticate"), "Bearer realm=\"graded\"");
    free(body);
}

static void json_is_asked_for_and_checked(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *type, *path, *body;
        long status;
    } table[] = {
        {"Content-Type: application/json", "/api/json", "{}", 200},
        {"Content-Type: Application/JSON; charset=utf-8", "/api/json?n=10", "{\"a\":1}", 200},
        {"Content-Type: application/json", "/api/json", "{", 400},
        {"Content-Type: application/json", "/api/json", "", 400},
        {"Content-Type: application/json", "/api/json", "[]", 400},
        {"Content-Type: application/json", "/api/json", "{\"a\":1,\"a\":2}", 400},
        {"Content-Type: application/json", "/api/json", "{\"a\":\"\\u0000\"}", 400},
        {"Content-Type: application/json", "/api/json", "{\"a\":\"\xff\"}", 400},
        {"Content-Type: text/plain", "/api/json", "{}", 415},
        {"Content-Type:", "/api/json", "{}", 415},
        {"Content-Type: application/json", "/api/json?n=11", "{}", 400},
        {"Content-Type: application/json", "/api/json?n=x", "{}", 400},
        {"Content-Type: application/json", "/api/json?n=%00", "{}", 400},
        {"Content-Type: application/json", "/api/json?n=%4", "{}", 400},
        {"Content-Type: application/json", "/api/json?a=%2B1&n=+1", "{}", 400},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const long status = CALL(&f->client, .path = table[i].path, .body = table[i].body,
                                 .headers = {table[i].type});
        if (status != table[i].status)
            fail_msg("%s with %s: %ld %s", table[i].path, table[i].body, status,
                     f->client.body.text);
    }
}

static void a_problem_is_json_or_one_line(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(CALL(&f->client, .path = "/api/nothing"), 404);
    assert_non_null(f->client.json);
    assert_int_equal(json_integer_value(json_object_get(f->client.json, "status")), 404);
    assert_string_equal(json_string_value(json_object_get(f->client.json, "request_id")),
                        client_header(&f->client, "X-Request-Id"));
    static const char *const people[][2] = {{"Accept: text/plain", "User-Agent: x"},
                                            {"Accept: */*", "User-Agent: curl/8.0"}};
    for (int i = 0; i < 2; i++) {
        CALL(&f->client, .path = "/api/nothing", .headers = {people[i][0], people[i][1]});
        assert_null(f->client.json);
        assert_non_null(strstr(f->client.body.text, "404 There is no such thing: "));
        assert_int_equal(strcspn(f->client.body.text, "\n"), f->client.body.length - 1);
    }
    CALL(&f->client, .path = "/api/nothing", .headers = {"Accept: */*", "User-Agent: python"});
    assert_non_null(f->client.json);
}

static void methods_are_told_apart(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(CALL(&f->client, .method = "HEAD", .path = "/api/text"), 200);
    assert_string_equal(client_header(&f->client, "Content-Length"), "5000");
    assert_int_equal(f->client.body.length, 0);
    assert_int_equal(CALL(&f->client, .method = "OPTIONS", .path = "/api/text"), 204);
    assert_string_equal(client_header(&f->client, "Allow"), "GET, HEAD, OPTIONS");
    assert_int_equal(CALL(&f->client, .method = "DELETE", .path = "/api/text"), 405);
    assert_string_equal(client_header(&f->client, "Allow"), "GET, HEAD, OPTIONS");
    assert_int_equal(CALL(&f->client, .method = "BREW", .path = "/api/echo"), 405);
    assert_string_equal(client_header(&f->client, "Allow"), "POST, OPTIONS");
    assert_int_equal(CALL(&f->client, .method = "PUT", .path = "/index.html"), 405);
}

static void a_known_entity_is_not_sent_again(void **state)
{
    struct fixture *f = *state;
    char header[200];
    static const char *const paths[] = {"/api/text", "/", "/assets/index-B7kX9a1Z.js"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(CALL(&f->client, .path = paths[i]), 200);
        snprintf(header, sizeof header, "If-None-Match: %s", client_header(&f->client, "ETag"));
        assert_int_equal(CALL(&f->client, .path = paths[i], .headers = {header}), 304);
        assert_int_equal(f->client.body.length, 0);
        assert_non_null(client_header(&f->client, "ETag"));
        assert_int_equal(
            CALL(&f->client, .path = paths[i], .headers = {"If-None-Match: \"other\""}), 200);
    }
}

static void gzip_is_sent_where_it_helps(void **state)
{
    struct fixture *f = *state;
    CALL(&f->client, .path = "/api/text", .headers = {"Accept-Encoding: gzip"});
    assert_string_equal(client_header(&f->client, "Content-Encoding"), "gzip");
    assert_true(f->client.body.length < 100);
    assert_memory_equal(f->client.body.text, "\x1f\x8b", 2);
    CALL(&f->client, .path = "/api/text");
    assert_null(client_header(&f->client, "Content-Encoding"));
    CALL(&f->client, .path = "/api/nothing", .headers = {"Accept-Encoding: gzip"});
    assert_null(client_header(&f->client, "Content-Encoding")); /* too short */
}

static void only_the_web_app_is_served(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *path;
        long status;
        const char *cache; /* NULL: any */
    } table[] = {
        {"/", 200, "no-cache"},
        {"/index.html", 200, "no-cache"},
        {"/labs/whatever/page", 200, "no-cache"}, /* a page of the app */
        {"/assets/index-B7kX9a1Z.js", 200, "public, max-age=31536000, immutable"},
        {"/assets/some-longname.svg", 200, "no-cache"},
        {"/labs/3.2", 200, "no-cache"}, /* another, with a dot */
        {"/missing.js", 404, NULL},
        {"/api/missing", 404, NULL},
        {"/../secret.txt", 404, NULL},
        {"/../../etc/passwd", 404, NULL},
        {"/.well-known/x", 404, NULL},
        {"/%2e%2e/secret.txt", 404, NULL},
        {"/..%2fsecret.txt", 404, NULL},
        {"/assets/../../secret.txt", 404, NULL},
        {"/assets/..%5c..%5csecret.txt", 404, NULL},
        {"//etc/passwd.txt", 404, NULL},
        {"/link.txt", 404, NULL},
        {"/.hidden", 404, NULL},
        {"/index.html%00.js", 400, NULL},
        {"/a%zz", 400, NULL},
        {"/index.html/x.js", 404, NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const long status = CALL(&f->client, .path = table[i].path);
        const char *cache = client_header(&f->client, "Cache-Control");
        if (status != table[i].status ||
            strstr(f->client.body.text, "secret") == f->client.body.text)
            fail_msg("%s: %ld %s", table[i].path, status, f->client.body.text);
        if (table[i].cache != NULL)
            assert_string_equal(cache, table[i].cache);
    }
}

static void a_changed_file_is_read_again(void **state)
{
    struct fixture *f = *state;
    CALL(&f->client, .path = "/index.html");
    put(f->dir, "web/index.html", "new");
    CALL(&f->client, .path = "/index.html");
    assert_string_equal(f->client.body.text, "new");
}

static void browsers_are_told_to_be_careful(void **state)
{
    struct fixture *f = *state;
    CALL(&f->client, .path = "/");
    assert_string_equal(client_header(&f->client, "X-Content-Type-Options"), "nosniff");
    assert_non_null(
        strstr(client_header(&f->client, "Content-Security-Policy"), "default-src 'self'"));
    assert_non_null(
        strstr(client_header(&f->client, "Content-Security-Policy"), "frame-ancestors 'none'"));
    CALL(&f->client, .path = "/api/text");
    assert_string_equal(client_header(&f->client, "X-Content-Type-Options"), "nosniff");
    assert_non_null(
        strstr(client_header(&f->client, "Content-Security-Policy"), "default-src 'none'"));
}

struct asker {
    pthread_t thread;
    struct fixture *f;
    const char *path;
    double seconds;
    long status;
    struct str body;
};

static void *ask(void *arg)
{
    struct asker *a = arg;
    struct client c;
    client_open(&c, http_port(a->f->server));
    a->status = CALL(&c, .path = a->path);
    a->seconds = c.seconds;
    str_init(&a->body, 100000);
    str_add(&a->body, c.body.text);
    client_close(&c);
    return NULL;
}

static void start_asking(struct fixture *f, struct asker *a, int n, const char *path)
{
    for (int i = 0; i < n; i++) {
        a[i].f = f;
        a[i].path = path;
        assert_int_equal(pthread_create(&a[i].thread, NULL, ask, &a[i]), 0);
    }
}

static void waiting_holds_no_thread_and_ends_at_once(void **state)
{
    struct fixture *f = *state;
    enum { ASKERS = 50 }; /* on two worker threads */
    static struct asker askers[ASKERS];
    start_asking(f, askers, ASKERS, "/api/wait/news");
    await_waiting(f, ASKERS);
    assert_int_equal(CALL(&f->client, .path = "/api/text"), 200); /* others get their turn */
    http_wake(f->server, "other");
    atomic_store(&f->news, 7);
    const int64_t woken_ms = http_now_ms();
    http_wake(f->server, "news");
    for (int i = 0; i < ASKERS; i++) {
        pthread_join(askers[i].thread, NULL);
        assert_int_equal(askers[i].status, 200);
        assert_string_equal(askers[i].body.text, "{\"news\":7}\n");
        str_done(&askers[i].body);
    }
    assert_true(http_now_ms() - woken_ms < 2000);
}

static void a_wait_ends_with_its_time(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(CALL(&f->client, .path = "/api/wait/news?ms=150"), 200);
    /* The server counts in whole milliseconds, curl in microseconds of another clock. */
    if (!(f->client.seconds >= 0.14 && f->client.seconds < 10))
        fail_msg("a wait of 150 ms took %.4f s", f->client.seconds);
    assert_int_equal(CALL(&f->client, .path = "/api/wait/news?ms=0"), 200);
}

static void a_stream_says_each_thing_when_it_happens(void **state)
{
    struct fixture *f = *state;
    struct asker asker;
    start_asking(f, &asker, 1, "/api/stream");
    await_waiting(f, 1);
    for (int i = 1; i <= 3; i++) {
        atomic_store(&f->news, i);
        http_wake(f->server, "news");
        usleep(5000);
    }
    pthread_join(asker.thread, NULL);
    assert_int_equal(asker.status, 200);
    assert_string_equal(asker.body.text,
                        "id: 1\ndata: news\n\nid: 2\ndata: news\n\nid: 3\ndata: news\n\n");
    str_done(&asker.body);
}

static void stopping_answers_those_who_wait(void **state)
{
    struct fixture *f = *state;
    static struct asker askers[6];
    start_asking(f, askers, 3, "/api/wait/news");
    start_asking(f, askers + 3, 3, "/api/stream");
    await_waiting(f, 6);
    client_close(&f->client);
    http_stop(f->server);
    f->server = NULL;
    for (int i = 0; i < 6; i++) {
        pthread_join(askers[i].thread, NULL);
        assert_int_equal(askers[i].status, 200);
        assert_true(askers[i].seconds < 4);
        str_done(&askers[i].body);
    }
    f->client = (struct client){0};
}

static void who_hangs_up_while_waiting_is_forgotten(void **state)
{
    struct fixture *f = *state;
    static const char request[] = "GET /api/wait/news?ms=300 HTTP/1.1\r\nHost: x\r\n\r\n";
    static const char partial[] =
        "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab";
    struct str seen;
    str_init(&seen, 10000);
    raw_exchange(http_port(f->server), partial, sizeof partial - 1, "", &seen);
    raw_exchange(http_port(f->server), partial, 20, "", &seen); /* within the headers */
    for (int i = 0; i < 20; i++) /* closes at once: it expects nothing */
        raw_exchange(http_port(f->server), request, sizeof request - 1, "", &seen);
    await_waiting(f, 20);
    http_wake(f->server, "news");
    assert_int_equal(CALL(&f->client, .path = "/api/wait/news?ms=400"), 200);
    str_done(&seen);
}

static void headers_have_a_bound(void **state)
{
    struct fixture *f = *state;
    struct str request, seen;
    str_init(&request, 200000);
    str_init(&seen, 100000);
    str_add(&request, "GET /api/text HTTP/1.1\r\nHost: x\r\nX: ");
    for (int i = 0; i < 100000; i++)
        str_add_char(&request, 'x');
    str_add(&request, "\r\n\r\n");
    raw_exchange(http_port(f->server), request.text, request.length, NULL, &seen);
    assert_true(seen.length == 0 || strstr(seen.text, " 431 ") != NULL ||
                strstr(seen.text, " 413 ") != NULL);
    assert_int_equal(CALL(&f->client, .path = "/api/text"), 200);
    str_done(&request);
    str_done(&seen);
}

static void each_request_leaves_a_line(void **state)
{
    struct fixture *f = *state;
    char line[1000] = "", expect[100];
    CALL(&f->client, .path = "/api/text?secret=1");
    snprintf(expect, sizeof expect, "%s", client_header(&f->client, "X-Request-Id"));
    for (int i = 0; i < 500 && strchr(line, '\n') == NULL; i++) {
        usleep(2000);
        if (read(f->log[0], line, sizeof line - 1) < 0)
            line[0] = '\0';
    }
    assert_non_null(strstr(line, "Z GET /api/text 200 "));
    assert_non_null(strstr(line, " 5000 bytes "));
    assert_non_null(strstr(line, expect));
    assert_null(strstr(line, "secret"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_body_comes_back_over_one_connection),
        TEST(a_body_is_taken_up_to_its_bound),
        TEST(json_is_asked_for_and_checked),
        TEST(a_problem_is_json_or_one_line),
        TEST(methods_are_told_apart),
        TEST(a_known_entity_is_not_sent_again),
        TEST(gzip_is_sent_where_it_helps),
        TEST(only_the_web_app_is_served),
        TEST(a_changed_file_is_read_again),
        TEST(browsers_are_told_to_be_careful),
        TEST(waiting_holds_no_thread_and_ends_at_once),
        TEST(a_wait_ends_with_its_time),
        TEST(a_stream_says_each_thing_when_it_happens),
        TEST(stopping_answers_those_who_wait),
        TEST(who_hangs_up_while_waiting_is_forgotten),
        TEST(headers_have_a_bound),
        TEST(each_request_leaves_a_line),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
