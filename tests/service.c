#include "tests/service.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"

enum { BANNER_MAX = 16 * 1024, START_MS = 20000 };

static void find(const char *text, const char *begin, const char *stop, char *ret, size_t size)
{
    const char *at = strstr(text, begin);
    if (at != NULL)
        snprintf(ret, size, "%.*s", (int)strcspn(at, stop), at);
}

/* The curl line is the last thing that the banner must have. */
static bool read_banner(struct service *s, const char *banner)
{
    const char *curl = strstr(banner, "curl ");
    if (curl == NULL || strchr(curl, '\n') == NULL)
        return false;
    find(curl, "curl ", "\n", s->curl_line, sizeof s->curl_line);
    find(curl, "grd_", "\" '\n", s->token, sizeof s->token);
    const char *host = strstr(curl, "http://");
    if (host != NULL)
        snprintf(s->address, sizeof s->address, "http://%.*s", (int)strcspn(host + 7, "/"),
                 host + 7);
    return s->token[0] != '\0' && s->address[0] != '\0';
}

static void wait_for_banner(struct service *s)
{
    struct str banner;
    str_init(&banner, BANNER_MAX);
    struct pollfd fd = {.fd = s->out, .events = POLLIN};
    while (!read_banner(s, banner.text)) {
        char part[1024];
        if (poll(&fd, 1, START_MS) <= 0)
            fail_msg("the server said no curl line within %d ms: %s", START_MS, banner.text);
        const ssize_t got = read(s->out, part, sizeof part);
        if (got <= 0)
            fail_msg("the server ended while it started: %s", banner.text);
        str_add_bytes(&banner, part, (size_t)got);
    }
    str_done(&banner);
}

/* The banner may come just before the socket listens. */
static void wait_until_healthy(const struct service *s)
{
    for (int i = 0; i < 100; i++) {
        struct answer a = service_get(s, "/healthz", NULL);
        const long status = a.status;
        answer_done(&a);
        if (status == 200)
            return;
        usleep(50 * 1000);
    }
    fail_msg("%s does not answer /healthz", s->address);
}

void service_start(struct service *s, const char *data, const char *labs)
{
    *s = (struct service){.out = -1};
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    const char *argv[] = {
        GRADED_PROGRAM, "demo", "--data", data, "--port", "0", labs != NULL ? "--labs" : NULL,
        labs,           NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    assert_int_equal(
        posix_spawn(&s->pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(fds[1]);
    s->out = fds[0];
    wait_for_banner(s);
    wait_until_healthy(s);
}

static int end(struct service *s, int signal)
{
    int status = 0;
    kill(s->pid, signal);
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    close(s->out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int service_stop(struct service *s)
{
    return end(s, SIGTERM);
}

void service_kill(struct service *s)
{
    end(s, SIGKILL);
}

double service_cpu_ms(const struct service *s)
{
    char path[64], line[1024] = "";
    unsigned long ticks[4] = {
        0}; /* proc(5): utime, stime, cutime, cstime; from the 14th field on */
    snprintf(path, sizeof path, "/proc/%d/stat", (int)s->pid);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    fclose(f);
    const char *at = strrchr(line, ')'); /* the second field is a name, which may hold anything */
    assert_non_null(at);
    for (int field = 2; field < 14; field++)
        at = strchr(at + 1, ' ');
    for (size_t i = 0; i < 4; i++)
        ticks[i] = strtoul(at, (char **)(uintptr_t)&at, 10);
    return (double)(ticks[0] + ticks[1] + ticks[2] + ticks[3]) * 1e3 / (double)sysconf(_SC_CLK_TCK);
}

/* ---- requests ---- */

void answer_done(struct answer *a)
{
    free(a->body);
    a->body = NULL;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *ctx)
{
    str_add_bytes(ctx, bytes, size * count);
    return size * count;
}

static struct answer perform(CURL *curl, const struct service *s, const char *path,
                             struct curl_slist *headers)
{
    char url[512], authorization[256];
    snprintf(url, sizeof url, "%s%s", s->address, path);
    snprintf(authorization, sizeof authorization, "Authorization: Bearer %s", s->token);
    headers = curl_slist_append(headers, authorization);
    struct str body;
    str_init(&body, 16 << 20);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 90L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    struct answer a = {0};
    if (curl_easy_perform(curl) == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &a.status);
    a.body = strdup(body.text);
    str_done(&body);
    curl_slist_free_all(headers);
    return a;
}

struct answer service_get(const struct service *s, const char *path, const char *accept)
{
    char line[128];
    snprintf(line, sizeof line, "Accept: %s", accept != NULL ? accept : "application/json");
    CURL *curl = curl_easy_init();
    const struct answer a = perform(curl, s, path, curl_slist_append(NULL, line));
    curl_easy_cleanup(curl);
    return a;
}

struct answer service_submit(const struct service *s, const char *path, const char *file,
                             const char *name)
{
    CURL *curl = curl_easy_init();
    curl_mime *form = curl_mime_init(curl);
    curl_mimepart *part = curl_mime_addpart(form);
    curl_mime_name(part, "file");
    curl_mime_filedata(part, file);
    curl_mime_filename(part, name);
    curl_easy_setopt(curl, CURLOPT_MIMEPOST, form);
    const struct answer a =
        perform(curl, s, path, curl_slist_append(NULL, "Accept: application/json"));
    curl_mime_free(form);
    curl_easy_cleanup(curl);
    return a;
}

json_t *answer_json(const struct answer *a)
{
    json_error_t at;
    json_t *json = json_loads(a->body, 0, &at);
    if (json == NULL)
        fail_msg("status %ld, no JSON: %.300s", a->status, a->body);
    return json;
}
