#include "grader/vgpu/cost/weigh.h"

enum {
    ALU_LATENCY = 4,
    SFU_LATENCY = 18,
    FP64_LATENCY = 8,
    SHUFFLE_LATENCY = 23,
    MMA_LATENCY = 33
};

static enum ptx_type type_of(const struct ptx_instr *i)
{
    return i->n_types ? (enum ptx_type)i->types[0] : PTX_B32;
}

static bool is_double(enum ptx_type t)
{
    return t == PTX_F64;
}

static bool is_real(enum ptx_type t)
{
    return t == PTX_F16 || t == PTX_F16X2 || t == PTX_BF16 || t == PTX_BF16X2 || t == PTX_F32 ||
           t == PTX_F64;
}

static struct cost_weight on(enum vg_pipe pipe, float work)
{
    uint32_t latency = ALU_LATENCY;
    if (pipe == VG_SFU)
        latency = SFU_LATENCY;
    else if (pipe == VG_FP64)
        latency = FP64_LATENCY;
    const float issue = work < 1 ? work : (float)(int)(work + 0.5f);
    /* What becomes several instructions is a chain of them. */
    return (struct cost_weight){.pipe = pipe,
                                .work = work,
                                .issue = issue,
                                .latency = work > 1 ? (uint32_t)(work * (float)latency) : latency};
}

/* Integers of 64 bits are pairs. */
static struct cost_weight simple(enum ptx_type t)
{
    if (is_double(t))
        return on(VG_FP64, 1);
    if (is_real(t))
        return on(VG_FP32, t == PTX_F32 ? 1 : 0.5f);
    return on(VG_INT, ptx_type_bits(t) == 64 ? 2 : 1);
}

static struct cost_weight product(const struct ptx_instr *i)
{
    const enum ptx_type t = type_of(i);
    if (is_real(t))
        return simple(t);
    if (ptx_type_bits(t) == 64)
        return on(VG_INT, ptx_has(i, MOD_HI) ? 8 : 4);
    return on(VG_INT, ptx_has(i, MOD_HI) ? 2 : 1);
}

static struct cost_weight with_sfu(struct cost_weight w, float sfu)
{
    w.sfu = sfu;
    w.issue += sfu;
    w.latency += SFU_LATENCY;
    return w;
}

static struct cost_weight division(const struct ptx_instr *i)
{
    const enum ptx_type t = type_of(i);
    if (is_double(t))
        return with_sfu(on(VG_FP64, 16), 1);
    if (is_real(t)) {
        const bool quick = ptx_has(i, MOD_APPROX) || ptx_has(i, MOD_FULL);
        return with_sfu(on(VG_FP32, quick ? 3 : 9), 1);
    }
    return with_sfu(on(VG_INT, ptx_type_bits(t) == 64 ? 70 : 18), 1);
}

static struct cost_weight root(const struct ptx_instr *i)
{
    if (is_double(type_of(i)))
        return with_sfu(on(VG_FP64, 12), 1);
    return ptx_has(i, MOD_APPROX) ? on(VG_SFU, 1) : with_sfu(on(VG_FP32, 8), 1);
}

/* Results of other widths or kinds leave the 16-lane unit; halves and integers among themselves do
 * not need it. */
static struct cost_weight conversion(const struct ptx_instr *i)
{
    if (i->n_types < 2)
        return on(VG_SFU, 1);
    const enum ptx_type to = (enum ptx_type)i->types[0], from = (enum ptx_type)i->types[1];
    const bool wide = ptx_type_bits(to) == 64 || ptx_type_bits(from) == 64;
    if (!is_real(to) && !is_real(from))
        return on(VG_INT, 1);
    if (wide)
        return on(VG_SFU, 2);
    return is_real(to) && is_real(from) ? on(VG_INT, 1) : on(VG_SFU, 1);
}

/* Most moves of PTX are only names; "free" would be wrong all the same. */
static struct cost_weight move(const struct ptx_instr *i)
{
    const bool special = i->n_operands > 1 && i->operands[1].kind == OPERAND_SREG;
    struct cost_weight w = on(VG_INT, special ? 1 : 0.25f);
    w.latency = special ? SHUFFLE_LATENCY : 1;
    return w;
}

static struct cost_weight memory(const struct ptx_instr *i)
{
    const enum ptx_space space = ptx_instr_space(i);
    if (space == PTX_PARAM || space == PTX_CONST) /* operands from the constant bank */
        return on(VG_INT, space == PTX_PARAM ? 0.25f : 1);
    struct cost_weight w = on(VG_LSU, 1);
    w.latency = SHUFFLE_LATENCY; /* what caches add comes with the addresses */
    return w;
}

