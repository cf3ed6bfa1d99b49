// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/commands.h>
#include <tilework/cli/experiment.h>
#include <tilework/core/error.h>
#include <tilework/platforms/accounts.h>
#include <tilework/report/closing_tables.h>
#include <tilework/report/costs_csv.h>
#include <tilework/report/finished_run.h>
#include <tilework/report/run_directory.h>

#include <fmt/format.h>

#include <cstdio>

namespace tilework::cli {
namespace {

/// The experiment of a run, with other prices.
experiment repriced(const reprice_options& options, const catalog::device_registry& devices) {
  const auto file = options.run / report::configuration_file;
  if (!std::filesystem::exists(file))
    throw input_error(
        fmt::format("{}:0:0: holds no run ({} is missing)", options.run.string(), report::configuration_file));
  std::vector<std::string> technologies;
  for (const auto& technology : options.technology)
    technologies.push_back(std::filesystem::absolute(technology).lexically_normal().string());
  return read_experiment(file, {fmt::format("machine.technology=[{}]", fmt::join(technologies, ", "))}, devices);
}

} // namespace

int reprice_command(const reprice_options& options, const catalog::device_registry& devices) {
  const auto e = repriced(options, devices);
  ledger books;
  platform::open_accounts(books, e.machine);
  const price_list prices(e.prices, platform::quantities_of(e.machine), kinds_of(books));

  auto results = report::read_finished_run(options.run, std::move(books));
  results.technology = e.prices.name;
  results.costs = price(results.books, prices, results.exposed);
  results.uncertainty = uncertainty_of(results.costs);
  for (auto& sentence : price_assumptions(results.costs))
    results.assumptions.push_back(std::move(sentence));
  if (!options.out.empty()) {
    const auto summary = report::repriced_summary_json(options.run, results);
    const auto directory = report::run_directory::create(options.out);
    directory.write(report::configuration_file, e.resolved_yaml);
    directory.write("summary.json", summary);
    directory.write("costs.csv", report::costs_csv(results));
    directory.write("log.txt", report::closing_tables(results));
  }
  fmt::print("{}", report::closing_tables(results));
  return exit_done;
}

} // namespace tilework::cli
