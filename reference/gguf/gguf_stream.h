/* A GGUF file that comes in pieces, from a socket or a pipe: entries come out one by one, in the
 * order of the file, from memory of a size that the caller chose.
 *
 * A whole file in memory or in a map needs none of this: gguf.h's two calls look at each byte of
 * the metadata once and at none of the tensors', so of a map only the metadata's pages are read.
 *
 *     ref_gguf_stream_init(&s, REF_GGUF_SPEC, buf, sizeof buf);
 *     while (... more bytes ...)
 *         do
 *             status = ref_gguf_stream_next(&s, &bytes, &len, &event, &why);
 *         while (status == REF_GGUF_OK && event != REF_GGUF_MORE && event != REF_GGUF_DATA);
 *
 * What only the whole file can tell is not checked: names given twice, and whether the tensors'
 * data is there. Time is linear in the bytes, however small the pieces. */
#pragma once

#include "reference/gguf/gguf_reader.h"

enum ref_gguf_event {
    REF_GGUF_MORE,   /* all bytes were taken, and there is no whole entry yet */
    REF_GGUF_HEAD,   /* file.version, swapped, n_kv, n_tensors */
    REF_GGUF_KV,     /* kv: accessors take it with &s.file */
    REF_GGUF_TENSOR, /* tensor */
    REF_GGUF_DATA,   /* no more entries. Byte `offset` comes next; tensors begin at file.data_off */
};

/* The caller reads file, kv, tensor and offset; the rest is the stream's own. Spans are in buf, and
 * all of it is good until the next call. */
struct ref_gguf_stream {
    struct ref_gguf_file file;
    struct ref_gguf_kv kv;
    struct ref_gguf_tensor tensor;
    uint64_t offset; /* of buf[0] in the file */

    uint8_t *buf; /* the caller's */
    uint64_t cap, len;
    uint64_t at; /* the entry has been looked at up to here; at <= len <= cap */
    enum ref_gguf_mode mode;
    int step;
    bool whole;         /* the entry in buf has been told; the next call drops it */
    uint64_t name, run; /* bytes of the name, of the string in the value */
    uint64_t n_told_kv, n_told_tensors;
    int depth; /* levels in use: the value, and the arrays around what comes next */
    struct {
        uint32_t type;
        uint64_t left; /* values to come */
    } level[REF_GGUF_MAX_DEPTH + 1];
    uint64_t data_end; /* as in struct ref_gguf_reader */
    bool endless;
};

/* buf (cap): the caller's until the end; an entry has to fit. */
void ref_gguf_stream_init(struct ref_gguf_stream *s, enum ref_gguf_mode mode, uint8_t *buf,
                          uint64_t cap);

/* Takes from *bytes what the next entry needs, and moves *bytes and *len on. Statuses are those of
 * ref_gguf_read_mode() but E_TRUNC, E_DUP and E_BOUNDS; E_CAP: an entry is larger than cap. After
 * an error the stream is of no use until it is initialised again. */
MUST_CHECK enum ref_gguf_status ref_gguf_stream_next(struct ref_gguf_stream *s,
                                                     const uint8_t **bytes, uint64_t *len,
                                                     enum ref_gguf_event *ret, struct err *why);