static struct cost_weight matrix(const struct ptx_instr *i)
{
    static const struct {
        enum ptx_mod mod;
        uint32_t products;
    } shapes[] = {
        {MOD_M16N8K4, 512},   {MOD_M16N8K8, 1024},    {MOD_M16N8K16, 2048},   {MOD_M16N8K32, 4096},
        {MOD_M16N8K64, 8192}, {MOD_M16N8K128, 16384}, {MOD_M16N8K256, 32768}, {MOD_M8N8K4, 256},
        {MOD_M8N8K16, 1024},  {MOD_M8N8K32, 2048},    {MOD_M8N8K128, 8192},   {MOD_M16N16K16, 4096},
        {MOD_M8N32K16, 4096}, {MOD_M32N8K16, 4096},   {MOD_M16N16K8, 2048},
    };
    struct cost_weight w = on(VG_TENSOR, 1);
    w.latency = MMA_LATENCY;
    w.tensor = 32768; /* an unknown shape is the largest */
    for (size_t s = 0; s < sizeof(shapes) / sizeof(*shapes); s++)
        if (ptx_has(i, shapes[s].mod))
            w.tensor = shapes[s].products;
    const enum ptx_type a = i->n_types > 1 ? (enum ptx_type)i->types[1] : PTX_F16;
    if (a == PTX_F64)
        w.tensor *= 16;
    else if (a == PTX_TF32)
        w.tensor *= 2;
    else if (ptx_type_bits(a) == 8)
        w.tensor /= 2;
    else if (ptx_type_bits(a) == 4)
        w.tensor /= 4;
    else if (ptx_type_bits(a) == 1)
        w.tensor /= 16;
    return w;
}

static struct cost_weight control(enum vg_pipe pipe, float slots, uint32_t latency)
{
    return (struct cost_weight){.pipe = pipe, .work = slots, .issue = slots, .latency = latency};
}

static struct cost_weight across_lanes(float work)
{
    struct cost_weight w = on(VG_LSU, work);
    w.latency = SHUFFLE_LATENCY;
    return w;
}

struct cost_weight cost_weigh(const struct ptx_instr *i)
{
    switch ((enum ptx_op)i->op) {
    case PTX_ADD:
    case PTX_SUB:
    case PTX_ADDC:
    case PTX_SUBC:
    case PTX_ABS:
    case PTX_NEG:
    case PTX_MIN:
    case PTX_MAX:
    case PTX_FMA:
    case PTX_COPYSIGN:
    case PTX_TESTP:
        return simple(type_of(i));
    case PTX_SAD:
    case PTX_MUL24:
    case PTX_MAD24:
    case PTX_DP4A:
    case PTX_DP2A:
        return on(VG_INT, 1);
    case PTX_MUL:
    case PTX_MAD:
    case PTX_MADC:
        return product(i);
    case PTX_DIV:
    case PTX_REM:
        return division(i);
    case PTX_RCP:
    case PTX_SQRT:
    case PTX_RSQRT:
        return root(i);
    case PTX_SIN:
    case PTX_COS:
    case PTX_LG2:
    case PTX_EX2:
    case PTX_TANH:
    case PTX_POPC:
    case PTX_CLZ:
    case PTX_BFIND:
    case PTX_BREV:
        return on(VG_SFU, 1);
    case PTX_SET:
    case PTX_SETP:
        return is_double(i->n_types ? (enum ptx_type)i->types[i->n_types - 1] : PTX_B32)
                   ? on(VG_FP64, 1)
                   : on(VG_INT, ptx_type_bits(type_of(i)) == 64 ? 2 : 1);
    case PTX_SELP:
    case PTX_SLCT:
    case PTX_AND:
    case PTX_OR:
    case PTX_XOR:
    case PTX_NOT:
    case PTX_CNOT:
    case PTX_SHL:
    case PTX_SHR:
        return on(VG_INT, ptx_type_bits(type_of(i)) == 64 ? 2 : 1);
    case PTX_LOP3:
    case PTX_SHF:
    case PTX_PRMT:
    case PTX_SZEXT:
    case PTX_BMSK:
    case PTX_ISSPACEP:
    case PTX_ACTIVEMASK:
        return on(VG_INT, 1);
    case PTX_BFE:
    case PTX_BFI:
        return on(VG_INT, 2); /* shifts and masks since compute capability 5 */
    case PTX_MOV:
    case PTX_CVTA:
        return move(i);
    case PTX_CVT:
        return conversion(i);
    case PTX_LD:
    case PTX_LDU:
    case PTX_ST:
    case PTX_ATOM:
    case PTX_RED:
    case PTX_LDMATRIX:
    case PTX_STMATRIX:
    case PTX_CP:
    case PTX_PREFETCH:
    case PTX_PREFETCHU:
        return memory(i);
    case PTX_SHFL:
        return across_lanes(1);
    case PTX_VOTE:
    case PTX_ELECT:
        return on(VG_INT, 1);
    case PTX_REDUX:
        return across_lanes(2);
    case PTX_MATCH:
        return across_lanes(4);
    case PTX_MOVMATRIX:
        return across_lanes(2);
    case PTX_MMA:
        return matrix(i);
    case PTX_WMMA:
        return ptx_has(i, MOD_MMA) ? matrix(i) : memory(i);
    case PTX_BRA:
    case PTX_BRX:
    case PTX_RET:
    case PTX_EXIT:
    case PTX_TRAP:
    case PTX_BRKPT:
        return control(VG_CONTROL, 1, ALU_LATENCY);
    case PTX_CALL:
        return control(VG_CONTROL, 8, 8 * ALU_LATENCY);
    case PTX_BAR:
    case PTX_BARRIER:
    case PTX_MBARRIER:
    case PTX_MEMBAR:
    case PTX_FENCE:
    case PTX_NANOSLEEP:
        return control(VG_SYNC, 1, SHUFFLE_LATENCY);
    default: /* the rest, video instructions among them, are emulated on today's devices */
        return with_sfu(on(VG_INT, 24), 2);
    }
}
