/* Any bytes as a template and as a conversation: the format that is found exists, segments cover
 * the text and alternate, a smaller memory gets the same beginning, and what the last message adds
 * is the end of the whole. The first byte picks a format and what is asked; then come messages: a
 * byte for the role, one for the length of the content. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "reference/token/chat.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum {
    MESSAGES = 16,
    ROOM = 1 << 16,
    SEGMENTS = 256,
#define FORMAT(name, text) IS_##name,
#include "reference/token/chat_format.def"
#undef FORMAT
    FORMATS
};

static size_t read_messages(const uint8_t *p, size_t size, struct ref_chat_message *m)
{
    static const char *const roles[] = {"system", "user", "assistant", "tool"};
    size_t n = 0;
    for (size_t at = 0; n < MESSAGES && at + 2 <= size; n++) {
        const size_t left = size - at - 2, length = p[at + 1] < left ? p[at + 1] : left;
        const char *role = roles[p[at] & 3];
        m[n].role = (struct ref_chat_text){role, strlen(role)};
        m[n].content = (struct ref_chat_text){(const char *)p + at + 2, length};
        at += 2 + length;
    }
    return n;
}

static void try_segments(const struct ref_chat_out *out)
{
    size_t at = 0;
    for (uint32_t i = 0; i < out->n_seg && i < out->cap_seg; i++) {
        assert(out->seg[i].off == at && out->seg[i].len > 0);
        assert(i == 0 || out->seg[i].special != out->seg[i - 1].special);
        at += out->seg[i].len;
    }
    assert(out->n_seg > out->cap_seg || at == out->n);
}

static void try_render(enum ref_chat_format format, const struct ref_chat_message *m, size_t n,
                       bool answer)
{
    static char whole[ROOM], less[ROOM], added[ROOM];
    static struct ref_chat_segment seg[SEGMENTS];
    struct ref_chat_out all = {.ret = whole, .cap = ROOM, .seg = seg, .cap_seg = SEGMENTS};
    assert(ref_chat_render(format, m, n, answer, &all, NULL) == OK);
    assert(all.n <= ROOM);
    try_segments(&all);
    struct ref_chat_out part = {.ret = less, .cap = all.n / 2};
    assert(ref_chat_render(format, m, n, answer, &part, NULL) == OK);
    assert(part.n == all.n && part.n_seg == all.n_seg && memcmp(less, whole, part.cap) == 0);
    struct ref_chat_out last = {.ret = added, .cap = ROOM};
    if (n == 0)
        return;
    assert(ref_chat_append(format, m, n, answer, &last, NULL) == OK && last.n <= all.n + 1);
    if (!answer)
        assert(memcmp(whole + all.n - last.n, added, last.n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct ref_chat_message m[MESSAGES];
    if (size == 0)
        return 0;
    const int found = ref_chat_detect((const char *)bytes + 1, size - 1);
    assert(found >= -1 && found < FORMATS - IS_CHATML);
    const size_t n = read_messages(bytes + 1, size - 1, m);
    try_render((enum ref_chat_format)((bytes[0] >> 1) % (FORMATS - IS_CHATML)), m, n,
               (bytes[0] & 1) != 0);
    return 0;
}
