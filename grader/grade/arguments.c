/* What a failing call was given, for people. Read from the input memory, which only we write: what
 * a checker passed may be gone by now. */
#include <string.h>

#include "base/bytes.h"
#include "grader/grade/check.h"

enum {
    SHOWN_BYTES = 24, /* of a buffer */
    SHOWN_FLOATS = 8,
    TEXT_MAX = 64 * 1024, /* of all, where everything is wanted */
};

static void show_more(struct str *out, size_t left)
{
    if (left > 0)
        str_printf(out, " ... %zu more", left);
}

static void show_bytes(struct str *out, const uint8_t *bytes, size_t size, bool full)
{
    const size_t n = full || size < SHOWN_BYTES ? size : SHOWN_BYTES;
    for (size_t i = 0; i < n; i++)
        str_printf(out, " %02x", bytes[i]);
    show_more(out, size - n);
}

static void show_floats(struct str *out, const uint8_t *bytes, size_t size, bool full)
{
    const size_t count = size / sizeof(float);
    const size_t n = full || count < SHOWN_FLOATS ? count : SHOWN_FLOATS;
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = rd_u32le(bytes + i * sizeof bits);
        float x;
        memcpy(&x, &bits, sizeof x);
        str_printf(out, " %.9g", (double)x);
    }
    show_more(out, count - n);
}

static void show_text(struct str *out, const uint8_t *bytes, size_t size, bool full)
{
    const size_t length = strnlen((const char *)bytes, size);
    const size_t n = full || length < SHOWN_BYTES ? length : SHOWN_BYTES;
    str_add(out, " \"");
    str_add_bytes(out, (const char *)bytes, n);
    str_add(out, n < length ? "\"..." : "\"");
}

static void show_input(struct str *out, const uint8_t *bytes, size_t size, enum call_show as,
                       bool full)
{
    str_printf(out, "%zu bytes in%s", size, size > 0 ? ":" : "");
    switch (as) {
    case CALL_SHOW_BYTES:
        show_bytes(out, bytes, size, full);
        return;
    case CALL_SHOW_F32:
        show_floats(out, bytes, size, full);
        return;
    case CALL_SHOW_TEXT:
        show_text(out, bytes, size, full);
        return;
    }
}

static void show_argument(struct str *out, const struct check *k, size_t i)
{
    const struct shm *shm = &k->slot->runner.shm;
    const struct frame_arg *arg = &((const struct frame_call *)(const void *)shm->input)->args[i];
    str_printf(out, "%s%zu: ", i > 0 ? "\n" : "", i);
    switch (k->slot->started->args[i].kind) {
    case FRAME_I64:
        str_printf(out, "%lld", (long long)arg->i64);
        return;
    case FRAME_F64:
        str_printf(out, "%.17g", arg->f64);
        return;
    case FRAME_IN:
        show_input(out, shm->input + arg->offset, arg->size, k->slot->started->show[i], k->full);
        return;
    case FRAME_OUT:
        str_printf(out, "%llu bytes out", (unsigned long long)arg->size);
        return;
    case FRAME_NONE:
        return;
    }
}

const char *check_arguments(struct check *k)
{
    if (!k->now.called || k->slot->started == NULL || k->slot->runner.shm.input == NULL)
        return NULL;
    struct str text;
    str_init(&text, TEXT_MAX);
    for (size_t i = 0; i < k->slot->started->n_args; i++)
        show_argument(&text, k, i);
    const char *copy = check_text(k, &text);
    str_done(&text);
    return copy;
}
