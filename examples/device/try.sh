#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Usage: try.sh PREFIX BUILD [CMAKE_OPTION...]: PREFIX has an installed Tilework, BUILD takes what is built and written.
set -eu
prefix=$1
build=$2
shift 2
cd "$(dirname "$0")"

cmake -S . -B "$build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release "$@"
cmake --build "$build"
ctest --test-dir "$build" --output-on-failure

"$build/ion_drift" devices list
"$build/ion_drift" devices show OxideDrift
"$build/ion_drift" devices respond OxideDrift --pulses 1000 --devices 40 --out "$build/response"
"$build/ion_drift" run experiment.yaml --out "$build/run" \
    --set machine="$prefix/share/tilework/platforms/machines/mesh_2x2.yaml"
