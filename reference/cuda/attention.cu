#include "reference/cuda/attention.cuh"

enum {
    ROWS = 16, /* queries that share a tile of keys: of one head, or of the heads of a group */
    WARPS = 4,
    THREADS = WARPS * WARP,
    OWN = ROWS / WARPS, /* rows of a warp */
    KEYS = WARP,        /* of a tile: one a lane */
};

/* ---- what k and v hold ---- */

struct f16_rows {
    const uint16_t *x;
    template <int D> __device__ __forceinline__ float at(size_t row, int i) const
    {
        return float_of_half(x[row * D + i]);
    }
};

struct q8_0_rows {
    const struct ref_q8_0 *x;
    template <int D> __device__ __forceinline__ float at(size_t row, int i) const
    {
        const struct ref_q8_0 *block = &x[row * (D / 32) + i / 32];
        return float_of_half(block->d) * (float)block->q[i % 32];
    }
};

/* Of one head of the cache: key j is row j * step + head. */
template <typename Rows> struct keys {
    Rows k, v;
    size_t step, head;
};

/* ---- walking ---- */

/* A lane scores its own key, so in one step of the dot product 32 lanes read 32 rows: with a stride
 * of D + 1 they lie in different banks. Values are read along a row. */
template <int D> struct tiles {
    float q[ROWS][D];
    float k[KEYS][D + 1];
    float v[KEYS][D];
};

/* One query's part of what it has seen; lane l holds the sums of the values l, l + 32, ... */
template <int D> struct part {
    float max, sum, acc[D / WARP];
};

template <int D, typename Rows>
static __device__ void load_tile(struct tiles<D> *ret, const struct keys<Rows> &keys, size_t from,
                                 size_t to)
{
    for (int i = threadIdx.x; i < KEYS * D; i += THREADS) {
        const int j = i / D, c = i % D;
        const bool inside = from + j < to;
        const size_t row = (from + j) * keys.step + keys.head;
        ret->k[j][c] = inside ? keys.k.template at<D>(row, c) : 0.0f;
        ret->v[j][c] = inside ? keys.v.template at<D>(row, c) : 0.0f;
    }
}

/* Adds the tile to one query, of which the keys below `n` of the tile are visible. */
template <int D>
static __device__ __forceinline__ void see_tile(struct part<D> *p, const float *q,
                                                const struct tiles<D> &tile, int n, float scale)
{
    const int lane = threadIdx.x % WARP;
    if (n <= 0) /* the same for the whole warp */
        return;
    float dot = 0.0f;
#pragma unroll 8
    for (int c = 0; c < D; c++)
        dot += q[c] * tile.k[lane][c];
    const float score = lane < n ? dot * scale : -INFINITY;
    const float max = fmaxf(p->max, lanes_max(score)); /* finite: lane 0 sees its key */
    const float weight = expf(score - max), shrink = expf(p->max - max);
    p->max = max;
    p->sum = p->sum * shrink + lanes_sum(weight);
#pragma unroll
    for (int c = 0; c < D / WARP; c++)
        p->acc[c] *= shrink;
    for (int j = 0; j < KEYS; j++) {
        const float w = __shfl_sync(ALL_LANES, weight, j, WARP);
#pragma unroll
        for (int c = 0; c < D / WARP; c++)
            p->acc[c] += w * tile.v[j][lane + c * WARP];
    }
}

/* Rows go round the warps, so that a small group of heads keeps all of them busy. */
static __device__ __forceinline__ int row_of(int own)
{
    return threadIdx.x / WARP + own * WARPS;
}

/* The rows of this warp walk the keys from..to; row r sees those below `sees + r * sees_more`. */
template <int D, typename Rows>
static __device__ void walk(struct part<D> ret[OWN], struct tiles<D> *tile,
                            const struct keys<Rows> &keys, int rows, size_t from, size_t to,
                            size_t sees, int sees_more, float scale)
{
#pragma unroll
    for (int r = 0; r < OWN; r++)
        ret[r] = {-INFINITY, 0.0f, {}};
    for (size_t j = from; j < to; j += KEYS) {
        __syncthreads(); /* q is there, or the tile before is done with */
        load_tile(tile, keys, j, to);
        __syncthreads();
#pragma unroll
        for (int r = 0; r < OWN; r++) {
            const size_t end = row_of(r) < rows ? sees + (size_t)row_of(r) * sees_more : 0;
            const size_t limit = end < to ? end : to;
            const int n = limit <= j ? 0 : limit - j < KEYS ? (int)(limit - j) : KEYS;
            see_tile(&ret[r], tile->q[row_of(r)], *tile, n, scale);
        }
    }
}

