// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/commands.h>
#include <tilework/cli/output_file.h>
#include <tilework/core/error.h>
#include <tilework/report/comparison.h>

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace tilework::cli {
namespace {

/// "NAME=DIR,DIR,..."
report::run_group named_group(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == 0 || equals == std::string::npos || equals + 1 == text.size())
    throw input_error(fmt::format("--group: expected NAME=DIR,DIR,..., got '{}'", text));
  report::run_group group{text.substr(0, equals), {}};
  std::istringstream directories(text.substr(equals + 1));
  for (std::string directory; std::getline(directories, directory, ',');)
    group.runs.push_back(report::read_run(directory));
  return group;
}

std::vector<report::run_group> groups_of(const compare_options& options) {
  std::vector<report::run_group> groups;
  for (const auto& text : options.groups) {
    groups.push_back(named_group(text));
    const auto& name = groups.back().name;
    if (std::ranges::count(groups, name, &report::run_group::name) > 1)
      throw input_error(fmt::format("--group: the name '{}' is given twice", name));
  }
  std::vector<report::run_summary> runs;
  for (const auto& directory : options.runs)
    runs.push_back(report::read_run(directory));
  std::ranges::move(report::grouped(std::move(runs)), std::back_inserter(groups));
  if (groups.empty())
    throw input_error("give run directories to compare: RUN_DIR..., or --group NAME=DIR,DIR,...");
  report::require_distinct(groups);
  return groups;
}

} // namespace

int compare_command(const compare_options& options) {
  if (const auto target = options.target_accuracy; target && !(*target > 0 && *target <= 1))
    throw input_error(fmt::format("--target-accuracy: expected a fraction above 0 and at most 1, got {}", *target));
  const auto groups = groups_of(options);
  const auto target = report::common_target(groups, options.target_accuracy);
  fmt::print("{}", report::comparison_tables(groups, target));
  if (!options.json.empty())
    write_file(options.json, report::comparison_json(groups, target));
  return exit_done;
}

} // namespace tilework::cli
