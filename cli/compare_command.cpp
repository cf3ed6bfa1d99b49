// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/commands.h>
#include <tilework/cli/output_file.h>
#include <tilework/config/parse_yaml.h>
#include <tilework/core/error.h>
#include <tilework/report/comparison.h>
#include <tilework/report/run_directory.h>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
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

/// Keys in which the groups are not all equal, in alphabetical order.
std::vector<report::difference> differences_of(const std::vector<report::run_group>& groups) {
  std::vector<std::map<std::string, std::string>> configurations;
  std::set<std::string> keys;
  for (const auto& group : groups) {
    const auto& run = group.runs.front();
    const auto file = (run.directory / report::configuration_file).string();
    configurations.push_back(config::leaves(config::parse_yaml(run.configuration, file, {})));
    for (const auto& [key, value] : configurations.back())
      keys.insert(key);
  }
  std::vector<report::difference> differences;
  for (const auto& key : keys) {
    report::difference d{key, {}};
    for (const auto& configuration : configurations) {
      const auto found = configuration.find(key);
      d.values.push_back(found == configuration.end() ? "-" : found->second);
    }
    if (std::ranges::adjacent_find(d.values, std::not_equal_to{}) != d.values.end())
      differences.push_back(std::move(d));
  }
  return differences;
}

} // namespace

int compare_command(const compare_options& options) {
  if (const auto target = options.target_accuracy; target && !(*target > 0 && *target <= 1))
    throw input_error(fmt::format("--target-accuracy: expected a fraction above 0 and at most 1, got {}", *target));
  const auto groups = groups_of(options);
  const auto target = report::common_target(groups, options.target_accuracy);
  const auto differences = differences_of(groups);
  fmt::print("{}", report::comparison_tables(groups, target, differences));
  if (!options.json.empty())
    write_file(options.json, report::comparison_json(groups, target, differences));
  return exit_done;
}

} // namespace tilework::cli
