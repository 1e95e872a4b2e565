#include "driver.h"

#include "lab.h"
#include "ops.h"

static void op_hash(struct lab_call *c)
{
    lab_return(c, 0, (int64_t)hash(lab_in(c, 0), lab_size(c, 0)));
}

const struct lab_op lab_ops[] = {[OP_HASH] = {"hash", op_hash}};
const size_t lab_n_ops = sizeof lab_ops / sizeof lab_ops[0];
