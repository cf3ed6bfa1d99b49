// SPDX-License-Identifier: Apache-2.0
/// \file Integer counts of what components did, by action and phase. Energy is priced from them afterwards.
#pragma once

#include <tilework/core/femtoseconds.h>
#include <tilework/core/operation.h>

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tilework {

/// Kinds of hardware that are counted and priced.
enum class component_kind : std::uint8_t {
  row_driver,          ///< DACs of one side or both; unit: a line
  pulse_generator,     ///< update pulses of all lines of a tile; unit: a line
  crossbar,            ///< unit: a cell (cross-point)
  sample_and_hold,     ///< unit: a line
  adc,                 ///< unit: a converter
  output_unit,         ///< digital scaling behind the ADC; unit: a converter lane
  vector_unit,         ///< unit: a lane
  sram,                ///< unit: a byte
  memory,              ///< port to off-chip memory; unit: a port
  network,             ///< unit: a router or the bus
  transfer_controller, ///< unit: a lane; its buffer is an sram
  mac_array,           ///< digital matrix unit; unit: a multiplier with its accumulator and registers
  chip_link,           ///< transceivers between chips; unit: a link, both ways and both ends
};
inline constexpr std::size_t component_kind_count = 13;

/// What is counted.
enum class action : std::uint8_t {
  dac_conversion,     ///< row_driver: one line driven for one array read
  cell_read,          ///< crossbar: one cross-point taking part in one read of the whole input code
  cell_drive,         ///< crossbar: one cross-point driven by one step of the input code in one read (voltage DACs: its
                      ///< square), so that the count follows the data
  cell_read_slot,     ///< crossbar: one cross-point and one DAC slot of a read of one sign or of a part of the code
  program_pulse,      ///< crossbar: one cell written to an absolute value
  update_pulse,       ///< crossbar: one coincidence at one cross-point
  half_select_pulse,  ///< crossbar: one slot in which exactly one of a cross-point's lines fires
  row_line_pulse,     ///< pulse_generator: one pulse on an input line
  column_line_pulse,  ///< pulse_generator: one pulse on an output line
  random_bit,         ///< pulse_generator: one Bernoulli bit
  sample,             ///< sample_and_hold: one line sampled
  adc_conversion,     ///< adc: one line converted
  output_scale,       ///< output_unit: one output rescaled
  output_shift_add,   ///< output_unit: one converted part shifted and added to the parts before
  alu_add,            ///< vector_unit, transfer_controller: number format of the digital units
  alu_multiply,       ///< same
  alu_compare,        ///< same: maximum, absolute value, comparison
  alu_divide,         ///< same: division or square root
  alu_special,        ///< same: exponential, logarithm, activation
  sram_read_byte,     ///< sram
  sram_write_byte,    ///< sram
  dram_read_byte,     ///< memory
  dram_write_byte,    ///< memory
  flit_hop,           ///< network: one flit over one link
  router_arbitration, ///< network: one packet through one router or one bus grant
  router_add,         ///< network: one element added to that of another packet of its reduction
  mac,                ///< mac_array: one multiplication and addition in the unit's own number format
  chip_link_bit,      ///< chip_link: one bit of a flit from one chip to another, besides the network's flit_hop
};
inline constexpr std::size_t action_count = 28;

std::string_view name_of(component_kind kind);
std::string_view name_of(action a);
std::optional<component_kind> component_kind_from(std::string_view name);
std::optional<action> action_from(std::string_view name);
/// The kinds of component that perform an action, at least one.
std::span<const component_kind> performers_of(action a);

/// Counts of one component.
class action_counts {
public:
  void add(phase p, action a, std::uint64_t n) { counts_[index(p)][index(a)] += n; }
  [[nodiscard]] std::uint64_t get(phase p, action a) const { return counts_[index(p)][index(a)]; }
  /// The same for those who look often; valid as long as this is.
  [[nodiscard]] const std::uint64_t& count(phase p, action a) const { return counts_[index(p)][index(a)]; }
  friend bool operator==(const action_counts&, const action_counts&) = default;

private:
  template <typename E>
  static constexpr std::size_t index(E e) {
    return static_cast<std::size_t>(e);
  }
  std::array<std::array<std::uint64_t, action_count>, phase_count> counts_{};
};

/// One component's line in the books.
struct component_account {
  std::string name; ///< e.g. chip0.tile3.adc
  component_kind kind{};
  double units = 0;   ///< how many of the kind's unit it has: area and leakage are per unit
  double servers = 1; ///< parts that can be in use at once: ports of a buffer, channels of a mesh
  action_counts counts;
  std::array<femtoseconds, phase_count> busy{}; ///< time in use per phase, summed over the servers
};

/// All accounts of a machine. References stay valid while accounts are added.
class ledger {
public:
  component_account& open(std::string name, component_kind kind, double units, double servers = 1) {
    return accounts_.emplace_back(component_account{std::move(name), kind, units, servers, {}, {}});
  }
  [[nodiscard]] const std::deque<component_account>& accounts() const { return accounts_; }
  [[nodiscard]] std::deque<component_account>& accounts() { return accounts_; }
  /// Sum over all components.
  [[nodiscard]] std::uint64_t total(phase p, action a) const;

private:
  std::deque<component_account> accounts_;
};

} // namespace tilework
