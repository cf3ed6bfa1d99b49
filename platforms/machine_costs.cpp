// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/core/nearest_name.h>
#include <tilework/modules/digital/vector_unit_costs.h>
#include <tilework/modules/tile/tile_costs.h>
#include <tilework/platforms/accounts.h>
#include <tilework/platforms/machine_costs.h>
#include <tilework/tlm/clock_domain.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace tilework::platform {
namespace {

constexpr phase booked = phase::forward; ///< one operation, so any phase will do

constexpr std::array<std::pair<std::string_view, operation_kind>, 8> tile_operations{
    {{"forward_mvm", operation_kind::forward_mvm},
     {"backward_mvm", operation_kind::backward_mvm},
     {"outer_product_update", operation_kind::outer_product_update},
     {"read_line", operation_kind::read_line},
     {"write_line", operation_kind::write_line},
     {"program", operation_kind::program},
     {"calibrate", operation_kind::calibrate},
     {"refresh", operation_kind::refresh}}};
constexpr std::array<std::pair<std::string_view, vector_function>, 2> vector_operations{
    {{"noise_management", vector_function::noise_management},
     {"update_management", vector_function::update_management}}};

constexpr auto names = [] {
  std::array<std::string_view, tile_operations.size() + vector_operations.size()> all;
  std::size_t n = 0;
  for (const auto& [name, kind] : tile_operations)
    all.at(n++) = name;
  for (const auto& [name, function] : vector_operations)
    all.at(n++) = name;
  return all;
}();

template <typename Table>
auto find(const Table& table, std::string_view name) {
  const auto found = std::ranges::find(table, name, [](const auto& entry) { return entry.first; });
  return found == table.end() ? nullptr : &*found;
}

/// How the converters of this machine apply a vector.
physics::read_plan plan_of(const hardware::tile_configuration& tile, physics::mv_type mv_type) {
  physics::io_parameters io;
  io.mv_type = mv_type;
  io.inp_res = 1.0F / static_cast<float>((2U << (tile.dac.bits - 1)) - 2);
  io.split_mode_bit_shift = std::min(io.split_mode_bit_shift, tile.dac.bits - 2);
  return physics::plan_of(io);
}

/// An operation on all lines of a tile.
operation full(operation_kind kind, const hardware::tile_configuration& tile, std::uint32_t vectors) {
  operation op{.kind = kind, .phase = booked, .vectors = vectors};
  const auto lengths = [&](std::uint32_t first, std::uint32_t second) {
    op.inputs[0].length = first;
    op.inputs[1].length = op.outputs[0].length = second;
  };
  switch (kind) {
  case operation_kind::backward_mvm:
  case operation_kind::write_line: // an input line with pulses on all output lines
    lengths(tile.outputs, tile.inputs);
    break;
  case operation_kind::program:
    lengths(tile.inputs, tile.outputs);
    op.vectors = tile.outputs;
    break;
  default:
    lengths(tile.inputs, tile.outputs);
  }
  return op;
}

std::uint64_t expected(double count) {
  return static_cast<std::uint64_t>(std::llround(count));
}

/// Pulses of `vectors` updates: inputs fire with probability p, outputs with probability q.
operation_activity pulses(const assumed_work& work, physics::array_shape fired, double p, double q,
                          physics::array_shape whole) {
  const double slots = static_cast<double>(work.vectors) * work.bit_length;
  operation_activity a;
  a.pulse_slots = std::uint64_t{work.vectors} * work.bit_length;
  a.update_vectors = work.vectors;
  a.input_line_pulses = expected(slots * p * fired.inputs);
  a.output_line_pulses = expected(slots * q * fired.outputs);
  a.coincidences = expected(slots * p * q * static_cast<double>(fired.cells()));
  a.half_selected = a.input_line_pulses * whole.outputs + a.output_line_pulses * whole.inputs - 2 * a.coincidences;
  a.random_bits = a.pulse_slots * (std::uint64_t{fired.inputs} + fired.outputs);
  return a;
}

/// `lines` of the vectors in the first round at full code.
void drive_fully(operation_activity& a, std::uint64_t lines, const physics::input_codes& each) {
  a.code_sum = a.vectors_in_round[0] * lines * each.sum;
  a.code_squares = a.vectors_in_round[0] * lines * each.squares;
}

operation_activity activity_of(const operation& op, const assumed_work& work, const hardware::tile_configuration& tile,
                               const physics::read_plan& plan, const hardware::tile_costs& costs) {
  constexpr std::uint32_t devices_of_a_pair = 2;
  const physics::array_shape shape{tile.inputs, tile.outputs};
  const auto line_drive = physics::full_drive({}, tile.dac.bits - 1);
  operation_activity a;
  switch (op.kind) {
  case operation_kind::outer_product_update:
    return pulses(work, shape, work.pulse_probability, work.pulse_probability, shape);
  case operation_kind::write_line:
    return pulses(work, {1, shape.outputs}, 1, work.pulse_probability, shape);
  case operation_kind::calibrate:
    return costs.calibration();
  case operation_kind::refresh:
    a.vectors_in_round[0] = devices_of_a_pair * shape.inputs;
    drive_fully(a, 1, line_drive);
    return a;
  case operation_kind::read_line:
    a.vectors_in_round[0] = op.vectors;
    drive_fully(a, 1, line_drive);
    return a;
  case operation_kind::program:
    return a;
  default: // one round: nothing saturates
    a.vectors_in_round[0] = op.vectors;
    drive_fully(a, op.inputs[0].length, physics::full_drive(plan, tile.dac.bits - 1));
    return a;
  }
}

bool has_macs(operation_kind kind) {
  return kind == operation_kind::forward_mvm || kind == operation_kind::backward_mvm ||
         kind == operation_kind::outer_product_update;
}

ledger books_of(const machine_configuration& configuration) {
  ledger books;
  open_accounts(books, configuration);
  return books;
}

/// Prices what is in the books of the unit that executes an operation.
void price_operation(operation_cost& cost, const ledger& books, const price_list& prices) {
  std::array<femtoseconds, phase_count> exposed{};
  exposed.at(static_cast<std::size_t>(booked)) = cost.time;
  auto sheet = price(books, prices, exposed);
  cost.area_m2 = sheet.area_m2;
  for (auto& row : sheet.rows)
    if (row.what) {
      cost.dynamic_J += row.energy_J;
      cost.actions.push_back(std::move(row));
    } else {
      cost.leakage_J += row.energy_J;
    }
}

std::string name_in_report(std::string_view account) {
  constexpr std::string_view chip = "chip0.";
  constexpr std::string_view first_tile = "tile0.";
  if (account.starts_with(chip))
    account.remove_prefix(chip.size());
  if (account.starts_with(first_tile))
    return fmt::format("tile.{}", account.substr(first_tile.size()));
  return std::string(account);
}

bool is_tile_part(const part_cost& part) {
  return part.name.starts_with("tile.");
}

} // namespace

