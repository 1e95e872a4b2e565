/* Any bytes in REF_GGUF_SPEC: what is read says the same in the other byte order, and what the
 * strict mode takes this one takes too. */
#include <assert.h>
#include <stdlib.h>

#include "reference/gguf/gguf_twin.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct room {
    struct ref_gguf_kv *kv;
    struct ref_gguf_tensor *tensor;
};

static struct room room_for(const struct ref_gguf_head *head)
{
    const struct room room = {malloc(head->n_kv * sizeof *room.kv + 1),
                              malloc(head->n_tensors * sizeof *room.tensor + 1)};
    assert(room.kv != NULL && room.tensor != NULL);
    return room;
}

static void free_room(struct room room)
{
    free(room.kv);
    free(room.tensor);
}

static enum ref_gguf_status read_into(struct room room, enum ref_gguf_mode mode,
                                      const uint8_t *bytes, size_t size,
                                      const struct ref_gguf_head *head, struct ref_gguf_file *ret)
{
    struct err why;
    return ref_gguf_read_mode(mode, bytes, size, room.kv, head->n_kv, room.tensor, head->n_tensors,
                              ret, &why);
}

static void compare_with_twin(const struct ref_gguf_file *f, const struct ref_gguf_head *head)
{
    uint8_t *bytes = malloc(f->size);
    const struct room room = room_for(head);
    struct ref_gguf_file twin;
    assert(bytes != NULL);
    ref_gguf_twin(f, bytes);
    assert(read_into(room, REF_GGUF_SPEC, bytes, f->size, head, &twin) == REF_GGUF_OK);
    assert(f->swapped != twin.swapped && ref_gguf_same_file(f, &twin));
    free_room(room);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct ref_gguf_head head;
    struct ref_gguf_file f, strict;
    if (ref_gguf_head_mode(REF_GGUF_SPEC, bytes, size, &head, NULL) != REF_GGUF_OK)
        return 0;
    const struct room room = room_for(&head), second = room_for(&head);
    const bool good = read_into(room, REF_GGUF_SPEC, bytes, size, &head, &f) == REF_GGUF_OK;
    if (good)
        compare_with_twin(&f, &head);
    if (read_into(second, REF_GGUF_STRICT, bytes, size, &head, &strict) == REF_GGUF_OK)
        assert(good && ref_gguf_same_file(&f, &strict));
    free_room(room);
    free_room(second);
    return 0;
}
