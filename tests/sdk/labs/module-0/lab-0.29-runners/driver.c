#include "driver.h"

#include "lab.h"
#include "ops.h"

static void op_serve(struct lab_call *c)
{
    lab_return(c, 0, store_serve(lab_listener(c), "journal"));
}

const struct lab_op lab_ops[] = {[OP_SERVE] = {"serve", op_serve}};
const size_t lab_n_ops = sizeof lab_ops / sizeof lab_ops[0];
