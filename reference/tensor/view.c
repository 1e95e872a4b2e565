#include "reference/tensor/view.h"

#include "base/checked.h"
#include "reference/quant/quant.h"

static enum err_code check_shape(const struct ref_quant_type *type, const int64_t ne[REF_DIMS],
                                 struct err *why)
{
    for (int i = 0; i < REF_DIMS; i++)
        if (ne[i] < 0)
            return err_set(why, ERR_INVALID, "dimension %d is %lld: expected 0 or more", i,
                           (long long)ne[i]);
    if (ne[0] % type->weights != 0)
        return err_set(why, ERR_INVALID, "a row of %lld does not fill blocks of %u of type %s",
                       (long long)ne[0], type->weights, type->name);
    return OK;
}

/* Strides of a tensor without gaps, and its size in all. True where that does not fit. */
static bool overflows(const struct ref_quant_type *type, const int64_t ne[REF_DIMS],
                      size_t ret_nb[REF_DIMS], size_t *ret_size)
{
    ret_nb[0] = type->bytes;
    if (ckd_mul(&ret_nb[1], type->bytes, ne[0] / type->weights) ||
        ckd_mul(&ret_nb[2], ret_nb[1], ne[1]) || ckd_mul(&ret_nb[3], ret_nb[2], ne[2]))
        return true;
    return ckd_mul(ret_size, ret_nb[3], ne[3]);
}

enum err_code ref_view_of(uint32_t type_id, const int64_t ne[REF_DIMS], void *data, size_t size,
                          struct ref_view *ret, struct err *why)
{
    const struct ref_quant_type *type = ref_quant_find(type_id);
    if (type == NULL)
        return err_set(why, ERR_UNSUPPORTED, "type %u is not one that we know", type_id);
    const enum err_code rc = check_shape(type, ne, why);
    if (rc != OK)
        return rc;
    struct ref_view t = {.type = type_id, .data = data};
    size_t needed;
    if (overflows(type, ne, t.nb, &needed) || needed > size)
        return err_set(why, ERR_TOO_LARGE,
                       "%lld x %lld x %lld x %lld of type %s do not fit in %zu bytes",
                       (long long)ne[0], (long long)ne[1], (long long)ne[2], (long long)ne[3],
                       type->name, size);
    for (int i = 0; i < REF_DIMS; i++)
        t.ne[i] = ne[i];
    *ret = t;
    return OK;
}

int64_t ref_view_rows(const struct ref_view *t)
{
    return t->ne[0] == 0 ? 0 : t->ne[1] * t->ne[2] * t->ne[3];
}

int64_t ref_view_elements(const struct ref_view *t)
{
    return t->ne[0] * ref_view_rows(t);
}

static size_t weights_of(const struct ref_view *t)
{
    return ref_quant_find(t->type)->weights;
}

size_t ref_view_bytes(const struct ref_view *t)
{
    if (ref_view_elements(t) == 0)
        return 0;
    const size_t blocks = (size_t)t->ne[0] / weights_of(t);
    size_t bytes = (blocks - 1) * t->nb[0] + ref_quant_find(t->type)->bytes;
    for (int i = 1; i < REF_DIMS; i++)
        bytes += (size_t)(t->ne[i] - 1) * t->nb[i];
    return bytes;
}

bool ref_view_contiguous(const struct ref_view *t)
{
    if (ref_view_elements(t) == 0)
        return true;
    size_t expected = ref_quant_find(t->type)->bytes;
    for (int i = 0; i < REF_DIMS; i++) {
        const size_t steps = i == 0 ? (size_t)t->ne[0] / weights_of(t) : (size_t)t->ne[i];
        if (steps != 1 && t->nb[i] != expected)
            return false;
        expected *= steps;
    }
    return true;
}

bool ref_view_same_shape(const struct ref_view *a, const struct ref_view *b)
{
    for (int i = 0; i < REF_DIMS; i++)
        if (a->ne[i] != b->ne[i])
            return false;
    return true;
}

enum err_code ref_view_permute(const struct ref_view *a, const int to[REF_DIMS],
                               struct ref_view *ret, struct err *why)
{
    struct ref_view t = *a;
    unsigned seen = 0;
    for (int i = 0; i < REF_DIMS; i++)
        if (to[i] >= 0 && to[i] < REF_DIMS)
            seen |= 1u << to[i];
    if (seen != (1u << REF_DIMS) - 1)
        return err_set(why, ERR_INVALID, "(%d, %d, %d, %d) is no permutation of the four axes",
                       to[0], to[1], to[2], to[3]);
    if (to[0] != 0 && weights_of(a) > 1)
        return err_set(why, ERR_INVALID, "axis 0 of a type with blocks cannot move");
    for (int i = 0; i < REF_DIMS; i++) {
        t.ne[to[i]] = a->ne[i];
        t.nb[to[i]] = a->nb[i];
    }
    *ret = t;
    return OK;
}

enum err_code ref_view_slice(const struct ref_view *a, int dim, int64_t from, int64_t to,
                             struct ref_view *ret, struct err *why)
{
    if (dim < 0 || dim >= REF_DIMS)
        return err_set(why, ERR_INVALID, "dimension %d: expected 0 to 3", dim);
    if (from < 0 || from > to || to > a->ne[dim])
        return err_set(why, ERR_RANGE, "[%lld, %lld) is not inside dimension %d of %lld",
                       (long long)from, (long long)to, dim, (long long)a->ne[dim]);
    const int64_t unit = dim == 0 ? (int64_t)weights_of(a) : 1;
    if (from % unit != 0 || to % unit != 0)
        return err_set(why, ERR_INVALID, "[%lld, %lld) cuts a block of %lld", (long long)from,
                       (long long)to, (long long)unit);
    struct ref_view t = *a;
    t.ne[dim] = to - from;
    t.data = (char *)a->data + (size_t)(from / unit) * a->nb[dim];
    *ret = t;
    return OK;
}

enum err_code ref_view_reshape(const struct ref_view *a, const int64_t ne[REF_DIMS],
                               struct ref_view *ret, struct err *why)
{
    if (!ref_view_contiguous(a))
        return err_set(why, ERR_INVALID, "only a contiguous tensor can be reshaped: copy it first");
    struct ref_view t = {0};
    const enum err_code rc = ref_view_of(a->type, ne, a->data, ref_view_bytes(a), &t, why);
    if (rc != OK)
        return rc;
    if (ref_view_elements(&t) != ref_view_elements(a))
        return err_set(why, ERR_INVALID, "%lld elements cannot become %lld",
                       (long long)ref_view_elements(a), (long long)ref_view_elements(&t));
    *ret = t;
    return OK;
}
