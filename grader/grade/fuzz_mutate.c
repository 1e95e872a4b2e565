/* make fuzz: any bytes as a C source. Tokens lie inside of it, in order and apart; every mutant can
 * be made and told. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "grader/grade/ctokens.h"
#include "grader/grade/mutate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY_MAX = 256 << 20, TRIED = 64 };

static void check_tokens(const char *source, size_t size, struct arena *a)
{
    const struct ctoken *t = NULL;
    size_t n = 0, end = 0;
    if (ctokens_read(source, size, a, &t, &n, NULL) != OK)
        return;
    for (size_t i = 0; i < n; i++) {
        assert(t[i].at >= end && t[i].length > 0);
        end = t[i].at + t[i].length;
    }
    assert(end <= size);
}

static void check_mutants(const char *source, size_t size, struct arena *a)
{
    const struct mutant *m = NULL;
    size_t n = 0;
    if (mutate_list(source, size, a, &m, &n, NULL) != OK)
        return;
    for (size_t i = 0; i < n && i < TRIED; i++) {
        size_t changed = 0;
        const char *made = mutate_apply(source, size, &m[i], a, &changed);
        assert(m[i].at + m[i].length <= size);
        assert(made == NULL || changed == size - m[i].length + strlen(m[i].replacement));
        (void)mutate_text(source, size, &m[i], a);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    arena_init(&a, MEMORY_MAX);
    check_tokens((const char *)data, size, &a);
    check_mutants((const char *)data, size, &a);
    arena_done(&a);
    return 0;
}
