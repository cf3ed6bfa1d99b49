// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/commands.h>
#include <tilework/cli/cost_report.h>
#include <tilework/config/reader.h>
#include <tilework/platforms/machine_file.h>
#include <tilework/platforms/technology_file.h>

#include <fmt/format.h>

#include <utility>

namespace tilework::cli {
namespace {

template <typename Costs>
std::vector<compared_figure> compare(const Costs& costs, const std::vector<platform::published_figure>& published) {
  std::vector<compared_figure> compared;
  compared.reserve(published.size());
  for (const auto& figure : published)
    compared.push_back({figure, platform::computed(costs, figure)});
  return compared;
}

machine_report report_machine(config::reader& r, const cost_options& options) {
  const auto machine = platform::read_machine(r);
  if (machine.matrix_unit)
    throw r.error("matrix_unit", "the closed forms are those of analog tiles; what a digital unit takes depends on the "
                                 "matrix (docs/timing-model.md): run an experiment on this machine");
  const auto prices = platform::read_technologies(r);
  const auto published = platform::read_published(r);
  r.finish();
  const platform::machine_costs costs(machine, prices);
  machine_report report{.machine = machine,
                        .work = options.work,
                        .operations = {},
                        .parts = costs.parts(),
                        .tile = costs.tile(options.work),
                        .chip = costs.chip(options.work),
                        .compared = compare(costs, published)};
  if (options.operations.empty())
    for (const auto name : platform::costed_operations())
      report.operations.push_back(costs.operation(name, options.work));
  for (const auto& name : options.operations)
    report.operations.push_back(costs.operation(name, options.work));
  return report;
}

bill_report report_bill(config::reader& r, const cost_options& options) {
  if (!options.operations.empty())
    throw r.error("parts", "a bill of materials has no operations; leave --operation out");
  bill_report report{.bill = platform::read_bill(r), .compared = {}};
  r.finish();
  report.compared = compare(report.bill, report.bill.published);
  return report;
}

template <typename Report>
int print(const Report& report, bool json) {
  fmt::print("{}", json ? cost_json(report) : cost_tables(report));
  return exit_done;
}

} // namespace

int cost_command(const cost_options& options) {
  const auto document = config::document::load(options.file);
  config::reader r(document);
  if (r.has("parts"))
    return print(report_bill(r, options), options.json);
  return print(report_machine(r, options), options.json);
}

} // namespace tilework::cli
