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

/* Shrinks to fewer KVs, and then to the last of those. */
static void random_kvs(struct check *k, const struct check_shape *shape)
{
    const uint32_t made = (uint32_t)shape->size[0], last = (uint32_t)shape->size[1];
    const uint32_t n = last < made ? last : made;
    check_case(k, "%u KV%s of random type%s", n, n == 1 ? "" : "s", n == 1 ? "" : "s");
    struct subject s = subject_new(k, made, 0);
    add_any_kvs(k, &s, made);
    drop_kvs(&s, made - n);
    check_visible(k, &s);
}

static void group_kv(struct check *k)
{
    static const uint32_t counts[] = {2, 3, 5, 8, 13, 21, 30, 40};
    check_case(k, "the header alone: no KVs, no tensors");
    struct subject empty = subject_new(k, 0, 0);
    check_visible(k, &empty);
    one_kv_of_each_type(k);
    one_array_of_each_type(k);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        check_shrinkable(k, random_kvs,
                         &(struct check_shape){.size = {counts[i], counts[i]}, .least = {1, 1}});
}

/* ---- tensors ---- */

/* Shrinks to one tensor, to no KV, and to fewer dimensions. */
static void tensors_of_type(struct check *k, const struct check_shape *shape)
{
    const struct ref_gguf_tensor_type *type = ref_gguf_tensor_type_at((size_t)shape->fixed[0]);
    const uint32_t dims = (uint32_t)shape->size[2];
    check_case(k, "%s of type %s, %u dimension%s, no general.alignment",
               shape->size[0] == 2 ? "two tensors" : "a tensor", type->name, dims,
               dims == 1 ? "" : "s");
    struct subject s = subject_new(k, 1, 2);
    add_any_kvs(k, &s, (uint32_t)shape->size[1]);
    for (int64_t i = 0; i < shape->size[0]; i++)
        add_tensor(k, &s, type->id, dims);
    check_visible(k, &s);
}

static void two_tensors_of_each_type(struct check *k)
{
    for (size_t i = 0; ref_gguf_tensor_type_at(i) != NULL; i++)
        check_shrinkable(k, tensors_of_type,
                         &(struct check_shape){.fixed = {(int64_t)i},
                                               .size = {2, 1, 1 + (int64_t)i % REF_GGUF_MAX_DIMS},
                                               .least = {1, 0, 1}});
}

/* Shrinks to fewer tensors, to the last of those, and to the alignment as the only KV. */
static void random_tensors(struct check *k, const struct check_shape *shape)
{
    const uint32_t alignment = (uint32_t)shape->fixed[0];
    const uint32_t made = (uint32_t)shape->size[0], last = (uint32_t)shape->size[1];
    const uint32_t n = last < made ? last : made;
    check_case(k, "%u tensor%s of random type%s, general.alignment %u", n, n == 1 ? "" : "s",
               n == 1 ? "" : "s", alignment);
    struct subject s = subject_new(k, 4, made);
    add_any_kvs(k, &s, below(k, 3));
    const uint32_t before = (uint32_t)s.model.n_kv;
    add_alignment(k, &s, alignment);
    if (shape->size[2] == 0)
        drop_kvs(&s, before);
    else
        add_any_kvs(k, &s, below(k, 2));
    add_any_tensors(k, &s, made);
    drop_tensors(&s, made - n);
    check_visible(k, &s);
}

static void many_tensors_aligned(struct check *k, uint32_t alignment)
{
    static const uint32_t counts[] = {1, 3, 8, 30};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        check_shrinkable(k, random_tensors,
                         &(struct check_shape){.fixed = {alignment},
                                               .size = {counts[i], counts[i], 1},
                                               .least = {1, 1, 0}});
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
