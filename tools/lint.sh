#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Checks the format of every source and runs clang-tidy over what the release preset compiles; changes nothing.
# Needs the Debian packages clang-format and clang-tidy (version 14), and the configured preset: cmake --preset release.
# Usage: tools/lint.sh [FILTER]    clang-tidy only on paths that contain FILTER, such as physics/
set -euo pipefail
cd "$(dirname "$0")/.."
commands=build/release/compile_commands.json
for tool in clang-format clang-tidy; do
  command -v "$tool" >/dev/null || { echo "lint: $tool is missing: apt-get install clang-format clang-tidy" >&2; exit 1; }
done
[ -f "$commands" ] || { echo "lint: $commands is missing: cmake --preset release" >&2; exit 1; }

find . \( -path ./build -o -path ./.git \) -prune -o \( -name '*.cpp' -o -name '*.h' \) -print0 |
  xargs -0 clang-format --dry-run --Werror

sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' "$commands" | { grep -F -- "${1:-/}" || true; } | sort -u | tr '\n' '\0' |
  xargs -0 -r -n 1 -P "$(nproc)" clang-tidy -p "$(dirname "$commands")" --quiet
echo "lint: clean"
