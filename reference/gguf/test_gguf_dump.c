#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "reference/gguf/gguf_twin.h"
#include "reference/gguf/gguf_write.h"

static char dir[] = "/tmp/gguf_dump.XXXXXX";
static char path[64], output[8192];

static const struct ref_gguf_text evil = {"\x1b[2J\"\\\xff\0z", 9};
static const struct ref_gguf_kv_model inner = {
    .type = REF_GGUF_ARRAY, .elem = REF_GGUF_I16, .n = 2, .data = "\xfe\xff\1\0"};
static const struct ref_gguf_kv_model kvs[] = {
    {.key = {"a\nb", 3}, .type = REF_GGUF_STRING, .data = &evil},
    {.key = {"long", 4},
     .type = REF_GGUF_ARRAY,
     .elem = REF_GGUF_U8,
     .n = 10,
     .data = "\0\1\2\3\4\5\6\7\10\11"},
    {.key = {"nan", 3}, .type = REF_GGUF_F32, .data = "\0\0\xc0\x7f"},
    {.key = {"f", 1}, .type = REF_GGUF_F32, .data = "\0\0\0\x3f"},
    {.key = {"yes", 3}, .type = REF_GGUF_BOOL, .data = "\1"},
    {.key = {"tree", 4}, .type = REF_GGUF_ARRAY, .elem = REF_GGUF_ARRAY, .n = 1, .data = &inner},
};
static const struct ref_gguf_tensor_model tensors[] = {
    {.name = {"w", 1}, .n_dims = 2, .type = 2, .ne = {32, 2}},
    {.name = {"s\t", 2}, .n_dims = 0, .type = 0},
};
static const struct ref_gguf_model whole = {
    .version = 3, .kv = kvs, .n_kv = 6, .tensor = tensors, .n_tensors = 2};

static void write_bytes(const uint8_t *bytes, uint64_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* The file, in big-endian if so asked. */
static void write_file(bool twin)
{
    uint8_t bytes[1024], swapped[1024];
    struct ref_gguf_kv kv[6];
    struct ref_gguf_tensor tensor[2];
    struct ref_gguf_file f = {.kv = kv, .tensor = tensor};
    assert_int_equal(ref_gguf_write(&whole, bytes, sizeof bytes, &f), REF_GGUF_OK);
    ref_gguf_twin(&f, swapped);
    write_bytes(twin ? swapped : bytes, f.size);
}

/* Runs it; what it printed is in `output`. */
static int run(const char *options, const char *file)
{
    char command[512];
    snprintf(command, sizeof command, "%s %s %s 2>&1", GGUF_DUMP, options, file);
    FILE *pipe = popen(command, "r"); // NOLINT(cert-env33-c): our own program and names
    assert_non_null(pipe);
    const size_t len = fread(output, 1, sizeof output - 1, pipe);
    output[len] = '\0';
    for (size_t i = 0; i < len; i++)
        if (output[i] != '\n' && (output[i] < 0x20 || output[i] > 0x7e))
            fail_msg("byte %d of the output is %d", (int)i, output[i]);
    const int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void text_is_cut_and_escaped(void **state)
{
    (void)state;
    write_file(false);
    assert_int_equal(run("", path), 0);
    assert_string_equal(output, "GGUF version 3, little-endian, alignment 32, data from byte 288\n"
                                "\n6 keys\n"
                                "  \"a\\x0ab\" string = \"\\x1b[2J\\\"\\\\\\xff\\x00z\"\n"
                                "  \"long\" u8[10] = [0, 1, 2, 3, 4, 5, 6, 7, and 2 more]\n"
                                "  \"nan\" f32 = nan\n"
                                "  \"f\" f32 = 0.5\n"
                                "  \"yes\" bool = true\n"
                                "  \"tree\" array[1] = [[-2, 1]]\n"
                                "\n2 tensors\n"
                                "  \"w\" Q4_0 [32, 2], 36 bytes at 0\n"
                                "  \"s\\x09\" F32 [], 4 bytes at 64\n");
}

static void json_is_whole_and_says_the_byte_order(void **state)
{
    (void)state;
    write_file(true);
    assert_int_equal(run("--json", path), 0);
    assert_string_equal(
        output,
        "{\"version\": 3, \"byte_order\": \"big\", \"alignment\": 32, \"data_offset\": 288,\n"
        " \"metadata\": [\n"
        "  {\"key\": \"a\\u000ab\", \"type\": \"string\", \"value\": "
        "\"\\u001b[2J\\\"\\\\\\u00ff\\u0000z\"},\n"
        "  {\"key\": \"long\", \"type\": \"u8[10]\", \"value\": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]},\n"
        "  {\"key\": \"nan\", \"type\": \"f32\", \"value\": null},\n"
        "  {\"key\": \"f\", \"type\": \"f32\", \"value\": 0.5},\n"
        "  {\"key\": \"yes\", \"type\": \"bool\", \"value\": true},\n"
        "  {\"key\": \"tree\", \"type\": \"array[1]\", \"value\": [[-2, 1]]}],\n"
        " \"tensors\": [\n"
        "  {\"name\": \"w\", \"type\": \"Q4_0\", \"shape\": [32, 2], \"offset\": 0, \"bytes\": "
        "36},\n"
        "  {\"name\": \"s\\u0009\", \"type\": \"F32\", \"shape\": [], \"offset\": 64, \"bytes\": "
        "4}]}\n");
}

static void the_exit_status_says_who_is_at_fault(void **state)
{
    (void)state;
    write_file(false);
    assert_int_equal(run("--strict", path), 1); /* an array of arrays */
    assert_non_null(strstr(output, "a type that does not exist"));
    write_bytes((const uint8_t *)"GGUX\3\0\0\0", 8);
    assert_int_equal(run("", path), 1);
    write_bytes((const uint8_t *)"", 0);
    assert_int_equal(run("", path), 1);
    assert_int_equal(run("", ""), 2);
    assert_int_equal(run("--xml", path), 2);
    assert_int_equal(run("", "/nowhere/at/all"), 3);
    assert_int_equal(run("", dir), 3);
}

static int make_dir(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/a.gguf", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_cut_and_escaped),
        cmocka_unit_test(json_is_whole_and_says_the_byte_order),
        cmocka_unit_test(the_exit_status_says_who_is_at_fault),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
