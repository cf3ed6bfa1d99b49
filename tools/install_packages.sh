#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian/Ubuntu packages that Tilework needs and that are missing, and says which.
# Sourced by demo.sh and test.sh.
set -euo pipefail

install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "These packages are missing and must be installed by root: ${missing[*]}" >&2
      exit 1
    fi
    as_root=(sudo)
  fi
  echo "installing missing packages: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

build_packages=(g++ cmake ninja-build pkg-config ca-certificates libsystemc-dev libeigen3-dev libhwy-dev libboost-dev
                libboost-iostreams-dev libyaml-cpp-dev libfmt-dev libcli11-dev nlohmann-json3-dev libsqlite3-dev)
plot_packages=(gnuplot-nox) # at run time: `tilework devices respond --out` draws with it
test_packages=(libgtest-dev valgrind python3 "${plot_packages[@]}")
benchmark_packages=(libbenchmark-dev libopenblas-dev python3) # tools/performance.sh
