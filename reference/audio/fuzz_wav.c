/* Any bytes as a WAV file: what is opened lies in the file and reads as samples within -1 and 1. */
#include <assert.h>
#include <math.h>

#include "reference/audio/wav.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct ref_wav w;
    struct err why;
    if (ref_wav_open(bytes, size, &w, &why) != OK)
        return 0;
    assert(w.channels >= 1 && w.channels <= REF_WAV_CHANNELS);
    assert(w.data >= bytes && w.n <= size / (2 * (size_t)w.channels));
    for (size_t i = 0; i < w.n; i++) {
        float x;
        ref_wav_read(&w, i, 1, &x);
        assert(fabsf(x) <= 1);
    }
    return 0;
}
