// SPDX-License-Identifier: Apache-2.0
/// \file A crossbar tile: row drivers (DAC, pulse generators) -> crossbar -> sample-and-hold, ADC bank -> output unit.
#pragma once

#include <tilework/modules/tile/array_target.h>
#include <tilework/modules/tile/tile_costs.h>
#include <tilework/tlm/resource_calendar.h>

#include <array>
#include <memory>
#include <string>
#include <systemc>

namespace tilework::hardware {

/// A crossbar of analog devices that executes every operation on its array.
class tile final : public array_target {
public:
  /// \param values the array; null = replay: time and counts from recorded activity, no values
  /// \param without_values lines of the array in a replay; empty: those of the tile
  tile(const sc_core::sc_module_name& name, const tile_configuration& configuration,
       std::unique_ptr<physics::analog_array> values, transaction::timeline& time, const tile_accounts& accounts,
       tile_reads reads = {}, nominal_slots slots = {}, physics::array_shape without_values = {});

  /// Bookings that found array or converters taken.
  [[nodiscard]] std::uint64_t delayed_requests() const override { return delayed_; }
  void visit_calendars(const transaction::calendar_visitor& visitor) override;

private:
  transaction::booking schedule(::tlm::tlm_generic_payload& payload, femtoseconds arrival) override;

  [[nodiscard]] femtoseconds first_start(femtoseconds arrival, const mvm_timing& timing,
                                         const transaction::resource_calendar& adc) const;
  transaction::booking book_array(const operation& op, const tile_occupation& work, femtoseconds arrival);
  void note_join(const operation& op, const tile_occupation& work);
  transaction::booking book_reads(const operation& op, const tile_occupation& work, femtoseconds arrival);

  tile_configuration configuration_;
  tile_costs costs_;
  tile_accounts accounts_;
  transaction::resource_calendar array_;
  transaction::resource_calendar forward_adc_; ///< reads the output lines; also the input lines if sides are shared
  transaction::resource_calendar backward_adc_;
  std::uint64_t delayed_ = 0;
};

} // namespace tilework::hardware
