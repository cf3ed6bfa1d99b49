#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Counts the instructions of one fixed small run with callgrind and compares them with instruction_counts.txt: wall time
# is too noisy to show a slow-down of some percent, instructions are not. The data set is generated, there is one thread,
# and the instruction set is fixed because valgrind executes no AVX-512.
# Usage: instruction_count.sh PROGRAM COMPILER RUN            exit code 0: within the tolerance, 1: not, 77: not comparable
#        instruction_count.sh PROGRAM COMPILER RUN --update   writes the counts of this run as the new reference
# TILEWORK_INSTRUCTION_COUNTS names another reference file.
# COMPILER is what PROGRAM was built with, such as "GNU 12.2.0 Release"; counts of another one say nothing.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
source_folder="$(cd "$here/../.." && pwd)"
reference="${TILEWORK_INSTRUCTION_COUNTS:-$here/instruction_counts.txt}"
tolerance_percent=5
not_comparable=77

program="$(realpath "$1")" compiler="$2" run="$3" mode="${4:-compare}"

skip() {
  echo "instruction count of $run: SKIPPED: $1"
  exit "$not_comparable"
}

# A part is the sum of the inclusive counts of these functions, none of which calls another one of the same part.
declare -A functions=(
  [update]='physics::pulse_trains::draw_vector physics::analog_array::run_pulsed_update'
  [product]='physics::analog_array::begin_mvm physics::analog_array::run_mvm'
  [run]='platform::machine::run'
  [progress]='cli::progress_line::update'
)

case "$run" in
  sgd) options=(--set 'dataset={name: glyphs, train_samples: 300, test_samples: 50}') ;;
  mini_batch) options=(--set 'dataset={name: glyphs, train_samples: 512, test_samples: 50}' --set training.batch_size=64
                       --set training.device=SoftBounds) ;;
  at) options=(--set 'dataset={name: glyphs, train_samples: 300, test_samples: 50}' --set 'network.layers=[784, 32, 10]'
               --timing at) ;;
  *) echo "unknown run: $run" >&2; exit 2 ;;
esac

command -v valgrind >/dev/null || skip "valgrind is not installed (package valgrind)"
expected_compiler="$(sed -n 's/^compiler //p' "$reference")"
[ "$mode" = --update ] || [ "$compiler" = "$expected_compiler" ] ||
  skip "the reference is for '$expected_compiler', this program was built with '$compiler'"
grep -qw avx2 /proc/cpuinfo || skip "this processor has no AVX2, which the reference was counted with"

scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
# An empty environment and fixed relative paths: both lie on the stack, and their lengths would count.
ln -s "$source_folder" source
if ! env -i PATH="$PATH" valgrind --tool=callgrind --callgrind-out-file=counts "$program" \
  run source/workloads/experiments/glyphs_sgd.yaml --out run --threads 1 --isa x86-64-v3 \
  --set training.epochs=1 "${options[@]}" >log 2>&1; then
  cat log
  echo "instruction count of $run: the run failed"
  exit 1
fi
callgrind_annotate --inclusive=yes --threshold=100 --auto=no counts >annotated

# inclusive REGEX: instructions of the functions whose name matches.
inclusive() {
  awk -v pattern="$1" '$0 ~ pattern && /^ *[0-9]/ { gsub(",", "", $1); sum += $1 } END { printf "%.0f\n", sum }' annotated
}

declare -A counted=([total]="$(inclusive 'PROGRAM TOTALS')")
for part in "${!functions[@]}"; do
  counted[$part]=0
  for function in ${functions[$part]}; do
    count="$(inclusive "tilework::$function[(]")"
    if [ "$count" = 0 ]; then
      echo "instruction count of $run: $function is gone: give what '$part' consists of now in $0"
      exit 1
    fi
    counted[$part]=$((counted[$part] + count))
  done
done
# Lines of progress are printed by the clock: the slower the machine, the more of them.
counted[total]=$((counted[total] - counted[progress]))
# What a run costs apart from the arrays: digital units, SystemC, accounts.
counted[bookkeeping]=$((counted[run] - counted[progress] - counted[update] - counted[product]))
parts=(total update product bookkeeping)

if [ "$mode" = --update ]; then
  {
    sed -n '/^#/p' "$reference"
    echo "compiler $compiler"
    { sed -n "/^compiler /d; /^#/d; /^$run /d; p" "$reference"
      for part in "${parts[@]}"; do echo "$run $part ${counted[$part]}"; done; } | sort -s -k1,1
  } >new
  cp new "$reference"
  grep "^$run " "$reference"
  exit 0
fi

status=0
for part in "${parts[@]}"; do
  expected="$(awk -v run="$run" -v part="$part" '$1 == run && $2 == part { print $3 }' "$reference")"
  if [ -z "$expected" ]; then
    echo "instruction count of $run: no reference for '$part' in $reference"
    exit 1
  fi
  verdict="$(awk -v now="${counted[$part]}" -v was="$expected" -v tolerance="$tolerance_percent" 'BEGIN {
    change = 100 * (now / was - 1)
    printf "%+.2f %% %s", change, (change > tolerance) ? "TOO MANY" : (change < -tolerance) ? "far fewer" : "ok" }')"
  printf '%-12s %-12s %14d, reference %14d: %s\n' "$run" "$part" "${counted[$part]}" "$expected" "$verdict"
  case "$verdict" in
    *MANY) status=1 ;;
    *fewer) echo "             faster than the reference: tighten the gate with --update" ;;
  esac
done
if [ "$status" -ne 0 ]; then
  echo "Slower by more than $tolerance_percent %. Find out why: callgrind_annotate, docs/performance.md. If it must be so,"
  echo "write new references and say why in the commit:"
  echo "  tests/performance/instruction_count.sh PROGRAM '$compiler' $run --update"
fi
exit "$status"
