// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/nearest_name.h>
#include <tilework/platforms/published.h>
#include <tilework/platforms/technology_file.h>

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace tilework::platform {
namespace {

constexpr field positive{.minimum = 0, .open_minimum = true};

std::optional<double> of_operation(const operation_cost& cost, quantity q) {
  switch (q) {
  case quantity::time:
    return cost.time.seconds();
  case quantity::energy:
    return cost.dynamic_J;
  case quantity::energy_per_mac:
    if (cost.macs > 0)
      return cost.dynamic_J / static_cast<double>(cost.macs);
    break;
  case quantity::area:
    return cost.area_m2;
  default:
    break;
  }
  return std::nullopt;
}

std::optional<double> of_peak(const peak_cost& peak, quantity q) {
  switch (q) {
  case quantity::throughput:
    return peak.ops_per_s;
  case quantity::sustained_throughput:
    return peak.sustained_ops_per_s;
  case quantity::efficiency:
    return peak.power_W > 0 ? std::optional(peak.ops_per_J()) : std::nullopt;
  case quantity::density:
    return peak.area_m2 > 0 ? std::optional(peak.ops_per_s_m2()) : std::nullopt;
  case quantity::area:
    return peak.area_m2;
  case quantity::power:
    return peak.power_W;
  case quantity::leakage:
    return peak.leakage_W;
  default:
    return std::nullopt;
  }
}

template <typename Unit>
double arithmetic_rate(const Unit& unit) {
  return static_cast<double>(unit.lanes) * unit.ops_per_lane_cycle * unit.clock_Hz;
}

std::optional<double> of_part(const machine_costs& costs, const part_cost& part, quantity q) {
  const auto& machine = costs.machine();
  switch (q) {
  case quantity::area:
    return part.area_m2;
  case quantity::leakage:
    return part.leakage_W;
  case quantity::throughput:
    if (part.kind == component_kind::vector_unit)
      return arithmetic_rate(machine.vector_unit);
    if (part.kind == component_kind::transfer_controller && machine.transfer_controller)
      return arithmetic_rate(*machine.transfer_controller);
    break;
  default:
    break;
  }
  return std::nullopt;
}

/// Everything that a figure may be of.
std::vector<std::string> subjects_of(const machine_costs& costs) {
  std::vector<std::string> subjects{"tile", "chip"};
  for (const auto name : costed_operations())
    subjects.emplace_back(name);
  for (const auto& part : costs.parts())
    subjects.push_back(part.name);
  for (std::size_t a = 0; a < action_count; ++a)
    subjects.emplace_back(name_of(static_cast<action>(a)));
  return subjects;
}

std::optional<double> find_value(const machine_costs& costs, const published_figure& figure) {
  if (figure.of == "tile" || figure.of == "chip")
    return of_peak(figure.of == "tile" ? costs.tile(figure.work) : costs.chip(figure.work), figure.quantity);
  if (std::ranges::find(costed_operations(), figure.of) != costed_operations().end())
    return of_operation(costs.operation(figure.of, figure.work), figure.quantity);
  if (const auto part = std::ranges::find(costs.parts(), figure.of, &part_cost::name); part != costs.parts().end())
    return of_part(costs, *part, figure.quantity);
  if (const auto what = action_from(figure.of); what && figure.quantity == quantity::energy)
    return costs.energy_J(*what);
  return std::nullopt;
}

published_figure read_figure(config::reader r) {
  published_figure f;
  f.quantity = r.require<quantity>("quantity");
  f.of = r.require<std::string>("of");
  f.value = r.require_quantity("value", dimension_of(f.quantity), positive);
  f.kind = r.require<evidence>("kind");
  f.tolerance = f.kind == evidence::bookkeeping
                    ? r.require<double>("tolerance", {.minimum = 0, .maximum = 1, .open_minimum = true})
                    : r.get("tolerance", 0.0, {.minimum = 0, .maximum = 1});
  f.work.vectors = r.get("vectors", f.work.vectors, {.minimum = 1, .maximum = 1e6});
  f.work.bit_length = r.get("bl", f.work.bit_length, {.minimum = 1, .maximum = 1000});
  f.work.pulse_probability = r.get("pulse_probability", f.work.pulse_probability, {.minimum = 0, .maximum = 1});
  f.work.mv_type = r.get("mv_type", f.work.mv_type);
  f.origin = read_provenance(r);
  return f;
}

} // namespace

dimension dimension_of(quantity q) {
  switch (q) {
  case quantity::time:
    return dimension::time;
  case quantity::energy:
  case quantity::energy_per_mac:
    return dimension::energy;
  case quantity::throughput:
  case quantity::sustained_throughput:
    return dimension::op_rate;
  case quantity::efficiency:
    return dimension::op_efficiency;
  case quantity::density:
    return dimension::op_density;
  case quantity::area:
    return dimension::area;
  case quantity::power:
  case quantity::leakage:
    return dimension::power;
  }
  return dimension::dimensionless;
}

std::string_view name_of(quantity q) {
  return quantity_names.at(static_cast<std::size_t>(q)).first;
}

std::string_view name_of(evidence kind) {
  return evidence_names.at(static_cast<std::size_t>(kind)).first;
}

std::vector<published_figure> read_published(config::reader& r) {
  std::vector<published_figure> figures;
  for (const auto& row : r.children("published"))
    figures.push_back(read_figure(row));
  return figures;
}

double computed(const machine_costs& costs, const published_figure& figure) {
  const auto subjects = subjects_of(costs);
  if (std::ranges::find(subjects, figure.of) == subjects.end())
    throw input_error(
        fmt::format("{}: of: unknown '{}'; {}", figure.origin.location, figure.of, suggestion(figure.of, subjects)));
  if (const auto value = find_value(costs, figure))
    return *value;
  throw input_error(
      fmt::format("{}: '{}' has no quantity '{}'", figure.origin.location, figure.of, name_of(figure.quantity)));
}

} // namespace tilework::platform
