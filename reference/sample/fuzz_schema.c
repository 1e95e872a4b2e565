/* Any bytes as a JSON schema: it is refused, or its grammar is one, but for what begins with
 * itself. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "reference/sample/gbnf.h"
#include "reference/sample/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { OUT = 1 << 16, ELEMENTS = 5000 };

static void try_grammar(const char *text, size_t n)
{
    const size_t bytes = ref_gbnf_bytes(ELEMENTS);
    struct ref_gbnf g;
    struct err why;
    void *mem = malloc(bytes);
    assert(mem != NULL);
    const enum ref_gbnf_status s = ref_gbnf_parse(&g, text, n, "root", mem, bytes, NULL, &why);
    assert(s == REF_GBNF_OK || s == REF_GBNF_LEFTREC || s == REF_GBNF_LIMIT);
    free(mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char out[OUT];
    const size_t mem_bytes = ref_schema_bytes(size, 0);
    struct err why;
    size_t n = 0;
    void *mem = malloc(mem_bytes);
    assert(mem != NULL);
    if (ref_schema_to_gbnf((const char *)bytes, size, mem, mem_bytes, out, OUT, &n, &why) == OK &&
        n <= OUT)
        try_grammar(out, n);
    free(mem);
    return 0;
}
