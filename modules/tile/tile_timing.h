// SPDX-License-Identifier: Apache-2.0
/// \file Closed formulas for the time of tile operations.
#pragma once

#include <tilework/core/operation.h>
#include <tilework/modules/tile/tile_configuration.h>

#include <cstdint>

namespace tilework::hardware {

/// Occupation of a tile's two stages by one MVM operation, relative to its start.
struct mvm_timing {
  femtoseconds array_busy; ///< drivers and array, from the start
  femtoseconds adc_begin;  ///< first conversion
  femtoseconds adc_busy;   ///< converters, from adc_begin
  femtoseconds done;       ///< outputs scaled
};

class tile_timing {
public:
  explicit tile_timing(const tile_configuration& configuration) : configuration_(configuration) {}

  /// Time that one pass drives the array: pwm (2^(bits-1) - 1) slots, voltage one slot; times sign phases.
  [[nodiscard]] femtoseconds integration_time() const;
  [[nodiscard]] femtoseconds conversion_time() const;
  /// Conversions that one ADC makes in series for an operation that reads `lines` lines (neighbours share an ADC).
  [[nodiscard]] std::uint32_t conversions_in_series(std::uint32_t lines) const;
  /// Array reads per pass: without sample-and-hold every multiplexed line needs its own.
  [[nodiscard]] std::uint32_t reads_per_pass(std::uint32_t lines) const;
  /// From one vector to the next within a burst, m conversions in series:
  /// none m (t_int + t_conv); single t_int + m t_conv; double max(t_int, m t_conv).
  [[nodiscard]] femtoseconds interval(std::uint32_t lines) const;
  /// One vector alone, without output scaling: m (t_int + t_conv) without sample-and-hold, else t_int + m t_conv.
  [[nodiscard]] femtoseconds latency(std::uint32_t lines) const;
  /// A burst: every round of bound management with n_r vectors takes latency + (n_r - 1) interval.
  [[nodiscard]] mvm_timing mvm(std::uint32_t read_lines, const operation_activity& activity) const;
  /// Pulse slots actually used, times polarity phases.
  [[nodiscard]] femtoseconds update(const operation_activity& activity) const;
  [[nodiscard]] femtoseconds program(std::uint32_t inputs) const;

private:
  tile_configuration configuration_;
};

} // namespace tilework::hardware