/* Rows that are not there are zeros; they see nothing, and their parts are never stored. */
template <int D>
static __device__ void load_queries(struct tiles<D> *ret, const float *q, size_t step, int n)
{
    for (int i = threadIdx.x; i < ROWS * D; i += THREADS)
        ret->q[i / D][i % D] = i / D < n ? q[i / D * step + i % D] : 0.0f;
}

static __device__ __forceinline__ int at_most_rows(size_t n)
{
    return n < ROWS ? (int)n : ROWS;
}

/* ---- prefill: rows are queries of one head ---- */

template <int D, typename Rows>
__global__ void __launch_bounds__(THREADS)
    prefill(struct cuda_attention a, const float *__restrict__ q, size_t n_q, Rows k, Rows v,
            size_t n_kv, float *__restrict__ ret_out)
{
    __shared__ struct tiles<D> tile;
    const size_t first = (size_t)blockIdx.x * ROWS, step = (size_t)a.heads * D;
    const int head = blockIdx.y, n = at_most_rows(n_q - first);
    const struct keys<Rows> keys = {
        k, v, (size_t)a.kv_heads, (size_t)head / (a.heads / a.kv_heads)
    };
    const size_t sees = a.causal ? n_kv - n_q + first + 1 : n_kv; /* of the first row */
    const size_t to = a.causal ? sees + n - 1 : n_kv;
    load_queries(&tile, q + first * step + (size_t)head * D, step, n);
    struct part<D> parts[OWN];
    walk(parts, &tile, keys, n, 0, to, sees, a.causal ? 1 : 0, a.scale);

    const int lane = threadIdx.x % WARP;
#pragma unroll
    for (int r = 0; r < OWN; r++)
        if (row_of(r) < n)
#pragma unroll
            for (int c = 0; c < D / WARP; c++)
                ret_out[(first + row_of(r)) * step + (size_t)head * D + lane + c * WARP] =
                    parts[r].acc[c] / parts[r].sum;
}

/* ---- decode: rows are the heads of a group, each block has a share of the keys ---- */

/* A part in memory: max, sum, acc[D]. Those of a head lie together. */
template <int D, typename Rows>
__global__ void __launch_bounds__(THREADS)
    decode(struct cuda_attention a, const float *__restrict__ q, Rows k, Rows v, size_t n_kv,
           size_t share, float *__restrict__ ret_parts)
{
    __shared__ struct tiles<D> tile;
    const int group = a.heads / a.kv_heads, kv_head = blockIdx.y;
    const int first = kv_head * group + blockIdx.z * ROWS;
    const int n = at_most_rows((kv_head + 1) * group - first);
    const size_t from = blockIdx.x * share < n_kv ? blockIdx.x * share : n_kv;
    const size_t to = from + share < n_kv ? from + share : n_kv;
    const struct keys<Rows> keys = {
        k, v, (size_t)a.kv_heads, (size_t)kv_head
    };
    load_queries(&tile, q + (size_t)first * D, D, n);
    struct part<D> parts[OWN];
    walk(parts, &tile, keys, n, from, to, n_kv, 0, a.scale);

    const int lane = threadIdx.x % WARP;
#pragma unroll
    for (int r = 0; r < OWN; r++) {
        if (row_of(r) >= n)
            continue;
        float *ret = ret_parts + ((size_t)(first + row_of(r)) * gridDim.x + blockIdx.x) * (D + 2);
        if (lane == 0) {
            ret[0] = parts[r].max;
            ret[1] = parts[r].sum;
        }
#pragma unroll
        for (int c = 0; c < D / WARP; c++)
            ret[2 + lane + c * WARP] = parts[r].acc[c];
    }
}

/* One block a head, one thread a value. A part that saw nothing has max -INFINITY, hence weight 0;
 * the first part always saw something. */
template <int D>
__global__ void __launch_bounds__(D)
    merge(const float *__restrict__ parts, size_t splits, float *__restrict__ ret_out)
{
    const float *of_head = parts + blockIdx.x * splits * (D + 2);
    float max = -INFINITY, sum = 0.0f, acc = 0.0f;
    for (size_t s = 0; s < splits; s++)
        max = fmaxf(max, of_head[s * (D + 2)]);
    for (size_t s = 0; s < splits; s++) {
        const float *part = of_head + s * (D + 2);
        const float weight = expf(part[0] - max);
        sum += weight * part[1];
        acc += weight * part[2 + threadIdx.x];
    }
    ret_out[(size_t)blockIdx.x * D + threadIdx.x] = acc / sum;
}

