// SPDX-License-Identifier: Apache-2.0
/// \file main() of the benchmarks of arrays.
#pragma once

namespace tilework {

/// Runs what `add_benchmarks` registers, with one thread of OpenBLAS; the output names the instruction set.
/// \returns the exit code
int run_benchmarks(int argc, char** argv, void (*add_benchmarks)());

} // namespace tilework
