// SPDX-License-Identifier: Apache-2.0
/// \file A crossbar tile: row drivers (DAC, pulse generators) -> crossbar -> sample-and-hold, ADC bank -> output unit.
#pragma once

#include <tilework/core/action_counts.h>
#include <tilework/modules/tile/tile_timing.h>
#include <tilework/physics/crossbar/analog_array.h>
#include <tilework/tlm/four_phase_target.h>
#include <tilework/tlm/resource_calendar.h>

#include <array>
#include <memory>
#include <string>
#include <systemc>

namespace tilework::hardware {

/// Accounts of the parts of one tile.
struct tile_accounts {
  component_account* row_driver = nullptr;
  component_account* pulse_generator = nullptr;
  component_account* crossbar = nullptr;
  component_account* sample_and_hold = nullptr; ///< null without sample-and-hold
  component_account* adc = nullptr;
  component_account* output_unit = nullptr;
};

/// How a vector is applied in each direction: follows from the IO parameters of the values, also in a replay.
struct tile_reads {
  physics::read_plan forward;
  physics::read_plan backward;
  physics::read_plan refresh;     ///< reads of one input line
  physics::read_plan line_read{}; ///< of read_line and calibrate
};

/// Pulse slots of one vector at nominal bit length, for pulse_charge::nominal_bl.
struct nominal_slots {
  std::uint32_t update = 31;    ///< desired_bl of outer products
  std::uint32_t line_write = 1; ///< same, of write_line
};

/// Opens the accounts of a tile named `name` with its numbers of lines, cells and converters. Converters that both
/// sides share are sized for the larger side; separate ones are counted on both sides.
tile_accounts open_tile_accounts(ledger& books, const std::string& name, const tile_configuration& configuration);

/// Holds the weights of one logical array and executes the operations on it.
///
/// Responses: TLM_COMMAND_ERROR_RESPONSE for operations that a tile does not know, TLM_BURST_ERROR_RESPONSE for
/// operands that do not have the array's shape. An operation that expects another weight version than the tile's is a
/// run_error. Debug reads return the weights, row-major outputs x inputs, as floats.
class tile final : public sc_core::sc_module, private transaction::schedulable {
public:
  /// \param values the array; null = replay: time and counts from recorded activity, no values
  /// \param without_values lines of the array in a replay; empty: those of the tile
  tile(const sc_core::sc_module_name& name, const tile_configuration& configuration,
       std::unique_ptr<physics::analog_array> values, transaction::timeline& time, const tile_accounts& accounts,
       tile_reads reads = {}, nominal_slots slots = {}, physics::array_shape without_values = {});

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
  /// \param before, afterwards time that the array is needed before the first and after the last read
  transaction::booking book_mvm(const transaction::tile_request& request, femtoseconds arrival,
                                femtoseconds before = {}, femtoseconds afterwards = {});
  transaction::booking book_update(const transaction::tile_request& request, femtoseconds arrival);
  transaction::booking book_calibration(transaction::tile_request& request, femtoseconds arrival);
  void begin_update(const transaction::tile_request& request);
  /// Lines of the array.
  [[nodiscard]] physics::array_shape lines() const { return shape_; }
  [[nodiscard]] femtoseconds first_start(femtoseconds arrival, const mvm_timing& timing,
                                         const transaction::resource_calendar& adc) const;
  transaction::booking book_array(femtoseconds arrival, femtoseconds length, phase p);
  /// One direction of reading: its plan, and what follows from it for the lines that were read last.
  struct reading {
    explicit reading(physics::read_plan plan_) : plan(std::move(plan_)) {}
    physics::read_plan plan;
    std::uint32_t lines = 0;
    pass_timing timing;
    femtoseconds drive_time;   ///< of one pass
    std::uint64_t repeats = 0; ///< of the plan's reads in one pass
    std::uint64_t slots = 0;   ///< of the plan; 0 if it is one read of the whole code
    std::uint64_t conversions = 0;
  };
  /// How the operation reads; figures are worked out when the number of lines changes, which it does not in a run.
  const reading& reading_of(const operation& op);
  void count_mvm(const transaction::tile_request& request, std::uint32_t driven, std::uint64_t vectors);
  void count_update(const transaction::tile_request& request);
  void count_nominal_update(const transaction::tile_request& request);
  void count_refresh(const transaction::tile_request& request);

  tile_configuration configuration_;
  tile_timing timing_;
  reading forward_;
  reading backward_;
  reading refresh_;
  std::array<reading, 2> line_read_; ///< by line_side
  nominal_slots slots_;
  std::unique_ptr<physics::analog_array> values_;
  physics::array_shape shape_;
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
