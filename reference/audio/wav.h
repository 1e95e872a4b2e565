/* WAV files with 16-bit PCM, read to one channel.
 *
 *     RIFF u32 WAVE       then chunks: id (4 bytes), u32 size, that many bytes, one more if odd
 *     fmt   u16 tag, u16 channels, u32 rate, u32 bytes a second, u16 bytes a frame, u16 bits; with
 *           tag 0xFFFE also u16 size, u16 valid bits, u32 mask, u16 the tag that counts, ...
 *     data  frames of `channels` little-endian int16
 *
 * fmt comes before data; other chunks are skipped. A data size of 0, of 0xFFFFFFFF (a stream whose
 * writer never came back) or beyond the file means "to the end". Of the sizes only those of chunks
 * are read: RIFF's own is often wrong in streams. Source: Microsoft and IBM, Multimedia Programming
 * Interface and Data Specifications 1.0, 1991; RFC 2361. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { REF_WAV_CHANNELS = 8 };

struct ref_wav {
    uint32_t rate;       /* samples a second */
    int channels;        /* 1 to REF_WAV_CHANNELS */
    size_t n;            /* whole frames; a cut last one does not count */
    const uint8_t *data; /* in the file */
};

/* ERR_FORMAT: no RIFF WAVE, a chunk that is cut, no fmt before data, no data, no channels.
 * ERR_UNSUPPORTED: another tag, another number of bits, more channels.
 *   file (size)  the caller's, at any address; borrowed by *ret */
MUST_CHECK enum err_code ref_wav_open(const uint8_t *file, size_t size, struct ref_wav *ret,
                                      struct err *why);

/* Frames first to first + n - 1, each the sum of its channels / (32768 * channels), in float.
 * The frames are there. */
void ref_wav_read(const struct ref_wav *w, size_t first, size_t n, float *ret);
