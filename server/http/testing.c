#include "server/http/testing.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { ANSWER_MAX = 32 * 1024 * 1024, CALL_TIMEOUT_MS = 20000, RAW_TIMEOUT_MS = 2000 };

static size_t add_bytes(char *bytes, size_t one, size_t n, void *text)
{
    str_add_bytes(text, bytes, one * n);
    return one * n;
}

void client_open(struct client *c, uint16_t port)
{
    *c = (struct client){.curl = curl_easy_init(), .port = port};
    assert_non_null(c->curl);
    str_init(&c->head, ANSWER_MAX);
    str_init(&c->body, ANSWER_MAX);
}

void client_close(struct client *c)
{
    curl_easy_cleanup(c->curl);
    str_done(&c->head);
    str_done(&c->body);
    json_decref(c->json);
}

static struct curl_slist *header_list(const struct client *c, const struct call *call)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:"); /* unless a test asks for it */
    for (size_t i = 0; i < sizeof c->always / sizeof c->always[0] && c->always[i] != NULL; i++)
        list = curl_slist_append(list, c->always[i]);
    for (size_t i = 0; i < CALL_HEADERS_MAX && call->headers[i] != NULL; i++)
        list = curl_slist_append(list, call->headers[i]);
    return list;
}

static void set_options(struct client *c, const struct call *call, const char *url,
                        struct curl_slist *headers)
{
    CURL *h = c->curl;
    curl_easy_reset(h);
    curl_easy_setopt(h, CURLOPT_URL, url);
    curl_easy_setopt(h, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)CALL_TIMEOUT_MS);
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, add_bytes);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, &c->head);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, add_bytes);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, &c->body);
    if (call->body != NULL) {
        const size_t size = call->size != 0 ? call->size : strlen(call->body);
        curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE, (long)size);
        curl_easy_setopt(h, CURLOPT_POSTFIELDS, call->body);
    }
    if (call->method != NULL && strcmp(call->method, "HEAD") == 0)
        curl_easy_setopt(h, CURLOPT_NOBODY, 1L);
    else if (call->method != NULL)
        curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, call->method);
}

long client_call(struct client *c, const struct call *call)
{
    char url[1024];
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", c->port, call->path);
    struct curl_slist *headers = header_list(c, call);
    str_clear(&c->head);
    str_clear(&c->body);
    json_decref(c->json);
    set_options(c, call, url, headers);
    const CURLcode rc = curl_easy_perform(c->curl);
    if (rc != CURLE_OK)
        fail_msg("%s: %s", call->path, curl_easy_strerror(rc));
    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &c->status);
    curl_easy_getinfo(c->curl, CURLINFO_NUM_CONNECTS, &c->connects);
    curl_easy_getinfo(c->curl, CURLINFO_TOTAL_TIME, &c->seconds);
    curl_slist_free_all(headers);
    c->json = json_loadb(c->body.text, c->body.length, 0, NULL);
    return c->status;
}

const char *client_header(struct client *c, const char *name)
{
    const size_t length = strlen(name);
    for (const char *line = c->head.text; line != NULL && *line != '\0';) {
        const char *end = strstr(line, "\r\n");
        if (end == NULL)
            break;
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            const char *value = line + length + 1 + strspn(line + length + 1, " ");
            snprintf(c->value, sizeof c->value, "%.*s", (int)(end - value), value);
            return c->value;
        }
        line = end + 2;
    }
    return NULL;
}

static int connect_to(uint16_t port)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

void raw_exchange(uint16_t port, const char *bytes, size_t size, const char *expect,
                  struct str *ret)
{
    const int fd = connect_to(port);
    for (size_t sent = 0; sent < size;) {
        const ssize_t n = send(fd, bytes + sent, size - sent, MSG_NOSIGNAL);
        if (n <= 0)
            break; /* the server has hung up; what it said is what the test looks at */
        sent += (size_t)n;
    }
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char buffer[4096];
    while ((expect == NULL || strstr(ret->text, expect) == NULL) &&
           poll(&p, 1, RAW_TIMEOUT_MS) == 1) {
        const ssize_t n = recv(fd, buffer, sizeof buffer, 0);
        if (n <= 0)
            break;
        str_add_bytes(ret, buffer, (size_t)n);
    }
    close(fd);
}

void form_add(struct str *body, const char *field, const char *filename, const char *bytes,
              size_t size)
{
    str_printf(body, "--xx\r\nContent-Disposition: form-data; name=\"%s\"", field);
    if (filename != NULL)
        str_printf(body, "; filename=\"%s\"\r\nContent-Type: text/x-c", filename);
    str_add(body, "\r\n\r\n");
    str_add_bytes(body, bytes, size);
    str_add(body, "\r\n");
}

void form_end(struct str *body)
{
    str_add(body, "--xx--\r\n");
}

enum { TAR_BLOCK = 512 };

void tar_add(struct str *tar, const char *name, char type, const char *bytes, size_t size)
{
    char header[TAR_BLOCK] = {0};
    unsigned sum = 0;
    snprintf(header, 100, "%s", name);
    memcpy(header + 100, "0000644", 8);
    memcpy(header + 108, "0000000", 8);
    memcpy(header + 116, "0000000", 8);
    snprintf(header + 124, 12, "%011zo", size);
    memcpy(header + 136, "00000000000", 12);
    memset(header + 148, ' ', 8);
    header[156] = type;
    if (type == '1' || type == '2')
        memcpy(header + 157, "/etc/passwd", 12);
    memcpy(header + 257, "ustar", 6);
    memset(header + 263, '0', 2);
    for (size_t i = 0; i < sizeof header; i++)
        sum += (unsigned char)header[i];
    snprintf(header + 148, 8, "%06o", sum);
    str_add_bytes(tar, header, sizeof header);
    static const char zeros[TAR_BLOCK];
    if (bytes == NULL)
        return;
    str_add_bytes(tar, bytes, size);
    str_add_bytes(tar, zeros, (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

void tar_end(struct str *tar)
{
    static const char zeros[2 * TAR_BLOCK];
    str_add_bytes(tar, zeros, sizeof zeros);
}
