// SPDX-License-Identifier: Apache-2.0
/// \file Runs that take a fraction of a second, and what they leave behind.
#pragma once

#include "support/program.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tilework::test {

using json = nlohmann::ordered_json; // sums are compared in the order of the file

std::filesystem::path experiment_file();
std::filesystem::path source_folder();

/// Arguments of a run of the shipped quick start on `layers`, with 600 training and 200 test glyphs and one epoch;
/// later "--set" options override these.
std::vector<std::string> small_run(const std::filesystem::path& out, const std::vector<std::string>& more = {},
                                   const std::string& layers = "[784, 32, 10]");

/// Runs it, expects success, and returns its summary.json.
json summary_of_run(const std::vector<std::string>& more = {}, const std::string& layers = "[784, 32, 10]");

json summary_in(const std::filesystem::path& run_directory);
/// What must be the same in two runs: everything but the computer's own figures.
json without_host(json summary);
/// Counts of the training phases by "phase/action".
json training_actions(const json& summary);

struct cost_line {
  std::string component;
  std::string action;
  std::string phase;
  std::uint64_t count = 0;
  double energy_J = 0;
};
std::vector<cost_line> costs_in(const std::filesystem::path& run_directory);
bool is_training_phase(const std::string& phase);

} // namespace tilework::test
