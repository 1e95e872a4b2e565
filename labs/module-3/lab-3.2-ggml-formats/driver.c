/* The untrusted side of lab 3.2: one function per operation of ops.h. */
#include "driver.h"

#include "lab.h"
#include "ops.h"

static void op_row_bytes(struct lab_call *c)
{
    lab_return(c, 0, (int64_t)qt_row_bytes((uint32_t)lab_i64(c, 0), lab_i64(c, 1)));
}

static void op_dequantize(struct lab_call *c)
{
    lab_return(c, 0,
               qt_dequantize((uint32_t)lab_i64(c, 0), lab_in(c, 1), lab_out(c, 2), lab_i64(c, 3)));
}

static void op_quantize(struct lab_call *c)
{
    lab_return(c, 0,
               qt_quantize((uint32_t)lab_i64(c, 0), lab_in(c, 1), lab_out(c, 2), lab_i64(c, 3)));
}

static void op_convert(struct lab_call *c)
{
    lab_heap_reset(0);
    lab_return(c, 0,
               qt_convert((uint32_t)lab_i64(c, 0), lab_in(c, 1), (uint32_t)lab_i64(c, 2),
                          lab_out(c, 3), lab_i64(c, 4)));
    lab_return(c, 1, (int64_t)lab_heap_now().peak);
}

const struct lab_op lab_ops[] = {
    [OP_ROW_BYTES] = {"row bytes", op_row_bytes},
    [OP_DEQUANTIZE] = {"dequantize", op_dequantize},
    [OP_QUANTIZE] = {"quantize", op_quantize},
    [OP_CONVERT] = {"convert", op_convert},
};
const size_t lab_n_ops = sizeof lab_ops / sizeof lab_ops[0];
