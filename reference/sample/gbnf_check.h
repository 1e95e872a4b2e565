/* The parser's own: what a whole grammar must be. */
#pragma once

#include "reference/sample/gbnf.h"

/* UNDEFINED or LEFTREC: *ret_culprit is the rule. Takes time in proportion to the grammar. */
enum ref_gbnf_status gbnf_check(struct ref_gbnf *g, uint32_t *ret_culprit);
