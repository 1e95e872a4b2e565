/* For tests: the same file in the other byte order, and whether two files say the same. */
#pragma once

#include "reference/gguf/gguf_value.h"

/* Writes f->size bytes to `out` (the caller's): numbers of the metadata reversed, all else equal,
 * tensors' data too. f was read in REF_GGUF_SPEC; so can the twin be. */
void ref_gguf_twin(const struct ref_gguf_file *f, uint8_t *out);

/* Whether every accessor says the same of both values and of what is in them. */
bool ref_gguf_same_value(const struct ref_gguf_file *f, const struct ref_gguf_value *v,
                         const struct ref_gguf_file *g, const struct ref_gguf_value *w);

/* Whether the two files agree in all but the byte order. */
bool ref_gguf_same_file(const struct ref_gguf_file *f, const struct ref_gguf_file *g);
