/* The schema converter's own: counts and ranges of integers. */
#pragma once

#include "reference/sample/schema_out.h"

#define SCHEMA_NO_MOST UINT32_MAX
enum { SCHEMA_MAX_COUNT = 2000 }; /* what a grammar can repeat */
struct schema_counts {
    uint32_t least, most;
};

/* What two keywords say, 0 and SCHEMA_NO_MOST where they are missing. At most
 * SCHEMA_MAX_COUNT. */
struct schema_counts schema_counts(struct schema_out *o, uint32_t node, const char *least,
                                   const char *most);
/* {m,n} and its short forms. */
void schema_put_counts(struct schema_out *o, struct schema_counts n);

/* Whether minimum, maximum or their exclusive forms are there. */
bool schema_has_range(const struct schema_out *o, uint32_t node);
/* The integers between them, of at most 16 digits. -0 is none where the least is negative. */
void schema_put_range(struct schema_out *o, uint32_t node);
