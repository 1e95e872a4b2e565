/* What check.c may ask of driver.c, with the arguments in order. */
#pragma once

enum {
    OP_ROW_BYTES,  /* i64 type, i64 n                               -> 0: bytes */
    OP_DEQUANTIZE, /* i64 type, in row, out floats, i64 n           -> 0: return value */
    OP_QUANTIZE,   /* i64 type, in floats, out row, i64 n           -> 0: return value */
    OP_CONVERT, /* i64 from, in row, i64 to, out row, i64 n      -> 0: return value, 1: peak heap */
};
