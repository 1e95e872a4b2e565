#include "reference/audio/wav.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"

enum { TAG_PCM = 1, TAG_EXTENSIBLE = 0xfffe, FMT_BYTES = 16, SUB_FORMAT = 24, ENDLESS = -1 };

struct chunk {
    const uint8_t *id, *body;
    uint32_t size; /* as the file says */
    size_t left;   /* what the file holds from body on */
};

static bool is(const uint8_t *p, const char *id)
{
    return memcmp(p, id, 4) == 0;
}

/* False where no header fits any more. */
static bool next_chunk(const uint8_t *file, size_t size, size_t at, struct chunk *ret)
{
    if (size - at < 8)
        return false;
    const uint8_t *p = file + at;
    *ret = (struct chunk){p, p + 8, rd_u32le(p + 4), size - at - 8};
    return true;
}

static enum err_code read_fmt(const struct chunk *c, struct ref_wav *w, struct err *why)
{
    if (c->size < FMT_BYTES)
        return err_set(why, ERR_FORMAT, "fmt has %u bytes: expected %d or more", c->size,
                       FMT_BYTES);
    unsigned tag = rd_u16le(c->body);
    const unsigned channels = rd_u16le(c->body + 2), bits = rd_u16le(c->body + 14);
    if (tag == TAG_EXTENSIBLE && c->size >= SUB_FORMAT + 2)
        tag = rd_u16le(c->body + SUB_FORMAT);
    if (channels == 0)
        return err_set(why, ERR_FORMAT, "fmt has no channels");
    if (tag != TAG_PCM || bits != 16 || channels > REF_WAV_CHANNELS)
        return err_set(why, ERR_UNSUPPORTED,
                       "%u channels of %u bits with tag %u: expected PCM of 16 bits, at most %d",
                       channels, bits, tag, REF_WAV_CHANNELS);
    w->channels = (int)channels;
    w->rate = rd_u32le(c->body + 4);
    return OK;
}

static void take_data(const struct chunk *c, struct ref_wav *w)
{
    const bool to_the_end = c->size == 0 || c->size == (uint32_t)ENDLESS || c->size > c->left;
    w->n = (to_the_end ? c->left : c->size) / (2 * (size_t)w->channels);
    w->data = c->body;
}

enum err_code ref_wav_open(const uint8_t *file, size_t size, struct ref_wav *ret, struct err *why)
{
    struct ref_wav w = {0};
    struct chunk c;
    size_t at = 12;
    if (size < at || !is(file, "RIFF") || !is(file + 8, "WAVE"))
        return err_set(why, ERR_FORMAT, "no RIFF file of kind WAVE");
    while (next_chunk(file, size, at, &c)) {
        if (is(c.id, "data") && w.channels > 0) {
            take_data(&c, &w);
            *ret = w;
            return OK;
        }
        if (is(c.id, "data"))
            return err_set(why, ERR_FORMAT, "data at byte %zu comes before fmt", at);
        if (c.size > c.left)
            return err_set(why, ERR_FORMAT, "the chunk at byte %zu has %u bytes: the file has %zu",
                           at, c.size, c.left);
        const enum err_code rc = is(c.id, "fmt ") ? read_fmt(&c, &w, why) : OK;
        if (rc != OK)
            return rc;
        at += 8 + (size_t)c.size;
        at += c.size % 2 == 1 && at < size; /* the pad of a last chunk may be missing */
    }
    return err_set(why, ERR_FORMAT, "no data up to byte %zu", at);
}

void ref_wav_read(const struct ref_wav *w, size_t first, size_t n, float *ret)
{
    const size_t channels = (size_t)w->channels;
    const uint8_t *p = w->data + first * channels * 2;
    for (size_t i = 0; i < n; i++) {
        int32_t sum = 0; /* exact in a float: below 2^18 */
        for (size_t c = 0; c < channels; c++, p += 2)
            sum += (int16_t)rd_u16le(p);
        ret[i] = (float)sum / (32768.0f * (float)channels);
    }
}
