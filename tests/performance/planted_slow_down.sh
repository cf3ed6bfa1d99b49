#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Shows that the instruction count fails where it should. To a program whose bookkeeping has become 6 percent slower and
# whose products 6 percent faster, the references of these parts look that much too small and too large.
# Usage: planted_slow_down.sh PROGRAM COMPILER
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
not_comparable=77

grep -qx "compiler $2" "$here/instruction_counts.txt" || {
  echo "planted slow-down: SKIPPED: instruction_counts.txt is not for '$2'"
  exit "$not_comparable"
}
# The counts of the present program are the reference here, whatever the kept ones say.
export TILEWORK_INSTRUCTION_COUNTS="$scratch/counts"
echo "compiler $2" >"$scratch/counts"
"$here/instruction_count.sh" "$1" "$2" at --update >"$scratch/out" || {
  code=$?
  cat "$scratch/out"
  exit "$code"
}
awk '$2 == "bookkeeping" { $3 = int($3 / 1.06) } $2 == "product" { $3 = int($3 * 1.06) } { print }' \
  "$scratch/counts" >"$scratch/planted"
export TILEWORK_INSTRUCTION_COUNTS="$scratch/planted"

code=0
"$here/instruction_count.sh" "$1" "$2" at >"$scratch/out" || code=$?
cat "$scratch/out"
[ "$code" -ne "$not_comparable" ] || exit "$not_comparable"
fail() {
  echo "planted slow-down: $1"
  exit 1
}
[ "$code" -eq 1 ] || fail "exit code $code where 1 is due"
grep -q '^at *bookkeeping .*TOO MANY$' "$scratch/out" || fail "the slower part is not named"
grep -q '^at *product .*far fewer$' "$scratch/out" || fail "the faster part is not named"
grep -q '^at *update .*ok$' "$scratch/out" || fail "an unchanged part is not within the tolerance"
grep -q -- "at --update$" "$scratch/out" || fail "it does not say how to write new references"
