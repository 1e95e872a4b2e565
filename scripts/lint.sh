#!/usr/bin/env bash
# clang-tidy over every file that the dev preset compiles, and shellcheck over the scripts; with
# --shell only the latter. Needs build/dev/compile_commands.json (make build), clang-tidy
# and shellcheck. Other arguments are folders to look at: scripts/lint.sh server base
set -euo pipefail
cd "$(dirname "$0")/.."

shellcheck scripts/*.sh .ci/run
[ "${1:-}" != --shell ] || exit 0

folders=("$@")
[ $# -gt 0 ] || folders=(base bench grader labs reference sandbox server tests tools)
# clang-tidy refuses options that only gcc has.
mkdir -p build/dev/lint
sed 's/ -fno-tree-loop-distribute-patterns//' build/dev/compile_commands.json \
    >build/dev/lint/compile_commands.json
pattern=$(IFS='|'; echo "${folders[*]}")
sed -n 's/^ *"file": "\(.*\)",*$/\1/p' build/dev/compile_commands.json | sort -u |
    grep -E "^$PWD/($pattern)/" |
    xargs -P "$(nproc)" -n 1 clang-tidy -p build/dev/lint --quiet --warnings-as-errors='*'
