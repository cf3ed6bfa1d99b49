// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/cost_report.h>

#include <nlohmann/json.hpp>

namespace tilework::cli {
namespace {

using json = nlohmann::ordered_json;
using platform::quantity;

/// Of the documents; docs/cost.md.
constexpr int schema = 1;
constexpr int indent = 2;

json of_operation(const platform::operation_cost& cost) {
  json actions = json::array();
  for (const auto& row : cost.actions)
    actions.push_back({{"component", row.component},
                       {"action", name_of(row.what.value())},
                       {"count", row.count},
                       {"energy_J", row.energy_J}});
  json operation{
      {"operation", cost.operation},        {"time_s", cost.time.seconds()}, {"dynamic_energy_J", cost.dynamic_J},
      {"leakage_energy_J", cost.leakage_J}, {"area_m2", cost.area_m2},       {"macs", cost.macs}};
  if (cost.macs > 0)
    operation["energy_per_mac_J"] = cost.dynamic_J / static_cast<double>(cost.macs);
  operation["actions"] = std::move(actions);
  return operation;
}

/// Infinite ratios become null.
json of_peak(const platform::peak_cost& peak) {
  return {{"area_m2", peak.area_m2},
          {"leakage_W", peak.leakage_W},
          {"power_W", peak.power_W},
          {"throughput_ops_per_s", peak.ops_per_s},
          {"sustained_throughput_ops_per_s", peak.sustained_ops_per_s},
          {"efficiency_ops_per_J", peak.ops_per_J()},
          {"density_ops_per_s_m2", peak.ops_per_s_m2()}};
}

json of_comparison(const std::vector<compared_figure>& compared) {
  json rows = json::array();
  for (const auto& [figure, ours] : compared)
    rows.push_back({{"quantity", name_of(figure.quantity)},
                    {"of", figure.of},
                    {"kind", name_of(figure.kind)},
                    {"published", figure.value},
                    {"ours", ours},
                    {"error", platform::error_of(ours, figure)},
                    {"tolerance", figure.tolerance},
                    {"published_text", format_quantity(figure.value, dimension_of(figure.quantity))},
                    {"ours_text", format_quantity(ours, dimension_of(figure.quantity))},
                    {"source", figure.origin.source},
                    {"condition", figure.origin.condition},
                    {"confidence", confidence_names.at(static_cast<std::size_t>(figure.origin.trust)).first}});
  return rows;
}

json of_part(const platform::bill_of_materials& bill, const platform::bill_part& part) {
  json figures{{"name", part.name}, {"count", part.count}};
  for (const auto& [name, q] :
       {std::pair{"power_W", quantity::power}, std::pair{"area_m2", quantity::area},
        std::pair{"energy_J", quantity::energy}, std::pair{"throughput_ops_per_s", quantity::throughput},
        std::pair{"efficiency_ops_per_J", quantity::efficiency}, std::pair{"density_ops_per_s_m2", quantity::density}})
    if (const auto value = value_of(bill, part, q))
      figures[name] = *value;
  if (!part.origin.source.empty())
    figures["source"] = part.origin.source;
  for (const auto& inner : part.parts)
    figures["parts"].push_back(of_part(bill, inner));
  return figures;
}

} // namespace

std::string cost_json(const machine_report& report) {
  json document{{"schema", schema},
                {"machine", report.machine.name},
                {"tiles", report.machine.tiles()},
                {"inputs", report.machine.tile.inputs},
                {"outputs", report.machine.tile.outputs},
                {"work",
                 {{"vectors", report.work.vectors},
                  {"bl", report.work.bit_length},
                  {"pulse_probability", report.work.pulse_probability}}}};
  for (const auto& cost : report.operations)
    document["operations"].push_back(of_operation(cost));
  for (const auto& part : report.parts)
    document["parts"].push_back({{"name", part.name},
                                 {"kind", name_of(part.kind)},
                                 {"count", part.count},
                                 {"units", part.units},
                                 {"area_m2", part.area_m2},
                                 {"leakage_W", part.leakage_W}});
  document["tile"] = of_peak(report.tile);
  document["chip"] = of_peak(report.chip);
  document["published"] = of_comparison(report.compared);
  return document.dump(indent) + "\n";
}

std::string cost_json(const bill_report& report) {
  const json document{{"schema", schema},
                      {"bill", of_part(report.bill, report.bill.whole)},
                      {"published", of_comparison(report.compared)}};
  return document.dump(indent) + "\n";
}

} // namespace tilework::cli
