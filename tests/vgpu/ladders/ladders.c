#include "tests/vgpu/ladders/ladders.h"

struct ladder ladder_sgemm(int n)
{
    const uint32_t by32 = (uint32_t)n / 32, by64 = by32 / 2, by128 = by32 / 4;
    return (struct ladder){
        "sgemm",
        7,
        {
            {"sgemm_naive", {by32, by32, 1}, {32, 32, 1}, n, n},
            {"sgemm_coalesced", {by32, by32, 1}, {32, 32, 1}, n, n},
            {"sgemm_shared", {by32, by32, 1}, {32, 32, 1}, n, n},
            {"sgemm_line", {by64, by64, 1}, {512, 1, 1}, n, n},
            {"sgemm_square", {by128, by128, 1}, {256, 1, 1}, n, n},
            {"sgemm_vector", {by128, by128, 1}, {256, 1, 1}, n, n},
            {"sgemm_warp", {by128, by128, 1}, {128, 1, 1}, n, n},
        },
    };
}

struct ladder ladder_sum(void)
{
    enum { N = 1 << 20 };
    return (struct ladder){
        "sum",
        5,
        {
            {"sum_interleaved", {N / 256, 1, 1}, {256, 1, 1}, N, 0},
            {"sum_sequential", {N / 256, 1, 1}, {256, 1, 1}, N, 0},
            {"sum_first_add", {N / 512, 1, 1}, {256, 1, 1}, N, 0},
            {"sum_shuffle", {N / 512, 1, 1}, {256, 1, 1}, N, 0},
            {"sum_vector", {64, 1, 1}, {256, 1, 1}, N, 0}, /* what eight SMs hold at once */
        },
    };
}

struct ladder ladder_transpose(void)
{
    return (struct ladder){
        "transpose",
        3,
        {
            {"transpose_naive", {64, 32, 1}, {32, 8, 1}, 2048, 1024},
            {"transpose_tiled", {64, 32, 1}, {32, 8, 1}, 2048, 1024},
            {"transpose_padded", {64, 32, 1}, {32, 8, 1}, 2048, 1024},
        },
    };
}

struct ladder ladder_softmax(void)
{
    return (struct ladder){
        "softmax",
        3,
        {
            {"softmax_three", {128, 1, 1}, {256, 1, 1}, 8192, 0},
            {"softmax_online", {128, 1, 1}, {256, 1, 1}, 8192, 0},
            {"softmax_once", {128, 1, 1}, {256, 1, 1}, 8192, 0},
        },
    };
}
