/* Any bytes as a JSON schema: it is refused, or its grammar is one, but for what begins with
 * itself. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "reference/sample/gbnf.h"
#include "reference/sample/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { OUT = 1 << 18, ELEMENTS = 20000 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char out[OUT];
    const size_t mem_bytes = ref_schema_bytes(size, 0), grammar_bytes = ref_gbnf_bytes(ELEMENTS);
    struct err why;
    size_t n = 0;
    void *mem = malloc(mem_bytes), *grammar = malloc(grammar_bytes);
    assert(mem != NULL && grammar != NULL);
    if (ref_schema_to_gbnf((const char *)bytes, size, mem, mem_bytes, out, OUT, &n, &why) == OK &&
        n <= OUT) {
        struct ref_gbnf g;
        const enum ref_gbnf_status s =
            ref_gbnf_parse(&g, out, n, "root", grammar, grammar_bytes, NULL, &why);
        assert(s == REF_GBNF_OK || s == REF_GBNF_LEFTREC || s == REF_GBNF_LIMIT);
    }
    free(mem);
    free(grammar);
    return 0;
}
