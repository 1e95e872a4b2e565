#include "driver.h"

#include "lab.h"
#include "ops.h"

static void op_chain(struct lab_call *c)
{
    lab_return(c, 0, (int64_t)chain(lab_in(c, 0), lab_out(c, 1), lab_size(c, 0) / 8));
}

const struct lab_op lab_ops[] = {[OP_CHAIN] = {"chain", op_chain}};
const size_t lab_n_ops = sizeof lab_ops / sizeof lab_ops[0];
