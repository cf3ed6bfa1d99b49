// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/modules/digital/matrix_unit.h>
#include <tilework/tlm/tile_extension.h>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace tilework::hardware {

matrix_unit_accounts open_matrix_unit_accounts(ledger& books, const std::string& name,
                                               const matrix_unit_configuration& c) {
  const bool on_chip = c.weights.kind == weight_memory_kind::sram;
  return {&books.open(name + ".macs", component_kind::mac_array, static_cast<double>(c.macs())),
          &books.open(name + ".weights", on_chip ? component_kind::sram : component_kind::memory,
                      on_chip ? static_cast<double>(c.weights.capacity_bytes) : 1),
          &books.open(name + ".operands", component_kind::sram, static_cast<double>(c.operand_buffer_bytes))};
}

void require_capacity(const matrix_unit_configuration& configuration, std::span<const array_region> arrays,
                      std::uint32_t max_burst) {
  const matrix_unit_timing timing(configuration);
  std::map<std::uint32_t, std::uint64_t> weights; // bytes by unit
  std::uint64_t operands = 0;
  for (const auto& array : arrays) {
    weights[array.tile] += timing.weight_bytes(std::uint64_t{array.inputs} * array.outputs);
    operands = std::max(operands, timing.operand_bytes(max_burst, array.inputs, array.outputs));
  }
  for (const auto& [unit, bytes] : weights)
    if (bytes > configuration.weights.capacity_bytes)
      throw input_error(fmt::format("the weights on unit {} need {} bytes but matrix_unit.weight_memory.capacity is {} "
                                    "bytes; use a larger weight "
                                    "memory, more units (nodes of the interconnect) or a smaller network",
                                    unit, bytes, configuration.weights.capacity_bytes));
  if (operands > configuration.operand_buffer_bytes)
    throw input_error(
        fmt::format("the operands of one operation need {} bytes but matrix_unit.operand_buffer is {} bytes; use a "
                    "smaller training.batch_size or evaluate.burst, or a larger buffer",
                    operands, configuration.operand_buffer_bytes));
}

matrix_unit::matrix_unit(const matrix_unit_configuration& configuration, transaction::timeline& time,
                         const matrix_unit_accounts& accounts)
    : configuration_(configuration), timing_(configuration), clock_(configuration.clock_Hz), accounts_(accounts) {
  time.on_drain([this] { calendar_.clear(); });
}

matrix_cost matrix_unit::cost_of(const operation& op) const {
  switch (op.kind) {
  case operation_kind::outer_product_update:
    return timing_.update(op.vectors, op.inputs[0].length, op.inputs[1].length);
  case operation_kind::program:
    return timing_.program(op.inputs[0].length, op.vectors);
  default:
    return timing_.product(op.vectors, op.inputs[0].length, op.outputs[0].length);
  }
}

transaction::booking matrix_unit::execute(const operation& op, femtoseconds arrival) {
  const auto cost = cost_of(op);
  const auto held = clock_.cycles(cost.held_cycles);
  const auto start = calendar_.reserve(clock_.next_edge(arrival), held);
  accounts_.macs->busy[static_cast<std::size_t>(op.phase)] += held;
  count(cost, op.phase);
  return {start, start + held, start + clock_.cycles(cost.cycles)};
}

void matrix_unit::count(const matrix_cost& cost, phase p) {
  const bool on_chip = configuration_.weights.kind == weight_memory_kind::sram;
  auto& weights = accounts_.weights->counts;
  accounts_.macs->counts.add(p, action::mac, cost.macs);
  weights.add(p, on_chip ? action::sram_read_byte : action::dram_read_byte, cost.weight_bytes_read);
  weights.add(p, on_chip ? action::sram_write_byte : action::dram_write_byte, cost.weight_bytes_written);
  accounts_.weights->busy[static_cast<std::size_t>(p)] +=
      clock_.cycles(timing_.cycles_to_move(cost.weight_bytes_read + cost.weight_bytes_written));
  accounts_.operands->counts.add(p, action::sram_read_byte, cost.operand_bytes_read);
  accounts_.operands->counts.add(p, action::sram_write_byte, cost.operand_bytes_written);
}

namespace {

constexpr physics::array_shape any_shape{std::numeric_limits<std::uint32_t>::max(),
                                         std::numeric_limits<std::uint32_t>::max()};

} // namespace

matrix_unit_array::matrix_unit_array(const sc_core::sc_module_name& name, matrix_unit& unit,
                                     std::unique_ptr<physics::analog_array> values, transaction::timeline& time)
    : array_target(name, std::move(values), any_shape, time, unit.configuration().input_depth), unit_(unit) {
}

bool matrix_unit_array::knows(operation_kind kind) const {
  return kind == operation_kind::program || kind == operation_kind::forward_mvm ||
         kind == operation_kind::backward_mvm || kind == operation_kind::outer_product_update;
}

transaction::booking matrix_unit_array::schedule(::tlm::tlm_generic_payload& payload, femtoseconds arrival) {
  if (!execute(payload))
    return {arrival, arrival, arrival};
  return unit_.execute(*transaction::tile_request::of(payload).op, arrival);
}

} // namespace tilework::hardware
