/* What tokenizers ask of Unicode: the general category of a code point, folded to eight classes,
 * white space, lower case, and the first code point of the canonical decomposition.
 *
 * The version of Unicode is the one that unicode_table.h names. The classes are those of
 * llama.cpp's src/unicode-data.cpp (scripts/gen-unicode-data.py there): \p{L}, \p{N}, \p{P}, \p{S},
 * \p{M}, \p{Z}, \p{C} without Cn, and Cn. White space is Unicode's White_Space: U+FEFF is none,
 * though JavaScript's \s takes it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { REF_UNICODE_LAST = 0x10ffff };

enum ref_unicode_class {
    REF_UNICODE_UNASSIGNED, /* Cn, and whatever lies above 10FFFF */
    REF_UNICODE_NUMBER,     /* Nd Nl No */
    REF_UNICODE_LETTER,     /* Lu Ll Lt Lm Lo */
    REF_UNICODE_SEPARATOR,  /* Zs Zl Zp */
    REF_UNICODE_MARK,       /* Mn Mc Me */
    REF_UNICODE_PUNCTUATION,
    REF_UNICODE_SYMBOL,
    REF_UNICODE_CONTROL, /* Cc Cf Cs Co */
};

enum ref_unicode_class ref_unicode_class(uint32_t cp);
bool ref_unicode_is_space(uint32_t cp);
/* U+0130 goes to U+0069: the dot that the full mapping adds is dropped, as in llama.cpp. */
uint32_t ref_unicode_lower(uint32_t cp);
/* U+00E9 goes to U+0065, and a Hangul syllable to its first jamo: llama.cpp keeps no more. */
uint32_t ref_unicode_nfd_first(uint32_t cp);
