// SPDX-License-Identifier: Apache-2.0
/// \file Reads and writes of single lines of an array, as transfers between arrays need them. Work grows with the
/// length of a line, not with the cells of the array.
#pragma once

#include <tilework/core/operand.h>
#include <tilework/core/operation.h>
#include <tilework/physics/crossbar/analog_mvm.h>
#include <tilework/physics/crossbar/pulse_sample.h>
#include <tilework/physics/crossbar/pulse_trains.h>
#include <tilework/physics/crossbar/update_parameters.h>
#include <tilework/physics/devices/device_array.h>
#include <tilework/physics/periphery/io_parameters.h>
#include <tilework/physics/random/noise_stream.h>

#include <cstdint>
#include <span>
#include <vector>

namespace tilework::physics {

/// Sums of squares over the elements of some results: what was meant, and what came in addition.
struct signal_noise {
  double signal = 0;
  double noise = 0;

  void add(double meant, double seen) {
    signal += meant * meant;
    noise += (seen - meant) * (seen - meant);
  }
  friend bool operator==(const signal_noise&, const signal_noise&) = default;
};

/// Defaults of reads of single lines: full scale on one line needs neither noise nor bound management.
io_parameters line_read_defaults();
/// Defaults of writes of single lines: one slot, probabilities as the operands are.
update_parameters line_write_defaults();

/// Lines of the side that line_side names.
constexpr std::uint32_t lines_of(array_shape shape, line_side side) {
  return side == line_side::inputs ? shape.inputs : shape.outputs;
}
/// Elements of a line: lines of the other side.
constexpr std::uint32_t length_of(array_shape shape, line_side side) {
  return side == line_side::inputs ? shape.outputs : shape.inputs;
}

/// Reads lines of one side, each with 1 on it and 0 on the others: W e_l or W^T e_l with the non-idealities of one
/// product. Noise on the DAC's outputs reaches all lines: then, and only then, a read costs a whole product.
class line_reader {
public:
  line_reader(const io_parameters& io, array_shape shape, line_side side, std::uint64_t seed, logical_array id,
              instruction_set isa);

  /// out[v]: line (first_line + v) % lines. \param first_vector noise index of the first read \param quality += errors,
  /// if there is one
  operation_activity read(std::span<const float> weights, std::uint32_t first_line, mutable_burst out,
                          std::uint64_t first_vector, signal_noise* quality);

private:
  void compare(std::span<const float> weights, std::uint32_t line, std::span<const float> seen,
               signal_noise& quality) const;

  array_shape shape_;
  line_side side_;
  instruction_set isa_;
  bool drives_others_;
  analog_mvm mvm_;
  noise_stream noise_;
  std::vector<float> unit_vector_;
  std::vector<float> scratch_;
};

/// Writes lines of one side: W <- W - rate d x^T with a unit vector on that side and pulse counts on the other.
class line_writer {
public:
  /// \throws input_error if a line is longer than pulse noise can number
  line_writer(const update_parameters& parameters, array_shape shape, line_side side, float granularity,
              std::uint64_t seed, logical_array id, instruction_set isa);

  /// counts[v] to line (first_line + v) % lines, in order; nothing happens for counts that are all 0.
  /// \param sample counts the pulses
  operation_activity write(device_array& devices, std::uint32_t first_line, const_burst counts, float rate,
                           std::uint64_t first_vector, pulse_sample& sample);

private:
  operation_activity pulse(device_array& devices, std::uint32_t line, std::span<const float> counts, float rate,
                           std::uint64_t vector, pulse_sample& sample);
  void add(device_array& devices, std::uint32_t line, std::span<const float> counts, float rate, std::uint64_t vector);
  /// The cell of the array where this line crosses line k of the other side.
  [[nodiscard]] std::uint32_t cell(std::uint32_t line, std::uint32_t k) const {
    return side_ == line_side::inputs ? k * shape_.inputs + line : line * shape_.inputs + k;
  }

  update_parameters parameters_;
  array_shape shape_;
  line_side side_;
  pulse_trains trains_; ///< of an array with this line alone
  std::vector<std::uint32_t> cells_;
  std::vector<std::int32_t> pulses_;
  std::vector<float> changes_;
};

} // namespace tilework::physics
