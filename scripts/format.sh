#!/usr/bin/env bash
# Formats all C of the house, or with --check only says what is not formatted. Needs clang-format;
# another major version than 14 may differ in details, and then only says so.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=(-i)
[ "${1:-}" != --check ] || mode=(--dry-run -Werror)
find base bench grader labs reference sandbox server tests tools -name '*.[ch]' -print0 |
    xargs -0 clang-format "${mode[@]}"
