// SPDX-License-Identifier: Apache-2.0
#include "support/run_benchmarks.h"

#include "support/workload.h"

#include <benchmark/benchmark.h>
#include <cblas.h>

#include <cstdio>
#include <exception>
#include <string>

namespace tilework {

int run_benchmarks(int argc, char** argv, void (*add_benchmarks)()) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 2;
  try {
    openblas_set_num_threads(1);
    benchmark::AddCustomContext("isa", std::string(physics::name_of(physics::chosen_instruction_set())));
    add_benchmarks();
    benchmark::RunSpecifiedBenchmarks();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  benchmark::Shutdown();
  return 0;
}

} // namespace tilework
