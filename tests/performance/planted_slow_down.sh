#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Shows that the instruction count fails where it should: to a program that has become n percent slower, references look
# n percent too small.
# Usage: planted_slow_down.sh PROGRAM COMPILER
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

# expect PART PERCENT EXIT_CODE TEXT: counts after PART alone got slower by PERCENT.
expect() {
  local code=0
  awk -v part="$1" -v percent="$2" '$2 == part && NF == 3 { $3 = int($3 / (1 + percent / 100)) } { print }' \
    "$here/instruction_counts.txt" >"$scratch/counts"
  TILEWORK_INSTRUCTION_COUNTS="$scratch/counts" "$here/instruction_count.sh" "$program" "$compiler" at \
    >"$scratch/out" || code=$?
  if [ "$code" -eq 77 ]; then
    cat "$scratch/out"
    exit 77
  fi
  if [ "$code" -ne "$3" ] || ! grep -q -- "$4" "$scratch/out"; then
    cat "$scratch/out"
    echo "$1 slower by $2 %: expected exit code $3 and '$4', got exit code $code"
    exit 1
  fi
}

program="$1" compiler="$2"
expect bookkeeping 12 1 'TOO MANY'
expect update 12 1 '--update$'
expect total 0 0 'ok$'
expect product -12 0 'tighten the gate'
