// SPDX-License-Identifier: Apache-2.0
#include "support/small_runs.h"

#include <gtest/gtest.h>

#include <sstream>

namespace tilework::test {

std::filesystem::path source_folder() {
  return std::filesystem::canonical(TILEWORK_SOURCE_FOLDER);
}
std::filesystem::path experiment_file() {
  return source_folder() / "workloads/experiments/glyphs_sgd.yaml";
}

std::vector<std::string> small_run(const std::filesystem::path& out, const std::vector<std::string>& more,
                                   const std::string& layers) {
  std::vector<std::string> arguments{"run", experiment_file().string(), "--out", out.string()};
  for (const std::string set : {"dataset={name: glyphs, train_samples: 600, test_samples: 200}", "training.epochs=1"})
    arguments.insert(arguments.end(), {"--set", set});
  arguments.insert(arguments.end(), {"--set", "network.layers=" + layers});
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

json summary_of_run(const std::vector<std::string>& more, const std::string& layers) {
  const temporary_directory folder;
  const auto result = run_program(small_run(folder / "run", more, layers));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return result.exit_code == 0 ? summary_in(folder / "run") : json::object();
}

json summary_in(const std::filesystem::path& run_directory) {
  return json::parse(read_file(run_directory / "summary.json"));
}

json without_host(json summary) {
  summary.erase("host");
  return summary;
}

bool is_training_phase(const std::string& phase) {
  return phase == "forward" || phase == "backward" || phase == "update" || phase == "transfer" || phase == "read_out";
}

json training_actions(const json& summary) {
  json counts = json::object();
  for (const auto& [phase, actions] : summary.at("actions").items())
    if (is_training_phase(phase))
      for (const auto& [action, count] : actions.items())
        counts[phase + "/" + action] = count;
  return counts;
}

std::vector<cost_line> costs_in(const std::filesystem::path& run_directory) {
  std::vector<cost_line> lines;
  auto rows = lines_of(read_file(run_directory / "costs.csv"));
  for (std::size_t i = 1; i < rows.size(); ++i) { // after the header
    std::istringstream row(rows[i]);
    cost_line line;
    std::string count;
    std::string energy;
    std::getline(row, line.component, ',');
    std::getline(row, line.action, ',');
    std::getline(row, line.phase, ',');
    std::getline(row, count, ',');
    std::getline(row, energy, ',');
    line.count = std::stoull(count);
    line.energy_J = std::stod(energy);
    lines.push_back(line);
  }
  return lines;
}

} // namespace tilework::test
