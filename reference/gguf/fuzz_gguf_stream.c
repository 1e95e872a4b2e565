/* Any bytes in pieces: the first byte says how large they are. The stream says what the reader of
 * the whole file says, and stops where it stops. */
#include <assert.h>
#include <stdlib.h>

#include "reference/gguf/gguf_stream.h"
#include "reference/gguf/gguf_twin.h"

enum { CAP = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Whether all entries came; with f, the file, each has to be f's. */
static bool entries_come(const uint8_t *bytes, uint64_t size, uint64_t piece,
                         const struct ref_gguf_file *f)
{
    static uint8_t buf[CAP];
    struct ref_gguf_stream s;
    enum ref_gguf_event event = REF_GGUF_MORE;
    ref_gguf_stream_init(&s, REF_GGUF_SPEC, buf, CAP);
    for (uint64_t at = 0; at < size; at += piece) {
        const uint8_t *p = bytes + at;
        uint64_t len = piece < size - at ? piece : size - at;
        do {
            if (ref_gguf_stream_next(&s, &p, &len, &event, NULL) != REF_GGUF_OK)
                return false;
            assert(s.len <= CAP && s.at <= s.len);
            if (event == REF_GGUF_DATA)
                return true;
            if (f == NULL || event != REF_GGUF_KV)
                continue;
            const struct ref_gguf_value v = ref_gguf_value(&s.kv),
                                        w = ref_gguf_value(&f->kv[s.n_told_kv - 1]);
            assert(ref_gguf_same_value(&s.file, &v, f, &w));
        } while (event != REF_GGUF_MORE);
    }
    const uint8_t *none = bytes;
    uint64_t nothing = 0; /* the last entry may have ended with the file */
    return ref_gguf_stream_next(&s, &none, &nothing, &event, NULL) == REF_GGUF_OK &&
           event == REF_GGUF_DATA;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct ref_gguf_head head;
    struct ref_gguf_file f;
    if (size == 0 || size > CAP)
        return 0;
    const uint64_t piece = (uint64_t)bytes[0] + 1;
    bytes++;
    size--;
    if (ref_gguf_head_mode(REF_GGUF_SPEC, bytes, size, &head, NULL) != REF_GGUF_OK) {
        (void)entries_come(bytes, size, piece, NULL);
        return 0;
    }
    struct ref_gguf_kv *kv = malloc(head.n_kv * sizeof *kv + 1);
    struct ref_gguf_tensor *tensor = malloc(head.n_tensors * sizeof *tensor + 1);
    assert(kv != NULL && tensor != NULL);
    const enum ref_gguf_status s = ref_gguf_read_mode(REF_GGUF_SPEC, bytes, size, kv, head.n_kv,
                                                      tensor, head.n_tensors, &f, NULL);
    const bool all = entries_come(bytes, size, piece, s == REF_GGUF_OK ? &f : NULL);
    /* Only the whole file shows twins, the padding in front of the data, and the data's end. */
    assert(all ? s == REF_GGUF_OK || s == REF_GGUF_E_DUP || s == REF_GGUF_E_TRUNC ||
                     s == REF_GGUF_E_BOUNDS
               : s != REF_GGUF_OK && s != REF_GGUF_E_BOUNDS);
    free(kv);
    free(tensor);
    return 0;
}
