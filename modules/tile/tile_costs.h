// SPDX-License-Identifier: Apache-2.0
/// \file What an operation takes of a tile, once it is known what happened: its time and its actions. The tile books
/// and counts by it; `tilework cost` asks it for operations that no machine executes.
#pragma once

#include <tilework/core/action_counts.h>
#include <tilework/core/step_program.h>
#include <tilework/modules/tile/tile_timing.h>
#include <tilework/physics/crossbar/weight_view.h>

#include <array>
#include <string>
#include <utility>

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

/// Opens the accounts of a tile named `name` with its numbers of lines, cells and converters. Converters that both
/// sides share are sized for the larger side; separate ones are counted on both sides.
tile_accounts open_tile_accounts(ledger& books, const std::string& name, const tile_configuration& configuration);

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

/// Occupation of a tile by one operation, relative to its start.
struct tile_occupation {
  mvm_timing stages;         ///< adc_busy is 0 if nothing is converted
  femtoseconds drive_time;   ///< of the row drivers
  femtoseconds pulsing_time; ///< of the pulse generators
};

/// Whether an operation reads the array, so that its converters are needed too.
constexpr bool reads_array(operation_kind kind) {
  return kind == operation_kind::forward_mvm || kind == operation_kind::backward_mvm ||
         kind == operation_kind::read_line || kind == operation_kind::refresh || kind == operation_kind::calibrate;
}

/// Closed formulas, docs/timing-model.md and docs/energy-model.md, for every operation that a tile knows.
class tile_costs {
public:
  /// \param lines of the array that the tile holds
  tile_costs(const tile_configuration& configuration, physics::array_shape lines, tile_reads reads = {},
             nominal_slots slots = {});

  /// What a calibration does: it depends on no data.
  [[nodiscard]] operation_activity calibration() const;
  [[nodiscard]] tile_occupation occupation(const operation& op, const operation_activity& activity);
  /// Adds the operation's actions to the accounts under its phase.
  void count(const operation& op, const operation_activity& activity, const tile_accounts& accounts);

private:
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
  /// \param before, afterwards time that the array is needed before the first and after the last read
  tile_occupation reads(const operation& op, const operation_activity& activity, femtoseconds before = {},
                        femtoseconds afterwards = {});
  [[nodiscard]] std::uint64_t nominal_slots_of(const operation& op) const;
  void count_mvm(const operation& op, const operation_activity& activity, const tile_accounts& accounts,
                 std::uint32_t driven, std::uint64_t vectors);
  void count_nominal_update(const operation& op, const tile_accounts& accounts) const;
  void count_refresh(const operation& op, const operation_activity& activity, const tile_accounts& accounts);

  tile_configuration configuration_;
  tile_timing timing_;
  physics::array_shape lines_;
  reading forward_;
  reading backward_;
  reading refresh_;
  std::array<reading, 2> line_read_; ///< by line_side
  physics::input_codes line_drive_;  ///< of a line read alone, at full code
  nominal_slots slots_;
};

} // namespace tilework::hardware