std::span<const std::string_view> costed_operations() {
  return names;
}

machine_costs::machine_costs(machine_configuration configuration, const technology& prices)
    : configuration_(std::move(configuration)),
      books_(books_of(configuration_)),
      prices_(prices, quantities_of(configuration_), kinds_of(books_)) {
  const auto tiles = configuration_.tiles();
  for (const auto& account : books_.accounts()) {
    const bool in_tile = account.name.find(".tile") != std::string::npos;
    if (in_tile && !account.name.starts_with("chip0.tile0."))
      continue; // all tiles are alike
    parts_.push_back({name_in_report(account.name), account.kind, account.units, in_tile ? tiles : 1,
                      account.units * prices_.area_m2(account.kind), account.units * prices_.leakage_W(account.kind)});
  }
}

operation_cost machine_costs::operation(std::string_view name, const assumed_work& work) const {
  operation_cost cost{.operation = std::string(name)};
  const auto& tile = configuration_.tile;
  ledger books;
  if (const auto* found = find(tile_operations, name)) {
    const auto op = full(found->second, tile, work.vectors);
    const physics::array_shape shape{tile.inputs, tile.outputs};
    const auto plan = plan_of(tile, work.mv_type);
    hardware::tile_costs costs(tile, shape, {plan, plan, {}, {}}, {work.bit_length, work.bit_length});
    const auto activity = activity_of(op, work, tile, plan, costs);
    costs.count(op, activity, hardware::open_tile_accounts(books, "tile", tile));
    cost.time = costs.occupation(op, activity).stages.done;
    if (has_macs(op.kind))
      cost.macs = std::uint64_t{work.vectors} * shape.cells();
  } else if (const auto* digital = find(vector_operations, name)) {
    auto op = full(operation_kind::vector_op, tile, work.vectors);
    op.function = digital->second;
    const auto& unit = configuration_.vector_unit;
    const auto arithmetic = hardware::alu_operations_of(op);
    hardware::add_counts(books.open("vector_unit", component_kind::vector_unit, unit.lanes).counts, booked, arithmetic);
    cost.time = transaction::clock_domain(unit.clock_Hz)
                    .cycles(hardware::cycles_of(arithmetic, unit.lanes, unit.ops_per_lane_cycle) + unit.latency_cycles);
  } else {
    throw input_error(fmt::format("unknown operation '{}'; {}", name, suggestion(name, names)));
  }
  price_operation(cost, books, prices_);
  return cost;
}

peak_cost machine_costs::tile(const assumed_work& work) const {
  const auto product = operation("forward_mvm", work);
  auto longer = work;
  ++longer.vectors;
  const auto interval = operation("forward_mvm", longer).time - product.time;
  const double ops_per_vector = 2.0 * static_cast<double>(product.macs) / work.vectors;
  peak_cost peak;
  peak.ops_per_s = ops_per_vector * work.vectors / product.time.seconds();
  peak.sustained_ops_per_s = ops_per_vector / interval.seconds();
  for (const auto& part : parts_)
    if (is_tile_part(part)) {
      peak.area_m2 += part.area_m2;
      peak.leakage_W += part.leakage_W;
    }
  peak.power_W = product.dynamic_J / product.time.seconds() + peak.leakage_W;
  return peak;
}

peak_cost machine_costs::chip(const assumed_work& work) const {
  const auto one = tile(work);
  const double tiles = configuration_.tiles();
  peak_cost peak{.ops_per_s = tiles * one.ops_per_s, .sustained_ops_per_s = tiles * one.sustained_ops_per_s};
  for (const auto& part : parts_) {
    peak.area_m2 += part.count * part.area_m2;
    peak.leakage_W += part.count * part.leakage_W;
  }
  peak.power_W = tiles * (one.power_W - one.leakage_W) + peak.leakage_W;
  return peak;
}

} // namespace tilework::platform
