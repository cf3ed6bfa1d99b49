// SPDX-License-Identifier: Apache-2.0
/// \file Refresh of one-sided pairs: read both devices of every cross-point, reset the pairs that run out of range, and
/// write their differences again.
#pragma once

#include <tilework/core/operation.h>
#include <tilework/physics/cells/one_sided_cell.h>
#include <tilework/physics/crossbar/analog_mvm.h>
#include <tilework/physics/crossbar/pulse_trains.h>

#include <cstdint>
#include <span>
#include <vector>

namespace tilework::physics {

/// Works through the input lines one by one; a line's reads, resets and writes touch that line's cells only, so blocks
/// of lines are independent. The pulses of one line are the product of pulse trains as in an update, with an input
/// of 1.
class cell_refresh {
public:
  cell_refresh(const one_sided_cell& cell, array_shape shape, std::uint64_t seed, logical_array id);

  [[nodiscard]] std::uint32_t blocks() const { return static_cast<std::uint32_t>(blocks_.size()); }
  /// \param devices a one-sided pair \param event number of this refresh in the run, below 2^31
  void run(std::uint32_t index, device_array& devices, std::uint64_t event);
  /// Sum over the blocks of the last refresh.
  [[nodiscard]] operation_activity activity() const;

private:
  /// Memory of the lines that one thread works on.
  struct block {
    block(const cell_refresh& owner, const noise_stream& stream);
    pulse_trains trains;
    std::vector<float> unit_vector;
    std::vector<float> plus;
    std::vector<float> minus;
    std::vector<float> scratch;
    std::vector<float> plus_target; ///< difference to write again; 0: leave alone
    std::vector<float> minus_target;
    std::vector<std::uint32_t> worn;  ///< cells to reset
    std::vector<std::uint32_t> cells; ///< room for the pulses of a line
    std::vector<std::int32_t> pulses;
    operation_activity activity;
  };

  void refresh_line(block& b, device_array& devices, std::uint32_t line, std::uint64_t event);
  void read(block& b, const device_array& side, std::uint32_t line, std::uint64_t vector, std::span<float> out);
  void select(block& b, std::uint32_t line) const;
  static void write(block& b, device_array& side, std::uint32_t line, std::uint32_t inputs,
                    std::span<const float> target, std::uint64_t vector);

  static constexpr std::uint32_t lines_per_block = 32;

  array_shape shape_;
  refresh_parameters parameters_;
  float granularity_;
  float w_max_;
  analog_mvm mvm_;
  noise_stream read_noise_;
  std::vector<block> blocks_;
};

} // namespace tilework::physics
