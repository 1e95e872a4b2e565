/* Cohorts: who learns with whom, and who teaches them. */
#pragma once

#include "server/store/user.h"

struct cohort {
    char id[ID_SIZE];
    const char *name;
    enum role role; /* of the member asked for, in this cohort: learner or instructor */
};

struct member {
    struct user user;
    enum role role; /* in the cohort */
};

/* ERR_CONFLICT: the name is taken. ERR_INVALID: empty or longer than NAME_MAX_BYTES. */
MUST_CHECK enum err_code cohort_create(struct store *s, const char *name, char ret_id[ID_SIZE],
                                       struct err *why);
/* ERR_NOT_FOUND. */
MUST_CHECK enum err_code cohort_by_name(struct store *s, const char *name, char ret_id[ID_SIZE],
                                        struct err *why);

/* Adds a member or changes the role of one. `role` is learner or instructor, else ERR_INVALID.
 * ERR_NOT_FOUND: no such cohort or user. */
MUST_CHECK enum err_code cohort_add(struct store *s, const char *cohort, const char *user,
                                    enum role role, struct err *why);
/* ERR_NOT_FOUND: not a member. */
MUST_CHECK enum err_code cohort_remove(struct store *s, const char *cohort, const char *user,
                                       struct err *why);

/* The cohorts a user is in, by name; at most PAGE_MAX. */
MUST_CHECK enum err_code cohort_of_user(struct store *s, const char *user, struct arena *a,
                                        struct cohort **ret, size_t *ret_count, struct err *why);

/* By user id. */
MUST_CHECK enum err_code cohort_members(struct store *s, const char *cohort, const char *after,
                                        size_t limit, struct arena *a, struct member **ret,
                                        struct page *ret_page, struct err *why);

/* Whether `viewer` may see what `owner` did: it is themselves, they are an admin, or they are an
 * instructor of a cohort in which the owner is a member. */
MUST_CHECK enum err_code cohort_may_see(struct store *s, const struct user *viewer,
                                        const char *owner, bool *ret, struct err *why);
