#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds, and trains a network on an analog machine: accuracy, time, energy and area.
set -euo pipefail
cd "$(dirname "$0")"
source tools/install_packages.sh
install_packages "${build_packages[@]}" "${plot_packages[@]}"

cmake --preset demo -Wno-dev >/dev/null
cmake --build --preset demo --target tilework | tail -n 1
out="runs/demo-$(date +%Y%m%d-%H%M%S)"
exec build/demo/tilework run workloads/experiments/glyphs_sgd.yaml --out "$out" "$@"
