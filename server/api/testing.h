/* A whole server for tests: a store in a folder of its own, a small course, four people, the real
 * dispatcher with a script for a grader, and the API on a free port of 127.0.0.1.
 *
 * The script grades by what the submission says: PASS gives 100 points, anything else 40
 * with a visible and a hidden failure; HOLD NAME waits for testing_api_release(NAME) first. */
#pragma once

#include "server/api/api.h"
#include "server/http/testing.h"
#include "server/store/submission.h"
#include "server/store/token.h"

struct person {
    char id[ID_SIZE];
    char bearer[64 + TOKEN_SECRET_SIZE]; /* a header, with a token of all their scopes */
};

struct testing_api {
    char dir[64];
    struct store *store;
    struct dispatch *dispatch;
    struct api *api;
    struct client client; /* speaks as ada */
    /* Two learners; the instructor of ada's cohort; the admin. Passwords are "password of LOGIN";
     * the admin has none. */
    struct person ada, bob, ines, root;
};

void testing_api_open(struct testing_api *t);
void testing_api_close(struct testing_api *t);
/* Another server on the same store, which reads the course anew. */
void testing_api_restart(struct testing_api *t);
int testing_api_setup(void **state); /* the same for cmocka */
int testing_api_teardown(void **state);

/* A token of this person with these scopes only, as a header. */
void testing_api_token(struct testing_api *t, const struct person *p, unsigned scopes,
                       char *ret_header, size_t size);
/* Writes text below the test's folder, and makes the folders on the way. */
void testing_api_put(struct testing_api *t, const char *path, const char *text);
/* Submits this text as ada's formats.c and returns its id; does not wait. */
void testing_api_submit(struct testing_api *t, const char *text, char ret_id[ID_SIZE]);
/* The same, and waits for the report. */
void testing_api_graded(struct testing_api *t, const char *text, char ret_id[ID_SIZE]);
void testing_api_release(struct testing_api *t, const char *name);
/* How many submissions there are, of anyone. */
size_t testing_api_count(struct testing_api *t);

/* In the last answer's JSON: "user.login", "labs.0.id"; NULL where there is none. */
const json_t *at(const struct client *c, const char *path);
const char *text_at(const struct client *c, const char *path);
