/* What people send as a submission, in any of the ways they try: a form, one file as the body, a
 * tarball. */
#pragma once

#include "server/api/catalogue.h"
#include "server/http/http.h"
#include "server/store/submission.h"

struct delivery {
    struct submission_source files[SUBMISSION_FILES_MAX]; /* exactly those that the lab wants */
    size_t n_files;
};

/* False: the problem is answered, and names the file. */
bool delivery_read(struct http_request *r, const struct lab *lab, struct delivery *ret);
