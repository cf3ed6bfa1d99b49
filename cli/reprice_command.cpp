// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/commands.h>
#include <tilework/config/reader.h>
#include <tilework/core/error.h>
#include <tilework/platforms/accounts.h>
#include <tilework/platforms/machine_file.h>
#include <tilework/platforms/technology_file.h>
#include <tilework/report/closing_tables.h>
#include <tilework/report/costs_csv.h>
#include <tilework/report/finished_run.h>
#include <tilework/report/run_directory.h>

#include <fmt/format.h>

#include <cstdio>

namespace tilework::cli {
namespace {

technology technology_of(const std::vector<std::filesystem::path>& files) {
  technology tech;
  for (const auto& file : files)
    tech = platform::merged_with_file(std::move(tech), file);
  return tech;
}

platform::machine_configuration machine_of(const std::filesystem::path& run) {
  const auto file = run / report::configuration_file;
  if (!std::filesystem::exists(file))
    throw input_error(fmt::format("{}:0:0: holds no run ({} is missing)", run.string(), report::configuration_file));
  const auto document = config::document::load(file, {.included = {"machine"}});
  config::reader experiment(document);
  auto machine = experiment.child("machine");
  return platform::read_machine(machine);
}

} // namespace

int reprice_command(const reprice_options& options) {
  const auto machine = machine_of(options.run);
  const auto tech = technology_of(options.technology);
  ledger books;
  platform::open_accounts(books, machine);
  const price_list prices(tech, platform::quantities_of(machine), kinds_of(books));

  auto results = report::read_finished_run(options.run, std::move(books));
  results.technology = tech.name;
  results.costs = price(results.books, prices, results.exposed);
  results.uncertainty = uncertainty_of(results.costs);
  for (auto& sentence : price_assumptions(results.costs))
    results.assumptions.push_back(std::move(sentence));
  if (!options.out.empty()) {
    const auto summary = report::repriced_summary_json(options.run, results);
    const auto directory = report::run_directory::create(options.out);
    directory.write("summary.json", summary);
    directory.write("costs.csv", report::costs_csv(results));
    directory.write("log.txt", report::closing_tables(results));
  }
  fmt::print("{}", report::closing_tables(results));
  return exit_done;
}

} // namespace tilework::cli
