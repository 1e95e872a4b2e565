/* D = A B + C of mma and wmma.mma (9.7.14), by all 32 lanes together.
 *
 * The ISA leaves order and precision of the sums open ("at least single precision"). Here each
 * element of D starts as C's and takes a fused multiply-add per k, in ascending order, rounded to
 * nearest:
 *
 *     f16, bf16, tf32   in f32, subnormals kept; f16 results are rounded once, at the end
 *     f64               in f64
 *     integers          exactly; then modulo 2^32, or clamped with .satfinite
 *
 * so the same inputs give the same bits anywhere. A device adds several products at once with less
 * than f32's rounding; its results differ in the last places. tf32 operands lose their low 13 bits.
 * Lanes outside the mask lend their registers as they are. */
#include "grader/vgpu/exec/arith/matrix.h"
#include "grader/vgpu/exec/arith/narrow.h"

enum { SIDE = 32, DEPTH = 64 };

/* The operands' first registers in the flattened list. */
struct starts {
    uint32_t a, b, c, n_d;
};

static struct starts starts_of(const struct vg_insn *i, const struct vg_product *p)
{
    const uint32_t n_d = (uint32_t)(strchr(p->letters, '=') - p->letters);
    const uint32_t n_ab = (uint32_t)strlen(p->letters) - 1 - 2 * n_d;
    const struct vg_tile *const t = &p->tile;
    const uint32_t n_a = t->bits == 16 && n_ab == 16 && i->source->op == PTX_WMMA
                             ? 8
                             : n_ab * t->m / (uint32_t)(t->m + t->n);
    return (struct starts){n_d, n_d + n_a, n_d + n_ab, n_d};
}

static inline float element_f32(uint32_t word, uint32_t e, enum ptx_type type)
{
    const uint32_t half = word >> 16 * (e & 1) & 0xffff;
    return type == PTX_F16    ? f32_from_f16(half)
           : type == PTX_BF16 ? f32_of(half << 16)
                              : f32_of(word & ~0x1fffu);
}

/* An integer of A or B. */
static inline int32_t element_int(uint32_t word, uint32_t e, enum ptx_type type)
{
    switch (type) {
    case PTX_U8:
        return (int32_t)(word >> 8 * e & 0xff);
    case PTX_S8:
        return (int8_t)(word >> 8 * e);
    case PTX_U4:
        return (int32_t)(word >> 4 * e & 15);
    default:
        return (int32_t)(word >> 4 * e << 28) >> 28;
    }
}

/* Runs `body` for the elements of registers [from, end): `word` the register, `at` the place, found
 * once per register for lane 0, from which others are `across` columns and one row apart. */
#define EACH_ELEMENT(from, end, per, spot_of, down, across, W, body)                               \
    for (uint32_t r = from; r < (end); r++) {                                                      \
        const W *const words = vg_lanes(w, i, r);                                                  \
        for (uint32_t e = 0; e < (per); e++) {                                                     \
            const struct vg_spot first = spot_of(&p->tile, r - (from), e, 0);                      \
            for (uint32_t l = 0; l < VG_WARP; l++) {                                               \
                const uint32_t row = first.row + (down), column = first.column + (across);         \
                const W word = words[l];                                                           \
                body;                                                                              \
            }                                                                                      \
        }                                                                                          \
    }

#define READ(W, element_a, element_b, element_c)                                                   \
    const uint32_t per = vg_per(&p->tile);                                                         \
    EACH_ELEMENT(s.a, s.b, per, vg_spot_a, l / 4, per * (l % 4), W, a[row][column] = element_a)    \
    EACH_ELEMENT(s.b, s.c, per, vg_spot_b, per *(l % 4), l / 4, W, b[row][column] = element_b)     \
    EACH_ELEMENT(s.c, s.c + s.n_d, vg_per_c(&p->tile), vg_spot_c, l / 4, 2 * (l % 4), W,           \
                 d[row][column] = element_c)

