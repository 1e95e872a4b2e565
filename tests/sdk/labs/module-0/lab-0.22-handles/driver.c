#include "driver.h"

#include <string.h>

#include "lab.h"
#include "ops.h"

static void op_new(struct lab_call *c)
{
    lab_return(c, 0, lab_handle_new(mean_new(lab_f64(c, 0))));
}

static void op_add(struct lab_call *c)
{
    const double m = mean_add(lab_handle(lab_i64(c, 0)), lab_f64(c, 1));
    memcpy(lab_out(c, 2), &m, sizeof m);
}

static void op_subtract(struct lab_call *c)
{
    mean_subtract(lab_handle(lab_i64(c, 0)), lab_out(c, 1), lab_size(c, 1) / sizeof(double));
}

static void op_free(struct lab_call *c)
{
    mean_free(lab_handle_drop(lab_i64(c, 0)));
    lab_return(c, 0, (int64_t)lab_heap_now().live);
}

const struct lab_op lab_ops[] = {[OP_NEW] = {"new", op_new},
                                 [OP_ADD] = {"add", op_add},
                                 [OP_SUBTRACT] = {"subtract", op_subtract},
                                 [OP_FREE] = {"free", op_free}};
const size_t lab_n_ops = sizeof lab_ops / sizeof lab_ops[0];
