/* A real server of this build in a process of its own, and requests to it over real HTTP. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

struct service {
    pid_t pid;
    char address[64];     /* http://127.0.0.1:PORT */
    char token[160];      /* of a demo learner */
    char curl_line[1024]; /* as printed for people */
    int out;              /* its standard output */
};

/* `graded demo` with that data folder on a free port; returns when it serves. `labs` NULL: the
 * course's. Fails the test when it does not come up within 20 s. */
void service_start(struct service *s, const char *data, const char *labs);
/* SIGTERM, and waits: returns the exit status. */
int service_stop(struct service *s);
/* SIGKILL, and waits. */
void service_kill(struct service *s);
/* Processor time so far, in ms, of the server and of all it started that have ended. */
double service_cpu_ms(const struct service *s);

struct answer {
    long status;
    char *body; /* NUL-ended; answer_done() frees it */
};
void answer_done(struct answer *a);

/* GET path; accept NULL: application/json. A failed connection has status 0. */
struct answer service_get(const struct service *s, const char *path, const char *accept);
/* POST of one file as multipart, under the name the lab wants. */
struct answer service_submit(const struct service *s, const char *path, const char *file,
                             const char *name);
/* The body as JSON; the caller's. Fails the test when it is none. */
json_t *answer_json(const struct answer *a);
