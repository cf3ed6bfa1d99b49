#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds, and runs all tests but those labelled slow.
# Real data sets are found through TILEWORK_DATA; tests that need them say so when they skip.
set -euo pipefail
cd "$(dirname "$0")"
source tools/install_packages.sh
install_packages "${build_packages[@]}" "${test_packages[@]}"

cmake --preset release -Wno-dev >/dev/null
cmake --build --preset release
exec ctest --preset release -j "$(nproc)" "$@"
