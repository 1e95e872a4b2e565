#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "reference/gguf/gguf_split.h"
#include "reference/gguf/gguf_write.h"

enum { PARTS = 2 };
struct part {
    uint16_t no, count;
    int32_t n_tensors;
    const char *names; /* of its tensors, one byte each */
};

static uint8_t bytes[PARTS][1024];
static struct ref_gguf_kv kv[PARTS][3];
static struct ref_gguf_tensor tensor[PARTS][4];
static struct ref_gguf_file file[PARTS];

/* With `keys` of the three keys. */
static void make_part(int i, const struct part *p, uint64_t keys)
{
    uint8_t no[2], count[2], total[4];
    wr_u16le(no, p->no);
    wr_u16le(count, p->count);
    wr_u32le(total, (uint32_t)p->n_tensors);
    const struct ref_gguf_kv_model kvs[] = {
        {.key = {"split.count", 11}, .type = REF_GGUF_U16, .data = count},
        {.key = {"split.no", 8}, .type = REF_GGUF_U16, .data = no},
        {.key = {"split.tensors.count", 19}, .type = REF_GGUF_I32, .data = total},
    };
    struct ref_gguf_tensor_model tensors[4] = {{.n_dims = 0}};
    struct ref_gguf_model m = {.version = 3, .kv = kvs, .n_kv = keys, .tensor = tensors};
    for (; p->names[m.n_tensors] != '\0'; m.n_tensors++)
        tensors[m.n_tensors].name = (struct ref_gguf_text){&p->names[m.n_tensors], 1};
    struct ref_gguf_file w = {.kv = NULL};
    assert_int_equal(ref_gguf_write(&m, bytes[i], sizeof bytes[i], &w), REF_GGUF_OK);
    assert_int_equal(ref_gguf_read(bytes[i], w.size, kv[i], 3, tensor[i], 4, &file[i], NULL),
                     REF_GGUF_OK);
}

static void parts_are_one_model_when_they_say_so(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct part part[PARTS];
        enum ref_gguf_status status;
    } table[] = {
        {"two parts", {{0, 2, 3, "ab"}, {1, 2, 3, "c"}}, REF_GGUF_OK},
        {"the first without tensors", {{0, 2, 2, ""}, {1, 2, 2, "ab"}}, REF_GGUF_OK},
        {"in the wrong order", {{1, 2, 3, "ab"}, {0, 2, 3, "c"}}, REF_GGUF_E_VALUE},
        {"the same part twice", {{0, 2, 2, "a"}, {0, 2, 2, "b"}}, REF_GGUF_E_VALUE},
        {"a third is missing", {{0, 3, 2, "a"}, {1, 3, 2, "b"}}, REF_GGUF_E_VALUE},
        {"they count differently", {{0, 2, 2, "a"}, {1, 2, 3, "b"}}, REF_GGUF_E_VALUE},
        {"a tensor is missing", {{0, 2, 3, "a"}, {1, 2, 3, "b"}}, REF_GGUF_E_VALUE},
        {"a tensor too many", {{0, 2, 1, "a"}, {1, 2, 1, "b"}}, REF_GGUF_E_VALUE},
        {"part 2 of 2", {{0, 2, 2, "a"}, {2, 2, 2, "b"}}, REF_GGUF_E_VALUE},
        {"of none", {{0, 0, 2, "a"}, {1, 0, 2, "b"}}, REF_GGUF_E_VALUE},
        {"fewer than none", {{0, 2, -1, "a"}, {1, 2, -1, "b"}}, REF_GGUF_E_VALUE},
        {"a tensor in both", {{0, 2, 2, "a"}, {1, 2, 2, "a"}}, REF_GGUF_E_DUP},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct err why = {.text = "no story"};
        make_part(0, &table[i].part[0], 3);
        make_part(1, &table[i].part[1], 3);
        const enum ref_gguf_status s = ref_gguf_split_check(file, PARTS, &why);
        if (s != table[i].status)
            fail_msg("%s: %d, %s", table[i].name, (int)s, why.text);
    }
}

static void a_file_without_the_keys_is_whole(void **state)
{
    (void)state;
    struct ref_gguf_split split;
    make_part(0, &(const struct part){.names = "ab"}, 0);
    assert_int_equal(ref_gguf_split(&file[0], &split, NULL), REF_GGUF_OK);
    assert_true(split.no == 0 && split.count == 1 && split.n_tensors == 2);
    assert_int_equal(ref_gguf_split_check(file, 1, NULL), REF_GGUF_OK);
    make_part(0, &(const struct part){.count = 1, .n_tensors = 2, .names = "ab"}, 2);
    assert_int_equal(ref_gguf_split(&file[0], &split, NULL), REF_GGUF_E_TYPE);
}

static void a_tensor_is_found_in_its_part(void **state)
{
    (void)state;
    uint64_t no = 77;
    make_part(0, &(const struct part){0, 2, 3, "ab"}, 3);
    make_part(1, &(const struct part){1, 2, 3, "c"}, 3);
    assert_ptr_equal(ref_gguf_split_find(file, PARTS, "b", &no), &tensor[0][1]);
    assert_int_equal(no, 0);
    assert_ptr_equal(ref_gguf_split_find(file, PARTS, "c", &no), &tensor[1][0]);
    assert_int_equal(no, 1);
    assert_null(ref_gguf_split_find(file, PARTS, "d", &no));
}

static void files_are_named_from_one(void **state)
{
    (void)state;
    char name[32];
    assert_int_equal(ref_gguf_split_name("dir/m", 2, 9, name, sizeof name), REF_GGUF_OK);
    assert_string_equal(name, "dir/m-00003-of-00009.gguf");
    assert_int_equal(ref_gguf_split_name("dir/m", 2, 9, name, 26), REF_GGUF_OK);
    assert_int_equal(ref_gguf_split_name("dir/m", 2, 9, name, 25), REF_GGUF_E_CAP);
    assert_int_equal(ref_gguf_split_name("m", 9, 9, name, sizeof name), REF_GGUF_E_VALUE);
    assert_int_equal(ref_gguf_split_name("m", 0, 65536, name, sizeof name), REF_GGUF_E_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_one_model_when_they_say_so),
        cmocka_unit_test(a_file_without_the_keys_is_whole),
        cmocka_unit_test(a_tensor_is_found_in_its_part),
        cmocka_unit_test(files_are_named_from_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
