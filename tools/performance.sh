#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds and runs all benchmarks, and writes the tables of docs/performance.md.
# Takes a quarter of an hour; the machine should have nothing else to do. Needs MNIST: TILEWORK_DATA=DIR.
# Usage: tools/performance.sh [--quick] [--tables-only]
#   --quick        once instead of five times, small sizes: to try it out, not for the document (written to build/)
#   --tables-only  writes the tables of the last results again
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/install_packages.sh
install_packages "${build_packages[@]}" "${test_packages[@]}" "${benchmark_packages[@]}"

cmake --preset benchmark -Wno-dev >/dev/null
cmake --build --preset benchmark --target benchmarks
exec python3 -B tools/performance "$@"
