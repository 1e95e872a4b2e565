#!/usr/bin/env python3
"""Writes unicode_table.h: what the tokenizers need to know of Unicode, from Python's unicodedata.

    reference/token/tools/unicode_table.py > reference/token/unicode_table.h

Needs nothing but python3. The version of Unicode is the interpreter's and is named in the output;
test_unicode.c holds sums over all code points, so another version fails there until it is adopted.
"""

import unicodedata

CLASSES = {
    "Cn": 0, "N": 1, "L": 2, "Z": 3, "M": 4, "P": 5, "S": 6, "C": 7,
}
LAST = 0x10FFFF


def class_of(cp):
    category = unicodedata.category(chr(cp))
    return CLASSES.get(category, CLASSES["C"] if category[0] == "C" else CLASSES.get(category[0]))


def class_starts():
    """(first code point, class) of every run of one class, packed as cp << 4 | class."""
    starts, last = [], None
    for cp in range(LAST + 1):
        this = class_of(cp)
        if this != last:
            starts.append(cp << 4 | this)
            last = this
    return starts


def lower(cp):
    return ord(chr(cp).lower()[0])


def nfd(cp):
    return ord(unicodedata.normalize("NFD", chr(cp))[0])


def runs(function):
    """{first, last, stride, target, step}: first + i * stride goes to target + i * step."""
    pairs = [(cp, function(cp)) for cp in range(LAST + 1)
             if not 0xD800 <= cp < 0xE000 and function(cp) != cp]
    out, i = [], 0
    while i < len(pairs):
        best = (1, 1, 0)
        for stride in (1, 2):
            for step in (stride, 0):
                n = 1
                while (i + n < len(pairs) and pairs[i + n][0] == pairs[i][0] + n * stride
                       and pairs[i + n][1] == pairs[i][1] + n * step):
                    n += 1
                if n > best[0]:
                    best = (n, stride, step)
        n, stride, step = best
        out.append((pairs[i][0], pairs[i + n - 1][0], stride, pairs[i][1], step))
        i += n
    return out


def print_numbers(name, numbers):
    print(f"static const uint32_t {name}[] = {{")
    for i in range(0, len(numbers), 8):
        print("    " + " ".join(f"0x{n:07x}," for n in numbers[i:i + 8]))
    print("};")


def print_runs(name, table):
    print(f"static const struct unicode_run {name}[] = {{")
    for i in range(0, len(table), 2):
        print("    " + " ".join("{0x%05x, 0x%05x, 0x%05x, %d, %d}," % (a, b, t, s, d)
                                for a, b, s, t, d in table[i:i + 2]))
    print("};")


def main():
    print(f"""\
/* Written by tools/unicode_table.py from Unicode {unicodedata.unidata_version}; do not edit. Included by unicode.c only.
 *
 * class_starts: first code point of a run << 4 | enum ref_unicode_class.
 * *_runs: first + i * stride goes to target + i * step, up to last. */
/* clang-format off */
#pragma once

#include <stdint.h>

struct unicode_run {{
    uint32_t first, last, target;
    uint8_t stride, step;
}};
""")
    print_numbers("class_starts", class_starts())
    print("\n/* Simple lower case: the first code point of the full mapping. */")
    print_runs("lower_runs", runs(lower))
    print("\n/* The first code point of the canonical decomposition. */")
    print_runs("nfd_runs", runs(nfd))


main()