/* ---- launchers: the shape is checked, then a kernel picked by size and type ---- */

static bool makes_sense(const struct cuda_attention *a, size_t n_q, size_t n_kv)
{
    return a->heads > 0 && a->kv_heads > 0 && a->heads % a->kv_heads == 0 &&
           (a->d == 64 || a->d == 128) && n_kv >= n_q && n_kv > 0 &&
           (size_t)a->heads <= GRID_YZ_MAX && (a->type == CUDA_KV_F16 || a->type == CUDA_KV_Q8_0);
}

struct prefill_call {
    const struct cuda_attention *a;
    const float *q;
    size_t n_q, n_kv;
    float *ret_out;
    cudaStream_t stream;
};

template <int D, typename Rows>
static cudaError_t launch_prefill(const struct prefill_call &c, Rows k, Rows v)
{
    const dim3 grid((unsigned)div_up(c.n_q, ROWS), (unsigned)c.a->heads);
    return launch(prefill<D, Rows>, grid, dim3(THREADS), c.stream, *c.a, c.q, c.n_q, k, v, c.n_kv,
                  c.ret_out);
}

template <typename Rows> static cudaError_t prefill_of(const struct prefill_call &c, Rows k, Rows v)
{
    return c.a->d == 64 ? launch_prefill<64>(c, k, v) : launch_prefill<128>(c, k, v);
}

cudaError_t cuda_attention_prefill(const struct cuda_attention *a, const float *q, size_t n_q,
                                   const void *k, const void *v, size_t n_kv, float *ret_out,
                                   cudaStream_t stream)
{
    if (!makes_sense(a, n_q, n_kv) || div_up(n_q, ROWS) > GRID_MAX)
        return cudaErrorInvalidValue;
    if (n_q == 0)
        return cudaSuccess;
    const struct prefill_call c = {a, q, n_q, n_kv, ret_out, stream};
    if (a->type == CUDA_KV_F16)
        return prefill_of(c, f16_rows{(const uint16_t *)k}, f16_rows{(const uint16_t *)v});
    return prefill_of(c, q8_0_rows{(const struct ref_q8_0 *)k},
                      q8_0_rows{(const struct ref_q8_0 *)v});
}

size_t cuda_attention_decode_ws(const struct cuda_attention *a, size_t splits)
{
    return splits * (size_t)a->heads * ((size_t)a->d + 2) * sizeof(float);
}

struct decode_call {
    const struct cuda_attention *a;
    const float *q;
    size_t n_kv, splits;
    float *parts, *ret_out;
    cudaStream_t stream;
};

template <int D, typename Rows>
static cudaError_t launch_decode(const struct decode_call &c, Rows k, Rows v)
{
    const size_t group = (size_t)(c.a->heads / c.a->kv_heads);
    const dim3 grid((unsigned)c.splits, (unsigned)c.a->kv_heads, (unsigned)div_up(group, ROWS));
    const cudaError_t rc = launch(decode<D, Rows>, grid, dim3(THREADS), c.stream, *c.a, c.q, k, v,
                                  c.n_kv, div_up(c.n_kv, c.splits), c.parts);
    if (rc != cudaSuccess)
        return rc;
    return launch(merge<D>, dim3((unsigned)c.a->heads), dim3(D), c.stream, c.parts, c.splits,
                  c.ret_out);
}

template <typename Rows> static cudaError_t decode_of(const struct decode_call &c, Rows k, Rows v)
{
    return c.a->d == 64 ? launch_decode<64>(c, k, v) : launch_decode<128>(c, k, v);
}

cudaError_t cuda_attention_decode(const struct cuda_attention *a, const float *q, const void *k,
                                  const void *v, size_t n_kv, size_t splits, void *ws,
                                  size_t ws_bytes, float *ret_out, cudaStream_t stream)
{
    if (!makes_sense(a, 1, n_kv) || splits == 0 || splits > GRID_YZ_MAX ||
        ws_bytes < cuda_attention_decode_ws(a, splits))
        return cudaErrorInvalidValue;
    const struct decode_call c = {a, q, n_kv, splits, (float *)ws, ret_out, stream};
    if (a->type == CUDA_KV_F16)
        return decode_of(c, f16_rows{(const uint16_t *)k}, f16_rows{(const uint16_t *)v});
    return decode_of(c, q8_0_rows{(const struct ref_q8_0 *)k},
                     q8_0_rows{(const struct ref_q8_0 *)v});
}
