#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Writes the pictures in docs/devices and the table in docs/devices.md from what the program says about its devices.
# Needs the Debian package gnuplot-nox and a built program.
# Usage: tools/device_docs.sh [PROGRAM]    default: build/release/tilework
set -euo pipefail
cd "$(dirname "$0")/.."
program="$(realpath "${1:-build/release/tilework}")"
out=docs/devices
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

# picture NAME PULSES DEVICE...: one panel per device; the CSV that comes with it is not kept.
picture() {
  local name="$1" pulses="$2"
  shift 2
  "$program" devices respond "$@" --pulses "$pulses" --devices 100 --out "$scratch/$name.png"
  mv "$scratch/$name.png" "$out/"
}

# model NAME TEXT: a device file of that name, for models whose defaults do not show what they can do.
model() {
  printf 'model: %s\n%s\n' "$1" "$2" >"$scratch/$1.yaml"
}
model LinearStep 'gamma_up: 0.5
gamma_down: 0.8'
model PiecewiseStep 'piecewise_up: [1.6, 1.3, 1, 0.6, 0.1]
piecewise_down: [0.3, 1, 0.7, 1, 1.3]'
model Vector 'devices: [{model: ConstantStep}, {model: SoftBounds, dw_min: 0.003}]'
model Reference 'devices: [{model: SoftBounds}, {model: ConstantStep}]'
model OneSided 'devices: [{model: SoftBounds, w_min: 0}]'
cd "$scratch"
files() { printf '%s.yaml ' "$@"; }
# shellcheck disable=SC2046
(out="$OLDPWD/$out"; picture models 1500 ConstantStep $(files LinearStep) SoftBounds SoftBoundsPmax SoftBoundsReference ExpStep \
  PowStep PowStepReference $(files PiecewiseStep)
  picture cells 1500 $(files Vector Reference OneSided)
  picture presets 1000 Capacitor EcRam GokmenVlasov ReRamES ReRamSB
  picture presets-fine 9000 EcRamMO EcRamMO2 EcRamMO4 Idealized Idealized2 Idealized4
  picture presets-coarse 60 ReRamArrayOM ReRamArrayHfO2 PCM PCMUnitCell
  picture presets-vector 2000 Capacitor2 EcRam2 ReRamES2 ReRamSB2 Capacitor4 EcRam4 ReRamES4 ReRamSB4
  printf 'from_curve: %s\nnodes: 7\n' "$OLDPWD/workloads/curves/simulated_synapse.csv" >fitted.yaml
  picture measured 350 fitted.yaml)
cd "$OLDPWD"

# The comment at the top of a preset is its source.
source_of() {
  local file="physics/presets/devices/$1.yaml"
  [ -f "$file" ] || return 0
  sed -n '2,${/^#/!q; s/^# *//p}' "$file" | tr '\n' ' ' | sed 's/ *$//'
}

table() {
  echo '| name | model | granularity | states | bytes per cross-point | |'
  echo '|---|---|---|---|---|---|'
  "$program" devices list | sed 1,2d | grep -v '──' | while read -r name model granularity states bytes; do
    echo "| $name | $model | $granularity | $states | $bytes | $(source_of "$name") |"
  done
}
table >"$scratch/table"
sed -i -e '/<!-- table begin/,/<!-- table end/{/<!-- table /!d}' -e "/<!-- table begin/r $scratch/table" docs/devices.md
