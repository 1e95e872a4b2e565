/* Short stories for a small model to learn from, made by a grammar of our own: who, where, a wish,
 * a trouble and its own way out, an end. Each is 60 to 140 words of plain English. */
#pragma once

#include "base/str.h"
#include "reference/model/train/rng.h"

/* Appends one story, which ends with a line feed. */
void story_tell(struct rng *rng, struct str *out);
