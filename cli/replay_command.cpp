// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/commands.h>
#include <tilework/cli/replay_rules.h>
#include <tilework/cli/replayed_run.h>
#include <tilework/core/checksum.h>
#include <tilework/core/error.h>
#include <tilework/report/run_directory.h>
#include <tilework/report/summary_json.h>

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iterator>

namespace tilework::cli {
namespace {

namespace fs = std::filesystem;

/// A path as a YAML text.
std::string quoted(const fs::path& path) {
  std::string text = "'";
  for (const char c : path.string()) {
    text += c;
    if (c == '\'')
      text += c;
  }
  return text + "'";
}

std::vector<std::string> technology_override(const replay_options& options) {
  if (options.technologies.empty())
    return {};
  std::vector<std::string> files;
  for (const auto& file : options.technologies)
    files.push_back(quoted(file));
  return {fmt::format("machine.technology=[{}]", fmt::join(files, ", "))};
}

std::vector<std::string> overrides_of(const replay_options& options) {
  std::vector<std::string> all;
  if (!options.machine.empty())
    all.push_back("machine=" + quoted(options.machine));
  for (auto& change : technology_override(options))
    all.push_back(std::move(change));
  all.insert(all.end(), options.overrides.begin(), options.overrides.end());
  return all;
}

void require_own_configuration(const report::activity_reader& record, const replay_options& options) {
  const auto file = options.run / report::configuration_file;
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (record.run().configuration != checksum_of(text))
    throw input_error(
        fmt::format("{}:0:0: belongs to another configuration than {} beside it; restore that file or run "
                    "the experiment again",
                    (options.run / report::activity_file).string(), report::configuration_file));
}

} // namespace

int replay_command(const replay_options& options, const catalog::device_registry& devices) {
  const auto configuration = options.run / report::configuration_file;
  if (!fs::exists(configuration) || !fs::exists(options.run / report::activity_file))
    throw input_error(fmt::format("{}:0:0: holds no run to replay ({} and {} are needed; runs with --no-record and "
                                  "runs whose values depend on time have no record)",
                                  options.run.string(), report::configuration_file, report::activity_file));
  report::activity_reader record(options.run / report::activity_file);
  require_own_configuration(record, options);
  // The technology changes no value, and the one of the run may be gone.
  const auto recorded = read_experiment(configuration, technology_override(options), devices);
  const auto overrides = overrides_of(options);
  auto wanted = overrides.empty() ? recorded : read_experiment(configuration, overrides, devices);
  require_same_values(recorded, wanted);
  const auto epochs = wanted.session.epochs;
  wanted.session.epochs = recorded.session.epochs; // they decide when there are evaluations
  const auto data = dataset_of(record.run(), wanted);
  replayed_run run(wanted, epochs, data, record, options.timing);
  const auto directory = options.out.empty()
                             ? report::run_directory::create_numbered(
                                   fs::path("runs"), fmt::format("{}-seed{}-replay", wanted.name, wanted.seed))
                             : report::run_directory::create(options.out);
  directory.write(report::configuration_file, wanted.resolved_yaml);
  for (const auto& warning : wanted.warnings)
    fmt::print(stderr, "warning: {}\n", warning);
  run.run();
  const auto results = run.results();
  std::string metrics;
  for (const auto& row : results.evaluations)
    metrics += report::metrics_line(row) + '\n';
  directory.write("metrics.jsonl", metrics);
  write_results(directory, results);
  return exit_done;
}

} // namespace tilework::cli
