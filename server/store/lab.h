/* The labs that submissions refer to. Their contents live in labs/; here are only id and title, so
 * that an attempt keeps its title when its lab is gone. */
#pragma once

#include "server/store/store.h"

enum { LAB_ID_MAX = 40 };

/* Called with every lab found, at each start. Adds it or changes its title. ERR_INVALID: the id is
 * empty or longer than LAB_ID_MAX, or the title is empty or longer than NAME_MAX_BYTES. */
MUST_CHECK enum err_code lab_put(struct store *s, const char *id, const char *title,
                                 struct err *why);
