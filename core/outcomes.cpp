// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/outcomes.h>

#include <algorithm>

namespace tilework {
namespace {

double ratio(double part, double whole) {
  return whole > 0 ? part / whole : 0.0;
}

double training_leakage_J(const cost_sheet& sheet) {
  double sum_J = 0;
  for (const auto& row : sheet.rows)
    if (!row.what && is_training(row.phase))
      sum_J += row.energy_J;
  return sum_J;
}

bool is_in_tile(component_kind kind) {
  switch (kind) {
  case component_kind::row_driver:
  case component_kind::pulse_generator:
  case component_kind::crossbar:
  case component_kind::sample_and_hold:
  case component_kind::adc:
  case component_kind::output_unit:
    return true;
  case component_kind::vector_unit:
  case component_kind::sram:
  case component_kind::memory:
  case component_kind::network:
  case component_kind::chip_link:
  case component_kind::transfer_controller:
  case component_kind::mac_array:
    break;
  }
  return false;
}

} // namespace

std::uint64_t training_macs_per_sample(std::span<const std::uint32_t> layers) {
  constexpr std::uint64_t directions = 3; // forward, backward, update
  std::uint64_t macs = 0;
  for (std::size_t l = 0; l + 1 < layers.size(); ++l)
    macs += (l == 0 ? directions - 1 : directions) * layers[l] * layers[l + 1];
  return macs;
}

run_outcomes outcomes_of(const run_results& r) {
  const double time_s = r.simulated_time().seconds();
  const double energy_J = r.costs.training_energy_J;
  const double leakage_J = training_leakage_J(r.costs);
  run_outcomes o;
  o.operations = 2 * static_cast<double>(r.training_macs);
  o.operations_per_s = ratio(o.operations, time_s);
  o.operations_per_J = ratio(o.operations, energy_J);
  o.operations_per_s_m2 = ratio(o.operations_per_s, r.costs.area_m2);
  o.average_power_W = ratio(energy_J, time_s);
  o.leakage_power_W = ratio(leakage_J, time_s);
  o.dynamic_power_W = o.average_power_W - o.leakage_power_W;
  o.energy_delay_Js = energy_J * time_s;
  return o;
}

accuracy_cost cost_of_accuracy(std::span<const evaluation_row> evaluations, double target, const run_totals& totals) {
  for (const auto& row : evaluations)
    if (row.test_accuracy >= target)
      return {target, true, row.epoch, row.simulated_time_s, row.energy_J};
  return {target, false, totals.epochs, totals.time_s, totals.energy_J};
}

accuracy_cost cost_of_accuracy(const run_results& r, double target) {
  return cost_of_accuracy(r.evaluations, target, {r.epochs, r.simulated_time().seconds(), r.costs.training_energy_J});
}

tile_area area_of_tiles(const cost_sheet& sheet) {
  tile_area area;
  for (const auto& component : sheet.components) {
    if (component.kind == component_kind::crossbar)
      ++area.tiles;
    if (is_in_tile(component.kind))
      area.total_m2 += component.area_m2;
  }
  return area;
}

} // namespace tilework
