/* The schema converter's own: schemas within schemas, and objects. */
#pragma once

#include "reference/sample/schema_out.h"

/* The rule of the schema at a node, which is made if need be. type (0: none) is a node that stands
 * for the schema's type. Names are only wishes: a builtin keeps its own. */
struct schema_str schema_visit(struct schema_out *o, uint32_t node, uint32_t type,
                               struct schema_str name);

/* The body for an object with properties, or with additionalProperties that are a schema or false.
 */
void schema_put_object(struct schema_out *o, uint32_t node, struct schema_str name);
