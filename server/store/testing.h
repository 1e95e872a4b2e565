/* A store in a folder of its own, for the tests of the server's folders: one user, one lab, and a
 * clock that stands still until it is moved. Every step that fails ends the test with its story. */
#pragma once

#include "server/store/job.h"
#include "server/store/lab.h"

struct testing {
    char dir[64], path[96];
    struct store *store;
    struct arena arena;
    int64_t now_ms;
    char user[ID_SIZE];
};

void testing_open(struct testing *t);
void testing_reopen(struct testing *t); /* as after a restart of the server */
void testing_close(struct testing *t);  /* the folder is gone after it */

/* For a test's rc: fails with the story unless it is `want`. */
void expect_rc(enum err_code want, enum err_code rc, const struct err *why, const char *file,
               int line);
#define WANT(want, call) (expect_rc((want), (call), &why, __FILE__, __LINE__))

/* One file "a.c" with this text, for lab 1.1 in mode full. */
void testing_submit(struct testing *t, const char *text, char ret_id[ID_SIZE]);
/* Leases the next job and finishes it with this score of 100. */
void testing_grade(struct testing *t, const char *verdict, double score, bool pass);
struct job_result testing_result(const char *verdict, double score, bool pass);

/* Removes a folder and all in it. */
void testing_remove(const char *dir);
