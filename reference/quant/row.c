#include "reference/quant/row.h"

#include <math.h>

enum err_code ref_row_whole(size_t n, size_t weights, struct err *why)
{
    if (n % weights != 0)
        return err_set(why, ERR_INVALID, "%zu weights do not fill blocks of %zu", n, weights);
    return OK;
}

enum err_code ref_row_check(const float *x, size_t n, size_t weights, float limit, struct err *why)
{
    const enum err_code rc = ref_row_whole(n, weights, why);
    if (rc != OK)
        return rc;
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(x[i]) <= limit)) /* this way round, so that NaN fails too */
            return err_set(why, ERR_RANGE, "weight %zu is %g: its magnitude may be %g at most", i,
                           (double)x[i], (double)limit);
    return OK;
}
