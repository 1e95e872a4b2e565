/* A trained net as a GGUF file that llama.cpp's readers take: architecture `llama`, tokenizer
 * `gpt2`, matrices in a type of quant/quant.h, norms in F32. */
#pragma once

#include "base/err.h"
#include "reference/model/train/bpe.h"
#include "reference/model/train/net.h"

/* Writes the file whole or not at all. ERR_UNSUPPORTED, ERR_INVALID: the type, or rows that do not
 * fill its blocks; ERR_NOMEM, ERR_IO. */
MUST_CHECK enum err_code export_gguf(const struct net *net, const struct bpe *bpe, const float *w,
                                     uint32_t type, const char *path, struct err *why);
