#include "driver.h"

#include "lab.h"
#include "ops.h"

static void op_pack(struct lab_call *c)
{
    lab_return(c, 0,
               (int64_t)runs_pack(lab_in(c, 0), lab_size(c, 0), lab_out(c, 1), lab_size(c, 1)));
}

static void op_unpack(struct lab_call *c)
{
    lab_return(c, 0,
               (int64_t)runs_unpack(lab_in(c, 0), lab_size(c, 0), lab_out(c, 1), lab_size(c, 1)));
}

const struct lab_op lab_ops[] = {
    [OP_PACK] = {"pack", op_pack}, [OP_UNPACK] = {"unpack", op_unpack}};
const size_t lab_n_ops = sizeof lab_ops / sizeof lab_ops[0];
