/* What to change on a host that a cell's guarantee does not hold on. */
#pragma once

/* For the guarantee's word; a sentence that names this host's own obstacle where it can be seen. */
const char *remedy_for(const char *word);
