// SPDX-License-Identifier: Apache-2.0
/// \file What a finished run says about itself: its directory read back.
#pragma once

#include <tilework/core/outcomes.h>
#include <tilework/core/uncertainty.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tilework::report {

struct run_summary {
  std::filesystem::path directory;
  std::string experiment;
  std::string machine;
  std::string timing;
  std::uint64_t seed = 0;
  bool interrupted = false;
  unsigned epochs = 0;
  std::optional<double> test_accuracy; ///< fraction, of the last evaluation
  double time_s = 0;
  double energy_J = 0;
  double area_mm2 = 0;
  double TOPS = 0;
  double TOPS_per_W = 0;
  double TOPS_per_mm2 = 0;
  double average_power_W = 0;
  std::optional<double> peak_power_W; ///< nothing after re-pricing
  double energy_delay_Js = 0;
  std::optional<double> target_accuracy;
  std::vector<evaluation_row> evaluations; ///< epoch, accuracy, time and energy (negative: not known) only
  std::vector<priced_part> energy_parts;   ///< J
  std::vector<priced_part> area_parts;     ///< mm2
  std::string configuration;               ///< config.yaml without its seed: equal for the seeds of one experiment
};

/// \throws input_error "PATH:0:0: ..." if the directory holds no finished run, or one of another schema
run_summary read_run(const std::filesystem::path& directory);

} // namespace tilework::report
