/* Trusted side of lab 1.2: the groups, and the two visible ones. */
#include "check_model.h"

static void check_visible(struct check *k, struct subject *s)
{
    s->visible = true;
    subject_write(k, s);
    check_open(k, s, 0);
}

/* ---- kv ---- */

static const char *const value_names[] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                          "bool", "string", "array", "u64", "i64", "f64"};

static void one_kv_of_each_type(struct check *k)
{
    for (uint32_t type = 0; type < REF_GGUF_VALUE_TYPES; type++) {
        check_case(k, "one KV of type %s", value_names[type]);
        struct subject s = subject_new(k, 1, 0);
        add_kv(k, &s, type);
        check_visible(k, &s);
    }
}

static void one_array_of_each_type(struct check *k)
{
    for (uint32_t elem = 0; elem < REF_GGUF_VALUE_TYPES; elem++) {
        if (elem == REF_GGUF_ARRAY)
            continue;
        const uint32_t n = 2 + elem;
        check_case(k, "an array of %u of type %s between two numbers", n, value_names[elem]);
        struct subject s = subject_new(k, 3, 0);
        add_kv(k, &s, REF_GGUF_U16);
        add_array(k, &s, elem, n);
        add_kv(k, &s, REF_GGUF_F32);
        check_visible(k, &s);
    }
}

static void group_kv(struct check *k)
{
    static const uint32_t counts[] = {2, 3, 5, 8, 13, 21, 30, 40};
    check_case(k, "the header alone: no KVs, no tensors");
    struct subject empty = subject_new(k, 0, 0);
    check_visible(k, &empty);
    one_kv_of_each_type(k);
    one_array_of_each_type(k);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        check_case(k, "%u KVs of random types", counts[i]);
        struct subject s = subject_new(k, counts[i], 0);
        add_any_kvs(k, &s, counts[i]);
        check_visible(k, &s);
    }
}

/* ---- tensors ---- */

static void two_tensors_of_each_type(struct check *k)
{
    const struct ref_gguf_tensor_type *type;
    for (size_t i = 0; (type = ref_gguf_tensor_type_at(i)) != NULL; i++) {
        const uint32_t dims = 1 + (uint32_t)i % REF_GGUF_MAX_DIMS;
        check_case(k, "two tensors of type %s, %u dimensions, no general.alignment", type->name,
                   dims);
        struct subject s = subject_new(k, 1, 2);
        add_any_kvs(k, &s, 1);
        add_tensor(k, &s, type->id, dims);
        add_tensor(k, &s, type->id, dims);
        check_visible(k, &s);
    }
}

static void many_tensors_aligned(struct check *k, uint32_t alignment)
{
    static const uint32_t counts[] = {1, 3, 8, 30};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        check_case(k, "%u tensors of random types, general.alignment %u", counts[i], alignment);
        struct subject s = subject_new(k, 4, counts[i]);
        add_any_kvs(k, &s, below(k, 3));
        add_alignment(k, &s, alignment);
        add_any_kvs(k, &s, below(k, 2));
        add_any_tensors(k, &s, counts[i]);
        check_visible(k, &s);
    }
}

static void group_tensors(struct check *k)
{
    check_part(k, "every type", 8);
    two_tensors_of_each_type(k);
    check_part(k, "every alignment", 7);
    many_tensors_aligned(k, 8);
    many_tensors_aligned(k, 32);
    many_tensors_aligned(k, 64);
    many_tensors_aligned(k, 4096);
}

static const struct lab_group groups[] = {
    {"kv", group_kv, .sanitize = true},
    {"tensors", group_tensors, .sanitize = true},
    {"accessors", group_accessors, .sanitize = true},
    {"legal-edges", group_edges, .sanitize = true},
    {"malformed", group_malformed, .sanitize = true},
    {"truncation", group_truncation, .sanitize = true},
    {"scale", group_scale, .sanitize = true},
    {"rewrite", group_rewrite, .sanitize = true},
    {"hygiene", group_hygiene, .sanitize = true, .hygiene = true},
};
const struct lab_module lab_module = {LAB_SDK, groups, sizeof groups / sizeof groups[0], NULL, 0};
