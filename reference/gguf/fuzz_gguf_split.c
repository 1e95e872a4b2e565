/* Any bytes as one model over two files: whatever the parts say of their place, the check neither
 * leaves them nor lets a model pass whose tensors cannot be found. The first two bytes are the
 * length of part 0, little-endian. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "reference/gguf/gguf_split.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static bool open_part(const uint8_t *bytes, size_t size, struct ref_gguf_file *ret)
{
    struct ref_gguf_head head;
    if (ref_gguf_head_mode(REF_GGUF_SPEC, bytes, size, &head, NULL) != REF_GGUF_OK)
        return false;
    struct ref_gguf_kv *kv = malloc(head.n_kv * sizeof *kv + 1);
    struct ref_gguf_tensor *tensor = malloc(head.n_tensors * sizeof *tensor + 1);
    assert(kv != NULL && tensor != NULL);
    if (ref_gguf_read_mode(REF_GGUF_SPEC, bytes, size, kv, head.n_kv, tensor, head.n_tensors, ret,
                           NULL) == REF_GGUF_OK)
        return true;
    free(kv);
    free(tensor);
    return false;
}

static void close_part(struct ref_gguf_file *part)
{
    free(part->kv);
    free(part->tensor);
}

/* Each tensor by its name, which must not hold a NUL: in the part that has it. */
static void try_names(const struct ref_gguf_file part[2], uint64_t n)
{
    for (uint64_t no = 0; no < n; no++)
        for (uint64_t i = 0; i < part[no].n_tensors; i++) {
            const struct ref_gguf_span name = part[no].tensor[i].name;
            const char *text = (const char *)part[no].buf + name.off;
            uint64_t found = n;
            if (memchr(text, 0, name.len) != NULL)
                continue;
            char *copy = strndup(text, name.len);
            assert(copy != NULL);
            assert(ref_gguf_split_find(part, n, copy, &found) == &part[no].tensor[i]);
            assert(found == no);
            free(copy);
        }
}

static void try_model(const struct ref_gguf_file part[2], uint64_t n)
{
    struct ref_gguf_split split;
    struct err why;
    char name[64];
    for (uint64_t no = 0; no < n; no++)
        if (ref_gguf_split(&part[no], &split, &why) == REF_GGUF_OK) {
            assert(split.no < split.count && part[no].n_tensors <= split.n_tensors);
            if (ref_gguf_split_name("model", split.no, split.count, name, sizeof name) ==
                REF_GGUF_OK)
                assert(strlen(name) == strlen("model-00001-of-00003.gguf"));
        }
    if (ref_gguf_split_check(part, n, &why) == REF_GGUF_OK)
        try_names(part, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct ref_gguf_file part[2];
    if (size < 2)
        return 0;
    const size_t left = size - 2, asked = rd_u16le(bytes), first = asked < left ? asked : left;
    if (!open_part(bytes + 2, first, &part[0]))
        return 0;
    try_model(part, 1);
    if (open_part(bytes + 2 + first, left - first, &part[1])) {
        try_model(part, 2);
        close_part(&part[1]);
    }
    close_part(&part[0]);
    return 0;
}
