// SPDX-License-Identifier: Apache-2.0
/// \file A crossbar tile: row drivers (DAC, pulse generators) -> crossbar -> sample-and-hold, ADC bank -> output unit.
#pragma once

#include <tilework/modules/tile/tile_costs.h>
#include <tilework/physics/crossbar/analog_array.h>
#include <tilework/tlm/four_phase_target.h>
#include <tilework/tlm/resource_calendar.h>

#include <array>
#include <memory>
#include <string>
#include <systemc>

namespace tilework::hardware {

/// Holds the weights of one logical array and executes the operations on it.
///
/// Responses: TLM_COMMAND_ERROR_RESPONSE for operations that a tile does not know, TLM_BURST_ERROR_RESPONSE for
/// operands that do not have the array's shape. An operation that expects another weight version than the tile's is a
/// run_error. Debug reads return the weights, row-major outputs x inputs, as floats.
class tile final : public sc_core::sc_module, private transaction::schedulable {
public:
  /// \param values the array; null = replay: time and counts from recorded activity, no values.
  tile(const sc_core::sc_module_name& name, const tile_configuration& configuration,
       std::unique_ptr<physics::analog_array> values, transaction::timeline& time, const tile_accounts& accounts,
       tile_reads reads = {}, nominal_slots slots = {});

  transaction::target_socket<transaction::four_phase_target>& socket() { return port_.socket; }
  [[nodiscard]] physics::analog_array& values() { return *values_; }
  [[nodiscard]] const physics::analog_array& values() const { return *values_; }
  [[nodiscard]] std::uint64_t weight_version() const { return weight_version_; }
  /// After a resume. \pre idle
  void set_weight_version(std::uint64_t version) { weight_version_ = version; }
  /// Bookings that found array or converters taken.
  [[nodiscard]] std::uint64_t delayed_requests() const { return delayed_; }

private:
  transaction::booking schedule(::tlm::tlm_generic_payload& payload, femtoseconds arrival) override;
  void launch(::tlm::tlm_generic_payload& payload) override;
  unsigned debug(::tlm::tlm_generic_payload& payload) override;

  [[nodiscard]] bool fits(const transaction::tile_request& request) const;
  void begin(transaction::tile_request& request);
  void check_version(const transaction::tile_request& request);
  void finish_values(transaction::tile_request& request);
  /// Takes the activity of the operation in progress.
  void collect();
  void begin_update(const transaction::tile_request& request);
  /// Lines of the array; without values, of the tile.
  [[nodiscard]] physics::array_shape lines() const;
  [[nodiscard]] femtoseconds first_start(femtoseconds arrival, const mvm_timing& timing,
                                         const transaction::resource_calendar& adc) const;
  transaction::booking book_array(const operation& op, const tile_occupation& work, femtoseconds arrival);
  transaction::booking book_reads(const operation& op, const tile_occupation& work, femtoseconds arrival);

  tile_configuration configuration_;
  std::unique_ptr<physics::analog_array> values_;
  tile_costs costs_;
  transaction::four_phase_target port_;
  tile_accounts accounts_;
  transaction::resource_calendar array_;
  transaction::resource_calendar forward_adc_; ///< reads the output lines; also the input lines if sides are shared
  transaction::resource_calendar backward_adc_;
  transaction::tile_request* in_progress_ = nullptr; ///< launched, activity not collected yet
  std::uint64_t weight_version_ = 0;
  std::uint64_t delayed_ = 0;
};

} // namespace tilework::hardware
