/* gguf_seeds DIR: writes a few small good files for the fuzzers to start from, each also as its
 * big-endian twin and as an input of fuzz_gguf_stream, and a model of two files for
 * fuzz_gguf_split. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "reference/gguf/gguf_twin.h"
#include "reference/gguf/gguf_write.h"

static const struct ref_gguf_text words[] = {{"", 0}, {"ab", 2}, {"<0x0A>", 6}};
static const struct ref_gguf_kv_model kvs[] = {
    {.key = {"general.alignment", 17}, .type = REF_GGUF_U32, .data = "\10\0\0\0"},
    {.key = {"s", 1}, .type = REF_GGUF_STRING, .data = words + 1},
    {.key = {"b", 1}, .type = REF_GGUF_BOOL, .data = "\1"},
    {.key = {"w", 1}, .type = REF_GGUF_ARRAY, .elem = REF_GGUF_STRING, .n = 3, .data = words},
    {.key = {"f", 1},
     .type = REF_GGUF_ARRAY,
     .elem = REF_GGUF_F32,
     .n = 2,
     .data = "\0\0\x80\x3f\0\0\0\x40"},
    {.key = {"o", 1}, .type = REF_GGUF_ARRAY, .elem = REF_GGUF_BOOL, .n = 3, .data = "\0\1\1"},
    {.key = {"q", 1}, .type = REF_GGUF_I64, .data = "\1\2\3\4\5\6\7\0"},
};
static const struct ref_gguf_kv_model leaves[] = {
    {.type = REF_GGUF_ARRAY, .elem = REF_GGUF_U16, .n = 2, .data = "\1\2\3\4"},
    {.type = REF_GGUF_ARRAY, .elem = REF_GGUF_STRING, .n = 3, .data = words},
};
static const struct ref_gguf_kv_model tree = {
    .key = {"tree", 4}, .type = REF_GGUF_ARRAY, .elem = REF_GGUF_ARRAY, .n = 2, .data = leaves};
static const struct ref_gguf_kv_model split[] = {
    {.key = {"split.no", 8}, .type = REF_GGUF_U16, .data = "\0\0"},
    {.key = {"split.count", 11}, .type = REF_GGUF_U16, .data = "\1\0"},
    {.key = {"split.tensors.count", 19}, .type = REF_GGUF_I32, .data = "\2\0\0\0"},
};
static const struct ref_gguf_kv_model halves[] = {
    {.key = {"split.no", 8}, .type = REF_GGUF_U16, .data = "\0\0"},
    {.key = {"split.no", 8}, .type = REF_GGUF_U16, .data = "\1\0"},
    {.key = {"split.count", 11}, .type = REF_GGUF_U16, .data = "\2\0"},
    {.key = {"split.tensors.count", 19}, .type = REF_GGUF_I32, .data = "\3\0\0\0"},
};
static const struct ref_gguf_tensor_model tensors[] = {
    {.name = {"t", 1}, .n_dims = 2, .type = 2, .ne = {32, 2}},
    {.name = {"u", 1}, .n_dims = 0, .type = 0},
    {.name = {"v", 1}, .n_dims = 4, .type = 30, .ne = {3, 1, 2, 1}},
};
static const struct ref_gguf_model models[] = {
    {.version = 3},
    {.version = 2, .kv = kvs + 1, .n_kv = 1},
    {.version = 3, .kv = kvs + 1, .n_kv = 6},
    {.version = 3, .tensor = tensors, .n_tensors = 2},
    {.version = 3, .alignment = 8, .kv = kvs, .n_kv = 7, .tensor = tensors, .n_tensors = 3},
    {.version = 3, .kv = &tree, .n_kv = 1},
    {.version = 3, .kv = split, .n_kv = 3, .tensor = tensors, .n_tensors = 2},
};

static enum err_code write_seed(int dir, size_t i, struct err *why)
{
    uint8_t bytes[1024], twin[1024], pieces[1025] = {6}; /* of 7 bytes, for fuzz_gguf_stream */
    char name[32];
    struct ref_gguf_kv kv[8];
    struct ref_gguf_tensor tensor[4];
    struct ref_gguf_file f = {.kv = kv, .tensor = tensor};
    if (ref_gguf_write(&models[i], bytes, sizeof bytes, &f) != REF_GGUF_OK)
        return err_set(why, ERR_INTERNAL, "seed %zu has no layout", i);
    snprintf(name, sizeof name, "seed-%zu.gguf", i);
    enum err_code rc = file_replace(dir, name, bytes, f.size, why);
    if (rc != OK)
        return rc;
    ref_gguf_twin(&f, twin);
    snprintf(name, sizeof name, "twin-%zu.gguf", i);
    if ((rc = file_replace(dir, name, twin, f.size, why)) != OK)
        return rc;
    memcpy(pieces + 1, bytes, f.size);
    snprintf(name, sizeof name, "pieces-%zu", i);
    return file_replace(dir, name, pieces, f.size + 1, why);
}

/* Two tensors in part 0, one in part 1, behind the length of part 0. */
static enum err_code write_parts(int dir, struct err *why)
{
    uint8_t bytes[1024];
    size_t at = 2;
    for (size_t no = 0; no < 2; no++) {
        const struct ref_gguf_kv_model keys[] = {halves[no], halves[2], halves[3]};
        const struct ref_gguf_model m = {
            .version = 3, .kv = keys, .n_kv = 3, .tensor = tensors + 2 * no, .n_tensors = 2 - no};
        struct ref_gguf_file f = {.kv = NULL};
        if (ref_gguf_write(&m, bytes + at, sizeof bytes - at, &f) != REF_GGUF_OK)
            return err_set(why, ERR_INTERNAL, "part %zu has no layout", no);
        at += f.size;
        if (no == 0)
            wr_u16le(bytes, (uint16_t)f.size);
    }
    return file_replace(dir, "parts-0", bytes, at, why);
}

int main(int argc, char **argv)
{
    struct err why = {.code = OK};
    enum err_code rc = OK;
    if (argc != 2) {
        fprintf(stderr, "usage: gguf_seeds DIR\n");
        return 2;
    }
    rc = file_make_dirs(argv[1], &why);
    const int dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < sizeof models / sizeof models[0] && rc == OK; i++)
        rc = write_seed(dir, i, &why);
    if (rc == OK)
        rc = write_parts(dir, &why);
    if (rc != OK)
        fprintf(stderr, "gguf_seeds: %s\n", why.text);
    close(dir);
    return rc == OK ? 0 : 3;
}
