/* group: rewrite */
/* Keeps as much padding in front of the data as the old file had. */
#include <stdlib.h>
#include <string.h>

#include "lab.h"

enum {
    HEAD_BYTES = 24,
    MIN_KV_BYTES = 14,
    MIN_INFO_BYTES = 24,
    MAX_KEY = 65535,
    MAX_NAME = 63,
    MAX_DIMS = 4,
    MARK_STRIDE = 32 /* strings from one mark to the next */
};

/* f->priv. gg_str needs to know where element i begins, and strings have all lengths; so on first
 * use it notes the place of every 32nd string of the array. That is a quarter of a byte a string.
 */
struct marks {
    uint64_t **of_kv; /* n_kv arrays, NULL until asked for */
    uint64_t n_kv;
};

static uint32_t u32le(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t u64le(const uint8_t *p)
{
    return u32le(p) | (uint64_t)u32le(p + 4) << 32;
}

static void put_u64le(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t pad(uint64_t n, uint64_t alignment)
{
    return (n + alignment - 1) & ~(alignment - 1);
}

/* ---- reading fields ---- */

struct reader {
    const uint8_t *buf;
    uint64_t size, pos;
};

static int fits(const struct reader *r, uint64_t count, uint64_t bytes_each)
{
    return count <= (r->size - r->pos) / bytes_each;
}

static int take(struct reader *r, uint64_t count, uint64_t bytes_each, gg_span *ret)
{
    if (!fits(r, count, bytes_each))
        return GG_E_TRUNC;
    ret->off = r->pos;
    ret->len = count * bytes_each;
    r->pos += ret->len;
    return GG_OK;
}

static int take_u32(struct reader *r, uint32_t *ret)
{
    gg_span s;
    const int rc = take(r, 1, 4, &s);
    if (rc == GG_OK)
        *ret = u32le(r->buf + s.off);
    return rc;
}

static int take_u64(struct reader *r, uint64_t *ret)
{
    gg_span s;
    const int rc = take(r, 1, 8, &s);
    if (rc == GG_OK)
        *ret = u64le(r->buf + s.off);
    return rc;
}

static int take_string(struct reader *r, gg_span *ret)
{
    uint64_t len;
    const int rc = take_u64(r, &len);
    return rc != GG_OK ? rc : take(r, len, 1, ret);
}

static int span_is(const uint8_t *buf, gg_span s, const char *text)
{
    const size_t len = strlen(text);
    return s.len == len && memcmp(buf + s.off, text, len) == 0;
}

/* ---- twins ---- */

struct name {
    const uint8_t *bytes;
    uint64_t len;
};

static int compare_names(const void *left, const void *right)
{
    const struct name *a = left, *b = right;
    const int order = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);
    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

/* Whether two of n names are the same. `first` is the first entry's span, the others follow
 * `stride` bytes apart. Sorted, because a hostile file may have millions of names. */
static int find_twins(const uint8_t *buf, const void *first, size_t stride, uint64_t n)
{
    if (n < 2)
        return GG_OK;
    struct name *names = malloc(n * sizeof *names);
    if (names == NULL)
        return GG_E_NOMEM;
    for (uint64_t i = 0; i < n; i++) {
        gg_span s;
        memcpy(&s, (const char *)first + i * stride, sizeof s);
        names[i] = (struct name){buf + s.off, s.len};
    }
    qsort(names, n, sizeof *names, compare_names);
    int rc = GG_OK;
    for (uint64_t i = 1; i < n && rc == GG_OK; i++)
        if (compare_names(&names[i - 1], &names[i]) == 0)
            rc = GG_E_DUP;
    free(names);
    return rc;
}

/* ---- KVs ---- */

/* Bytes of a value; 0 for strings and arrays, which say their own length. */
static uint32_t value_bytes(uint32_t type)
{
    static const uint8_t bytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    return type < sizeof bytes ? bytes[type] : 0;
}

static int take_strings(struct reader *r, uint64_t n, gg_span *ret)
{
    if (!fits(r, n, 8))
        return GG_E_TRUNC;
    ret->off = r->pos;
    for (uint64_t i = 0; i < n; i++) {
        gg_span s;
        const int rc = take_string(r, &s);
        if (rc != GG_OK)
            return rc;
    }
    ret->len = r->pos - ret->off;
    return GG_OK;
}

static int take_elements(struct reader *r, uint32_t type, uint64_t n, gg_span *ret)
{
    if (type == GG_STRING)
        return take_strings(r, n, ret);
    const int rc = take(r, n, value_bytes(type), ret);
    if (rc != GG_OK || type != GG_BOOL)
        return rc;
    for (uint64_t i = 0; i < ret->len; i++)
        if (r->buf[ret->off + i] > 1)
            return GG_E_VALUE;
    return GG_OK;
}

static int take_value(struct reader *r, gg_kv *kv)
{
    kv->elem = kv->type;
    kv->n = 1;
    if (kv->type == GG_STRING)
        return take_string(r, &kv->val);
    if (kv->type == GG_ARRAY) {
        int rc = take_u32(r, &kv->elem);
        if (rc != GG_OK)
            return rc;
        if (kv->elem > GG_F64 || kv->elem == GG_ARRAY)
            return GG_E_TYPE;
        rc = take_u64(r, &kv->n);
        if (rc != GG_OK)
            return rc;
    }
    return take_elements(r, kv->elem, kv->n, &kv->val);
}

/* The rest of a KV behind its key. */
static int take_kv(struct reader *r, gg_kv *kv, uint32_t *alignment)
{
    const int aligns = span_is(r->buf, kv->key, "general.alignment");
    int rc = take_u32(r, &kv->type);
    if (rc != GG_OK)
        return rc;
    if (kv->type > GG_F64 || (aligns && kv->type != GG_U32))
        return GG_E_TYPE;
    rc = take_value(r, kv);
    if (rc != GG_OK || !aligns)
        return rc;
    *alignment = u32le(r->buf + kv->val.off);
    return *alignment >= 8 && (*alignment & (*alignment - 1)) == 0 ? GG_OK : GG_E_ALIGN;
}

static int take_kvs(struct reader *r, gg_file *f)
{
    int rc = GG_OK;
    uint64_t named = 0;
    for (uint64_t i = 0; i < f->n_kv && rc == GG_OK; i++) {
        gg_kv *kv = &f->kv[i];
        rc = take_string(r, &kv->key);
        if (rc == GG_OK && (kv->key.len == 0 || kv->key.len > MAX_KEY))
            rc = GG_E_KEY;
        if (rc != GG_OK)
            break;
        named++;
        rc = take_kv(r, kv, &f->alignment);
    }
    /* Twins among the keys that were read stand before whatever stopped the loop. */
    const int twins = find_twins(f->buf, f->kv, sizeof *f->kv, named);
    return twins != GG_OK ? twins : rc;
}

/* ---- tensors ---- */

static const lab_type *find_type(uint32_t id)
{
    for (int i = 0; i < LAB_N_TYPES; i++)
        if (lab_types[i].id == id)
            return &lab_types[i];
    return NULL;
}

/* *a *= b, unless that reaches 2^63. */
static int multiply(uint64_t *a, uint64_t b)
{
    if (b > INT64_MAX || (b > 0 && *a > INT64_MAX / b))
        return GG_E_SHAPE;
    *a *= b;
    return GG_OK;
}

static int take_dims(struct reader *r, gg_tensor *t, uint64_t *elements)
{
    int rc = take_u32(r, &t->n_dims);
    if (rc != GG_OK)
        return rc;
    if (t->n_dims > MAX_DIMS)
        return GG_E_SHAPE;
    *elements = 1;
    for (uint32_t d = 0; d < MAX_DIMS; d++)
        t->ne[d] = 1;
    for (uint32_t d = 0; d < t->n_dims; d++) {
        rc = take_u64(r, &t->ne[d]);
        if (rc == GG_OK)
            rc = multiply(elements, t->ne[d]);
        if (rc != GG_OK)
            return rc;
    }
    return GG_OK;
}

/* The rest of an info behind its name; `end` is where the next tensor must begin, UINT64_MAX where
 * no tensor can (offsets are multiples of 8, so that none is equal to it). */
static int take_info(struct reader *r, gg_tensor *t, uint32_t alignment, uint64_t *end)
{
    uint64_t elements = 0;
    int rc = take_dims(r, t, &elements);
    if (rc == GG_OK)
        rc = take_u32(r, &t->type);
    if (rc != GG_OK)
        return rc;
    const lab_type *type = find_type(t->type);
    if (type == NULL)
        return GG_E_TYPE;
    t->nbytes = elements / type->block;
    if (t->ne[0] % type->block != 0 || multiply(&t->nbytes, type->bytes) != GG_OK)
        return GG_E_SHAPE;
    rc = take_u64(r, &t->offset);
    if (rc != GG_OK)
        return rc;
    if (*end == UINT64_MAX || t->offset != *end)
        return GG_E_OFFSET;
    const uint64_t padded = pad(t->nbytes, alignment);
    *end = padded <= UINT64_MAX - *end ? *end + padded : UINT64_MAX;
    return GG_OK;
}

static int take_infos(struct reader *r, gg_file *f)
{
    int rc = GG_OK;
    uint64_t named = 0, end = 0;
    for (uint64_t i = 0; i < f->n_tensors && rc == GG_OK; i++) {
        gg_tensor *t = &f->t[i];
        rc = take_string(r, &t->name);
        if (rc == GG_OK && t->name.len > MAX_NAME)
            rc = GG_E_NAME;
        if (rc != GG_OK)
            break;
        named++;
        rc = take_info(r, t, f->alignment, &end);
    }
    const int twins = find_twins(f->buf, f->t, sizeof *f->t, named);
    return twins != GG_OK ? twins : rc;
}

static int check_data(const struct reader *r, gg_file *f)
{
    f->data_off = f->n_tensors > 0 ? pad(r->pos, f->alignment) : r->pos;
    if (f->data_off > f->size)
        return GG_E_TRUNC;
    const uint64_t room = f->size - f->data_off;
    for (uint64_t i = 0; i < f->n_tensors; i++)
        if (f->t[i].offset > room || f->t[i].nbytes > room - f->t[i].offset)
            return GG_E_BOUNDS;
    return GG_OK;
}

/* ---- the file ---- */

static int take_head(struct reader *r, gg_file *f)
{
    gg_span magic;
    int rc = take(r, 4, 1, &magic);
    if (rc != GG_OK)
        return rc;
    if (memcmp(r->buf, "GGUF", 4) != 0)
        return GG_E_MAGIC;
    rc = take_u32(r, &f->version);
    if (rc != GG_OK)
        return rc;
    if (f->version != 2 && f->version != 3)
        return GG_E_VERSION;
    rc = take_u64(r, &f->n_tensors);
    if (rc == GG_OK)
        rc = take_u64(r, &f->n_kv);
    if (rc != GG_OK)
        return rc;
    return fits(r, f->n_kv, MIN_KV_BYTES) && fits(r, f->n_tensors, MIN_INFO_BYTES) ? GG_OK
                                                                                   : GG_E_TRUNC;
}

/* Entries for what the header announces; the counts have been checked against the file's size. */
static int allocate(gg_file *f)
{
    struct marks *marks = calloc(1, sizeof *marks);
    f->priv = marks;
    if (marks == NULL)
        return GG_E_NOMEM;
    if (f->n_kv > 0) {
        f->kv = calloc(f->n_kv, sizeof *f->kv);
        marks->of_kv = calloc(f->n_kv, sizeof *marks->of_kv);
        if (f->kv == NULL || marks->of_kv == NULL)
            return GG_E_NOMEM;
        marks->n_kv = f->n_kv;
    }
    if (f->n_tensors > 0) {
        f->t = calloc(f->n_tensors, sizeof *f->t);
        if (f->t == NULL)
            return GG_E_NOMEM;
    }
    return GG_OK;
}

int gg_open(const uint8_t *buf, uint64_t size, gg_file *f)
{
    struct reader r = {buf, size, 0};
    *f = (gg_file){.buf = buf, .size = size, .alignment = 32};
    int rc = take_head(&r, f);
    if (rc == GG_OK)
        rc = allocate(f);
    if (rc == GG_OK)
        rc = take_kvs(&r, f);
    if (rc == GG_OK)
        rc = take_infos(&r, f);
    if (rc == GG_OK)
        rc = check_data(&r, f);
    if (rc != GG_OK)
        gg_close(f);
    return rc;
}

void gg_close(gg_file *f)
{
    struct marks *marks = f->priv;
    for (uint64_t i = 0; marks != NULL && i < marks->n_kv; i++)
        free(marks->of_kv[i]);
    if (marks != NULL)
        free(marks->of_kv);
    free(marks);
    free(f->kv);
    free(f->t);
    *f = (gg_file){.buf = NULL};
}

/* ---- what it says ---- */

/* A file has a few dozen KVs: looking through them is fast enough. */
const gg_kv *gg_find(const gg_file *f, const char *key)
{
    for (uint64_t i = 0; i < f->n_kv; i++)
        if (span_is(f->buf, f->kv[i].key, key))
            return &f->kv[i];
    return NULL;
}

static int positive(int64_t value, uint64_t *v)
{
    if (value < 0)
        return GG_E_VALUE;
    *v = (uint64_t)value;
    return GG_OK;
}

int gg_u64(const gg_file *f, const gg_kv *kv, uint64_t *v)
{
    const uint8_t *p = f->buf + kv->val.off;
    switch (kv->type) {
    case GG_U8:
    case GG_BOOL:
        return positive(p[0], v);
    case GG_I8:
        return positive((int8_t)p[0], v);
    case GG_U16:
        return positive(p[0] | p[1] << 8, v);
    case GG_I16:
        return positive((int16_t)(p[0] | p[1] << 8), v);
    case GG_U32:
        return positive(u32le(p), v);
    case GG_I32:
        return positive((int32_t)u32le(p), v);
    case GG_I64:
        return positive((int64_t)u64le(p), v);
    case GG_U64:
        *v = u64le(p);
        return GG_OK;
    default:
        return GG_E_TYPE;
    }
}

int gg_f64(const gg_file *f, const gg_kv *kv, double *v)
{
    const uint8_t *p = f->buf + kv->val.off;
    if (kv->type == GG_F32) {
        const uint32_t bits = u32le(p);
        float x;
        memcpy(&x, &bits, sizeof x);
        *v = x;
        return GG_OK;
    }
    if (kv->type == GG_F64) {
        const uint64_t bits = u64le(p);
        memcpy(v, &bits, sizeof *v);
        return GG_OK;
    }
    return GG_E_TYPE;
}

/* Where every 32nd string of the array begins; NULL without memory for it. */
static const uint64_t *marks_of(const gg_file *f, const gg_kv *kv)
{
    struct marks *marks = f->priv;
    uint64_t **slot = &marks->of_kv[kv - f->kv];
    if (*slot != NULL)
        return *slot;
    *slot = malloc((kv->n / MARK_STRIDE + 1) * sizeof **slot);
    uint64_t at = kv->val.off;
    for (uint64_t i = 0; *slot != NULL && i < kv->n; i++) {
        if (i % MARK_STRIDE == 0)
            (*slot)[i / MARK_STRIDE] = at;
        at += 8 + u64le(f->buf + at);
    }
    return *slot;
}

int gg_str(const gg_file *f, const gg_kv *kv, uint64_t i, gg_span *s)
{
    if (kv->elem != GG_STRING)
        return GG_E_TYPE;
    if (i >= kv->n)
        return GG_E_VALUE;
    if (kv->type == GG_STRING) {
        *s = kv->val;
        return GG_OK;
    }
    const uint64_t *marks = marks_of(f, kv);
    uint64_t at = marks != NULL ? marks[i / MARK_STRIDE] : kv->val.off;
    for (uint64_t steps = marks != NULL ? i % MARK_STRIDE : i; steps > 0; steps--)
        at += 8 + u64le(f->buf + at);
    *s = (gg_span){at + 8, u64le(f->buf + at)};
    return GG_OK;
}

/* ---- rewriting ---- */

static uint64_t end_of_kvs(const gg_file *f)
{
    const gg_kv *last = f->n_kv > 0 ? &f->kv[f->n_kv - 1] : NULL;
    return last != NULL ? last->val.off + last->val.len : HEAD_BYTES;
}

static uint64_t end_of_infos(const gg_file *f)
{
    if (f->n_tensors == 0)
        return end_of_kvs(f);
    const gg_tensor *last = &f->t[f->n_tensors - 1];
    return last->name.off + last->name.len + 4 + 8 * (uint64_t)last->n_dims + 4 + 8;
}

/* The new file is: in[0, from), then the key if it is new, the value, in[to, infos), zeros, data.
 */
struct edit {
    const char *key, *val;
    uint64_t from, to, infos;
    int appends;
};

static uint64_t inserted_bytes(const struct edit *e)
{
    return (e->appends ? 8 + strlen(e->key) + 4 : 0) + 8 + strlen(e->val);
}

static uint8_t *put_string(uint8_t *p, const char *text)
{
    const size_t len = strlen(text);
    put_u64le(p, len);
    memcpy(p + 8, text, len);
    return p + 8 + len;
}

static uint8_t *put_span(uint8_t *p, const uint8_t *in, uint64_t from, uint64_t to)
{
    memcpy(p, in + from, to - from);
    return p + (to - from);
}

static int64_t apply(const gg_file *f, const struct edit *e, uint8_t *out, uint64_t cap)
{
    const uint64_t infos = e->from + inserted_bytes(e) + (e->infos - e->to);
    const uint64_t data = infos + (f->data_off - e->infos);
    const uint64_t size = data + (f->size - f->data_off);
    if (size > cap)
        return GG_E_CAP;
    uint8_t *p = put_span(out, f->buf, 0, e->from);
    if (e->appends) {
        static const uint8_t type[4] = {GG_STRING};
        p = put_string(p, e->key);
        memcpy(p, type, sizeof type);
        p += sizeof type;
        put_u64le(out + 16, f->n_kv + 1);
    }
    p = put_string(p, e->val);
    p = put_span(p, f->buf, e->to, e->infos);
    memset(p, 0, data - infos);
    put_span(out + data, f->buf, f->data_off, f->size);
    return (int64_t)size;
}

static int64_t set_in(const gg_file *f, const char *key, const char *val, uint8_t *out,
                      uint64_t cap)
{
    const uint64_t kvs = end_of_kvs(f);
    struct edit e = {key, val, kvs, kvs, end_of_infos(f), 1};
    const gg_kv *kv = gg_find(f, key);
    if (kv != NULL) {
        if (kv->type != GG_STRING)
            return GG_E_TYPE;
        e.from = kv->val.off - 8;
        e.to = kv->val.off + kv->val.len;
        e.appends = 0;
    }
    return apply(f, &e, out, cap);
}

int64_t gg_set_str(const uint8_t *in, uint64_t size, const char *key, const char *val, uint8_t *out,
                   uint64_t cap)
{
    gg_file f;
    const int rc = gg_open(in, size, &f);
    if (rc != GG_OK)
        return rc;
    const size_t len = strlen(key);
    int64_t result = GG_E_KEY;
    if (len > 0 && len <= MAX_KEY && strcmp(key, "general.alignment") != 0)
        result = set_in(&f, key, val, out, cap);
    gg_close(&f);
    return result;
}
