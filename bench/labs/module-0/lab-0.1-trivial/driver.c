#include "driver.h"

#include "lab.h"
#include "ops.h"

static void op_sum(struct lab_call *c)
{
    lab_return(c, 0, (int64_t)sum((uint64_t)lab_i64(c, 0), (uint64_t)lab_i64(c, 1)));
}

const struct lab_op lab_ops[] = {[OP_SUM] = {"sum", op_sum}};
const size_t lab_n_ops = sizeof lab_ops / sizeof lab_ops[0];