/* Eight columns at a time, which are a vector of sums that waits for nobody. */
#define MULTIPLY(T, D, step)                                                                       \
    for (uint32_t row = 0; row < p->tile.m; row++)                                                 \
        for (uint32_t first = 0; first < p->tile.n; first += 8) {                                  \
            D sums[8];                                                                             \
            memcpy(sums, &d[row][first], sizeof sums);                                             \
            for (uint32_t k = 0; k < p->tile.k; k++) {                                             \
                const T x = a[row][k];                                                             \
                for (uint32_t column = 0; column < 8; column++) {                                  \
                    const T y = b[k][first + column];                                              \
                    const D z = sums[column];                                                      \
                    sums[column] = (step);                                                         \
                }                                                                                  \
            }                                                                                      \
            memcpy(&d[row][first], sums, sizeof sums);                                             \
        }

/* gcc 12 takes the rows of such arrays for aligned when it makes vectors, so they are. */
#define ROWS(T) _Alignas(64) T

static void product_f32(struct vg_warp *w, const struct vg_insn *i, uint32_t mask,
                        const struct vg_product *p)
{
    ROWS(float) a[SIDE][DEPTH] = {{0}}, b[DEPTH][SIDE] = {{0}}, d[SIDE][SIDE] = {{0}};
    const struct starts s = starts_of(i, p);
    const bool halves = p->c == PTX_F16;
    READ(uint32_t, element_f32(word, e, p->a), element_f32(word, e, p->b),
         halves ? f32_from_f16(word >> 16 * e & 0xffff) : f32_of(word))
    MULTIPLY(float, float, __builtin_fmaf(x, y, z))
    for (uint32_t r = 0; r < s.n_d; r++) {
        uint32_t *const words = vg_lanes(w, i, r);
        for (uint32_t l = 0; l < VG_WARP; l++) {
            const struct vg_spot low = vg_spot_c(&p->tile, r, 0, l);
            const struct vg_spot high = vg_spot_c(&p->tile, r, halves ? 1 : 0, l);
            const float x = d[low.row][low.column], y = d[high.row][high.column];
            const uint32_t pair = halves ? f16_from_f32(x) | f16_from_f32(y) << 16 : 0;
            words[l] = !ON(mask) ? words[l] : halves ? pair : bits_of_f32(canonical_f32(x));
        }
    }
}

static void product_f64(struct vg_warp *w, const struct vg_insn *i, uint32_t mask,
                        const struct vg_product *p)
{
    ROWS(double) a[8][8] = {{0}}, b[8][8] = {{0}}, d[8][8] = {{0}};
    const struct starts s = starts_of(i, p);
    READ(double, word, word, word)
    MULTIPLY(double, double, nan_of_f64(__builtin_fma(x, y, z), x, y, z))
    for (uint32_t r = 0; r < s.n_d; r++) {
        double *const words = vg_lanes(w, i, r);
        for (uint32_t l = 0; l < VG_WARP; l++) {
            const struct vg_spot at = vg_spot_c(&p->tile, r, 0, l);
            words[l] = ON(mask) ? d[at.row][at.column] : words[l];
        }
    }
}

static int32_t clamped(int64_t x)
{
    return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (int32_t)x;
}

static void product_int(struct vg_warp *w, const struct vg_insn *i, uint32_t mask,
                        const struct vg_product *p)
{
    ROWS(int32_t) a[SIDE][DEPTH] = {{0}}, b[DEPTH][SIDE] = {{0}};
    ROWS(int64_t) d[SIDE][SIDE] = {{0}};
    const struct starts s = starts_of(i, p);
    const bool clamp = ptx_has(i->source, MOD_SATFINITE);
    READ(uint32_t, element_int(word, e, p->a), element_int(word, e, p->b), (int32_t)word)
    MULTIPLY(int32_t, int64_t, z + (int64_t)x * y)
    for (uint32_t r = 0; r < s.n_d; r++) {
        uint32_t *const words = vg_lanes(w, i, r);
        for (uint32_t l = 0; l < VG_WARP; l++) {
            const struct vg_spot at = vg_spot_c(&p->tile, r, 0, l);
            const int64_t x = d[at.row][at.column];
            words[l] = !ON(mask) ? words[l] : clamp ? (uint32_t)clamped(x) : (uint32_t)x;
        }
    }
}

void FOR_ISA(vg_mma)(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    const struct vg_product *const p = vg_product_of(i->source);
    if (p->c == PTX_F64)
        product_f64(w, i, mask, p);
    else if (p->c == PTX_S32)
        product_int(w, i, mask, p);
    else
        product_f32(w, i, mask, p);
}
