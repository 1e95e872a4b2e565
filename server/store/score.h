/* The best result per learner and lab: derived from submissions and reports, kept in step by
 * job_finish, and computed anew by store_rebuild.
 *
 * Only mode `full` counts. The best passes if any does, then has most points, then came first. A
 * compile error, a cancelled grading or a fault of ours is no attempt and no result. */
#pragma once

#include "server/store/store.h"

struct score {
    char user[ID_SIZE];
    const char *login, *lab;
    int64_t attempts;
    char submission[ID_SIZE]; /* the best one */
    const char *verdict;
    double score, max_score;
    bool pass;
    int64_t finished_ms; /* when the best one was */
};

/* All results of one learner, by lab; a lab without a row has no attempt that counts. */
MUST_CHECK enum err_code score_of_user(struct store *s, const char *user, struct arena *a,
                                       struct score **ret, size_t *ret_count, struct err *why);

/* One learner, one lab. ERR_NOT_FOUND: no attempt that counts. */
MUST_CHECK enum err_code score_get(struct store *s, const char *user, const char *lab,
                                   struct arena *a, struct score *ret, struct err *why);

/* All results of the learners of one cohort, by learner and lab. */
MUST_CHECK enum err_code score_of_cohort(struct store *s, const char *cohort, struct arena *a,
                                         struct score **ret, size_t *ret_count, struct err *why);
