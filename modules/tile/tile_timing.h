// SPDX-License-Identifier: Apache-2.0
/// \file Closed formulas for the time of tile operations.
#pragma once

#include <tilework/core/operation.h>
#include <tilework/modules/tile/tile_configuration.h>
#include <tilework/physics/periphery/read_plan.h>

#include <cstdint>

namespace tilework::hardware {

/// Occupation of a tile's two stages by one MVM operation, relative to its start.
struct mvm_timing {
  femtoseconds array_busy; ///< drivers and array, from the start
  femtoseconds adc_begin;  ///< first conversion
  femtoseconds adc_busy;   ///< converters, from adc_begin
  femtoseconds done;       ///< outputs scaled
};

/// Times of one direction's reads, which no operation changes.
struct pass_timing {
  femtoseconds latency;   ///< one vector alone
  femtoseconds interval;  ///< from one vector to the next
  femtoseconds adc_begin; ///< first conversion
  femtoseconds tail;      ///< converters alone are busy at the end of a burst
};

class tile_timing {
public:
  explicit tile_timing(const tile_configuration& configuration) : configuration_(configuration) {}

  /// DAC slots of a read: pwm 2^k - 1 for k magnitude bits, bits - 1 of them for the whole code; voltage one. Times the
  /// DAC's sign phases, unless the read has one sign only.
  [[nodiscard]] std::int64_t slots(const physics::array_read& read) const;
  /// Slots of all reads of one pass.
  [[nodiscard]] std::int64_t slots(const physics::read_plan& plan) const;
  /// Time that one read of the whole code drives the array.
  [[nodiscard]] femtoseconds integration_time() const { return configuration_.dac.slot * slots(physics::array_read{}); }
  /// Time that one pass drives the array.
  [[nodiscard]] femtoseconds drive_time(const physics::read_plan& plan) const {
    return configuration_.dac.slot * slots(plan);
  }
  [[nodiscard]] femtoseconds conversion_time() const;
  /// Conversions that one ADC makes in series for an operation that reads `lines` lines (neighbours share an ADC).
  [[nodiscard]] std::uint32_t conversions_in_series(std::uint32_t lines) const;
  /// How often a pass repeats its reads: without sample-and-hold every multiplexed line needs its own.
  [[nodiscard]] std::uint32_t reads_per_pass(std::uint32_t lines) const;

  // A pass has C conversions of every line, m in series on an ADC: T_c is the time of the reads that end in
  // conversion c, t = m t_conv. With a second set of holding capacitors the integration of one part and the conversion
  // of the part before begin together.

  /// From one vector to the next within a burst:
  /// none m (sum T_c + C t_conv); single sum T_c + C t; double sum of max(T_c, t).
  [[nodiscard]] femtoseconds interval(std::uint32_t lines, const physics::read_plan& plan = {}) const;
  /// One vector alone, without output scaling: as the interval, but double T_1 + sum over c > 1 of max(T_c, t) + t.
  [[nodiscard]] femtoseconds latency(std::uint32_t lines, const physics::read_plan& plan = {}) const;
  [[nodiscard]] pass_timing pass(std::uint32_t read_lines, const physics::read_plan& plan = {}) const;
  /// A burst: every round of bound management with n_r vectors takes latency + (n_r - 1) interval.
  [[nodiscard]] mvm_timing mvm(const pass_timing& pass, const operation_activity& activity) const;
  [[nodiscard]] mvm_timing mvm(std::uint32_t read_lines, const operation_activity& activity,
                               const physics::read_plan& plan = {}) const {
    return mvm(pass(read_lines, plan), activity);
  }
  /// Pulse slots actually used, times polarity phases.
  [[nodiscard]] femtoseconds update(const operation_activity& activity) const;
  /// Second half of a refresh: one pulse per input line with resets, then the pulse slots of the new writes, which have
  /// one polarity.
  [[nodiscard]] femtoseconds rewrite(const operation_activity& activity) const;
  /// Updates that are charged by desired_bl, see pulse_charge: slots without polarity phases.
  [[nodiscard]] femtoseconds nominal_update(std::uint64_t slots) const {
    return configuration_.pulse.period * static_cast<std::int64_t>(slots);
  }
  [[nodiscard]] femtoseconds program(std::uint32_t inputs) const;
  /// First part of a calibration, before the reads: one period per pulse, all cells at once.
  [[nodiscard]] femtoseconds measure_symmetry() const {
    return configuration_.pulse.period * (2 * std::int64_t{configuration_.calibration.pulse_pairs});
  }

private:
  [[nodiscard]] femtoseconds first_integration(const physics::read_plan& plan) const;
  [[nodiscard]] femtoseconds overlapped(const physics::read_plan& plan, femtoseconds conversions) const;

  tile_configuration configuration_;
};

/// Seconds in which the longest line settles to half a step of the ADC: ln 2 (bits + 1) times the delay R C n^2 / 2 of
/// a line of n cells (W. C. Elmore, J. Appl. Phys. 19 (1948) 55). 0 without wires.
double settling_time_s(const tile_configuration& tile);

} // namespace tilework::hardware
