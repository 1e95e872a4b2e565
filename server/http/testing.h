/* A client for tests: real HTTP over libcurl to a server on 127.0.0.1. A step that fails ends the
 * test with its story. */
#pragma once

#include <curl/curl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct client {
    CURL *curl; /* keeps its connection alive between calls */
    uint16_t port;
    const char *always[4]; /* headers of every call: "Authorization: Bearer ..." */
    /* The answer to the last call: */
    long status, connects; /* connects: new connections the call needed */
    double seconds;
    struct str head, body;
    json_t *json; /* the body, where it is JSON; else NULL */
    char value[512];
};

enum { CALL_HEADERS_MAX = 6 };
struct call {
    const char *method; /* NULL: GET, or POST with a body */
    const char *path;
    const void *body; /* NULL: none */
    size_t size;      /* 0: up to the NUL */
    const char *headers[CALL_HEADERS_MAX];
};

void client_open(struct client *c, uint16_t port);
void client_close(struct client *c);
/* Returns the status. */
long client_call(struct client *c, const struct call *call);
#define CALL(client, ...) client_call((client), &(struct call){__VA_ARGS__})
/* A header of the last answer; NULL: it has none. Good until the next question. */
const char *client_header(struct client *c, const char *name);

/* Sends bytes as they are on a new connection and reads until the server closes, or `expect` (may
 * be NULL) has come, or two seconds are over. */
void raw_exchange(uint16_t port, const char *bytes, size_t size, const char *expect,
                  struct str *ret);

/* The multipart body that browsers and curl -F make; the boundary is "xx". */
#define FORM_TYPE "Content-Type: multipart/form-data; boundary=xx"
void form_add(struct str *body, const char *field, const char *filename, const char *bytes,
              size_t size);
void form_end(struct str *body);

/* One entry of a ustar archive (POSIX.1-1988); `type` '0' file, '2' link, '3' device, '5' folder.
 */
void tar_add(struct str *tar, const char *name, char type, const char *bytes, size_t size);
void tar_end(struct str *tar);
