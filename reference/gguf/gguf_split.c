#include "reference/gguf/gguf_split.h"

#include <stdio.h>

typedef unsigned long long llu; /* for printf */

static enum ref_gguf_status number(const struct ref_gguf_file *part, const char *key, uint64_t *ret,
                                   struct err *why)
{
    const struct ref_gguf_kv *kv = ref_gguf_find(part, key);
    const enum ref_gguf_status s = kv == NULL ? REF_GGUF_E_TYPE : ref_gguf_u64(part, kv, ret);
    if (s != REF_GGUF_OK)
        err_set(why, ERR_FORMAT, "%s: %s", key,
                kv == NULL ? "no such key" : ref_gguf_status_text(s));
    return s;
}

enum ref_gguf_status ref_gguf_split(const struct ref_gguf_file *part, struct ref_gguf_split *ret,
                                    struct err *why)
{
    struct ref_gguf_split split = {.no = 0, .count = 1, .n_tensors = part->n_tensors};
    enum ref_gguf_status s;
    if (ref_gguf_find(part, "split.count") != NULL &&
        ((s = number(part, "split.count", &split.count, why)) != REF_GGUF_OK ||
         (s = number(part, "split.no", &split.no, why)) != REF_GGUF_OK ||
         (s = number(part, "split.tensors.count", &split.n_tensors, why)) != REF_GGUF_OK))
        return s;
    if (split.no >= split.count || split.n_tensors < part->n_tensors) {
        err_set(why, ERR_FORMAT, "part %llu of %llu with %llu of %llu tensors", (llu)split.no,
                (llu)split.count, (llu)part->n_tensors, (llu)split.n_tensors);
        return REF_GGUF_E_VALUE;
    }
    *ret = split;
    return REF_GGUF_OK;
}

static enum ref_gguf_status check_place(const struct ref_gguf_file *part, uint64_t n, uint64_t i,
                                        uint64_t *ret_total, struct err *why)
{
    struct ref_gguf_split split;
    const enum ref_gguf_status s = ref_gguf_split(&part[i], &split, why);
    if (s != REF_GGUF_OK) {
        (void)err_wrap(why, ERR_FORMAT, "file %llu", (llu)i);
        return s;
    }
    if (i == 0)
        *ret_total = split.n_tensors;
    if (split.no == i && split.count == n && split.n_tensors == *ret_total &&
        part[i].swapped == part[0].swapped)
        return REF_GGUF_OK;
    err_set(why, ERR_FORMAT, "file %llu of %llu is part %llu of %llu, of %llu tensors, %s-endian",
            (llu)i, (llu)n, (llu)split.no, (llu)split.count, (llu)split.n_tensors,
            part[i].swapped ? "big" : "little");
    return REF_GGUF_E_VALUE;
}

/* Whether a part before number i has one of its tensors. */
static enum ref_gguf_status check_names(const struct ref_gguf_file *part, uint64_t i,
                                        struct err *why)
{
    for (uint64_t t = 0; t < part[i].n_tensors; t++) {
        const struct ref_gguf_span name = part[i].tensor[t].name;
        for (uint64_t before = 0; before < i; before++)
            if (ref_gguf_find_tensor_named(&part[before], part[i].buf + name.off, name.len)) {
                err_set(why, ERR_FORMAT, "tensor %llu of part %llu is in part %llu too", (llu)t,
                        (llu)i, (llu)before);
                return REF_GGUF_E_DUP;
            }
    }
    return REF_GGUF_OK;
}

enum ref_gguf_status ref_gguf_split_check(const struct ref_gguf_file *part, uint64_t n,
                                          struct err *why)
{
    uint64_t total = 0, seen = 0;
    for (uint64_t i = 0; i < n; i++) {
        enum ref_gguf_status s = check_place(part, n, i, &total, why);
        if (s != REF_GGUF_OK || (s = check_names(part, i, why)) != REF_GGUF_OK)
            return s;
        seen += part[i].n_tensors;
    }
    if (n > 0 && seen == total)
        return REF_GGUF_OK;
    err_set(why, ERR_FORMAT, "%llu parts have %llu tensors, not %llu", (llu)n, (llu)seen,
            (llu)total);
    return REF_GGUF_E_VALUE;
}

const struct ref_gguf_tensor *ref_gguf_split_find(const struct ref_gguf_file *part, uint64_t n,
                                                  const char *name, uint64_t *ret_no)
{
    for (uint64_t i = 0; i < n; i++) {
        const struct ref_gguf_tensor *t = ref_gguf_find_tensor(&part[i], name);
        if (t == NULL)
            continue;
        *ret_no = i;
        return t;
    }
    return NULL;
}

enum ref_gguf_status ref_gguf_split_name(const char *prefix, uint64_t no, uint64_t count, char *out,
                                         size_t cap)
{
    if (no >= count || count > UINT16_MAX)
        return REF_GGUF_E_VALUE;
    const int len = snprintf(out, cap, "%s-%05llu-of-%05llu.gguf", prefix, (llu)no + 1, (llu)count);
    return len >= 0 && (size_t)len < cap ? REF_GGUF_OK : REF_GGUF_E_CAP;
}
