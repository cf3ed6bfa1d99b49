// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/cost_report.h>
#include <tilework/core/units.h>
#include <tilework/report/text_table.h>

#include <fmt/format.h>

#include <algorithm>

namespace tilework::cli {
namespace {

using platform::quantity;
using report::text_table;

std::string seconds(femtoseconds t) {
  return format_quantity(t.seconds(), dimension::time);
}
std::string joules(double energy_J) {
  return format_quantity(energy_J, dimension::energy);
}
std::string square(double area_m2) {
  return format_quantity(area_m2, dimension::area);
}
std::string watts(double power_W) {
  return format_quantity(power_W, dimension::power);
}

std::string operation_table(const machine_report& report) {
  text_table table({"operation", "time", "energy", "leakage", "energy/MAC", "area"});
  for (const auto& cost : report.operations)
    table.add({cost.operation, seconds(cost.time), joules(cost.dynamic_J), joules(cost.leakage_J),
               cost.macs > 0 ? joules(cost.dynamic_J / static_cast<double>(cost.macs)) : "-", square(cost.area_m2)});
  return table.str();
}

/// "tile.adc" -> "adc"
std::string last_name(const std::string& component) {
  return component.substr(component.find_last_of('.') + 1);
}

/// Components that take energy in any of the operations, in the order in which they come.
std::vector<std::string> components_of(const machine_report& report) {
  std::vector<std::string> names;
  for (const auto& cost : report.operations)
    for (const auto& row : cost.actions)
      if (std::ranges::find(names, row.component) == names.end())
        names.push_back(row.component);
  return names;
}

std::string energy_table(const machine_report& report) {
  const auto components = components_of(report);
  std::vector<std::string> header{"energy of"};
  for (const auto& name : components)
    header.push_back(last_name(name));
  text_table table(header);
  for (const auto& cost : report.operations) {
    std::vector<std::string> row{cost.operation};
    for (const auto& name : components) {
      double energy_J = 0;
      bool active = false;
      for (const auto& action : cost.actions)
        if (action.component == name) {
          energy_J += action.energy_J;
          active = true;
        }
      row.push_back(active ? joules(energy_J) : "-");
    }
    table.add(row);
  }
  return table.str();
}

std::string part_table(const machine_report& report) {
  text_table table({"part", "count", "units of each", "area of each", "leakage of each", "area of chip"});
  for (const auto& part : report.parts)
    table.add({part.name, fmt::format("{}", part.count), fmt::format("{:.0f}", part.units), square(part.area_m2),
               watts(part.leakage_W), square(part.count * part.area_m2)});
  table.rule();
  const auto total = [&](const char* name, const platform::peak_cost& peak, const std::string& on_chip) {
    table.add({name, "", "", square(peak.area_m2), watts(peak.leakage_W), on_chip});
  };
  total("tile", report.tile, square(report.machine.tiles() * report.tile.area_m2));
  total("chip", report.chip, square(report.chip.area_m2));
  return table.str();
}

std::string peak_table(const machine_report& report) {
  text_table table({"forward products", "throughput", "in long bursts", "power", "efficiency", "density"});
  for (const auto& [name, peak] : {std::pair{"tile", report.tile}, std::pair{"chip", report.chip}})
    table.add({name, format_quantity(peak.ops_per_s, dimension::op_rate),
               format_quantity(peak.sustained_ops_per_s, dimension::op_rate), watts(peak.power_W),
               peak.power_W > 0 ? format_quantity(peak.ops_per_J(), dimension::op_efficiency) : "-",
               peak.area_m2 > 0 ? format_quantity(peak.ops_per_s_m2(), dimension::op_density) : "-"});
  return table.str();
}

std::string compared_table(const std::vector<compared_figure>& compared) {
  if (compared.empty())
    return "";
  text_table table({"published", "of", "kind", "value", "ours", "error", "confidence", "source"});
  constexpr std::size_t source_width = 50;
  table.text_column(1);
  table.text_column(2);
  table.text_column(6);
  table.text_column(7, source_width);
  for (const auto& [figure, ours] : compared) {
    const auto d = dimension_of(figure.quantity);
    table.add({std::string(name_of(figure.quantity)), figure.of, std::string(name_of(figure.kind)),
               format_quantity(figure.value, d), format_quantity(ours, d),
               fmt::format("{:+.1f} %", 100 * platform::error_of(ours, figure)),
               std::string(confidence_names.at(static_cast<std::size_t>(figure.origin.trust)).first),
               figure.origin.source});
  }
  return "\n" + table.str();
}

void add_part(text_table& table, const platform::bill_of_materials& bill, const platform::bill_part& part,
              std::size_t depth) {
  const auto cell = [&](quantity q) {
    const auto value = value_of(bill, part, q);
    return value ? format_quantity(*value, dimension_of(q)) : "-";
  };
  table.add({std::string(2 * depth, ' ') + part.name, fmt::format("{}", part.count), cell(quantity::power),
             cell(quantity::area), cell(quantity::throughput), cell(quantity::efficiency), cell(quantity::density)});
  for (const auto& inner : part.parts)
    add_part(table, bill, inner, depth + 1);
}

} // namespace

std::string cost_tables(const machine_report& report) {
  const auto& tile = report.machine.tile;
  const auto& work = report.work;
  return fmt::format("{}: {} tiles of {} x {} cells; {} vector{}, updates of {} slots in which a line fires with "
                     "probability {}\n\n{}\n{}\n{}\n{}{}",
                     report.machine.name, report.machine.tiles(), tile.inputs, tile.outputs, work.vectors,
                     work.vectors == 1 ? "" : "s", work.bit_length, work.pulse_probability, operation_table(report),
                     energy_table(report), part_table(report), peak_table(report), compared_table(report.compared));
}

std::string cost_tables(const bill_report& report) {
  text_table table({"one of", "count", "power", "area", "throughput", "efficiency", "density"});
  add_part(table, report.bill, report.bill.whole, 0);
  return table.str() + compared_table(report.compared);
}

} // namespace tilework::cli
