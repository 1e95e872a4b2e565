/* make fuzz: any bytes as job.json. */
#include <assert.h>
#include <stdint.h>

#include "grader/grade/job.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct job job;
    struct err why = {.code = OK};
    arena_init(&a, MEMORY_MAX);
    if (job_parse((const char *)data, size, &a, &job, &why) == OK)
        assert(job.lab != NULL && job.seed < (uint64_t)1 << 53);
    else
        assert(why.text[0] != '\0');
    arena_done(&a);
    return 0;
}
