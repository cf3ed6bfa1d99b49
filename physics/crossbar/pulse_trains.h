// SPDX-License-Identifier: Apache-2.0
/// \file Pulses of the lines, and from them of the cross-points, for a burst of vector pairs.
///
/// Stochastic types: every line has one random train that all its cross-points share; a cross-point receives a pulse in
/// each slot in which both of its lines fire. That correlates the updates along a line.
/// Dense types: a line has a level, and the number of pulses of a cross-point is the rounded product of two levels.
/// That is what trains with evenly spread pulses do when they coincide as often as the product of their rates.
#pragma once

#include <tilework/core/operand.h>
#include <tilework/core/operation.h>
#include <tilework/physics/crossbar/update_parameters.h>
#include <tilework/physics/crossbar/weight_view.h>
#include <tilework/physics/devices/device_array.h>
#include <tilework/physics/periphery/converter.h>
#include <tilework/physics/random/noise_stream.h>

#include <cstdint>
#include <span>
#include <vector>

namespace tilework::physics {

/// Lines of one side that pulses may come from for one vector, ascending; element k belongs to the k-th of them. What
/// comes after the last line, up to a multiple of 16, is zero.
struct firing_lines {
  std::span<const std::uint32_t> lines;
  std::span<const std::int32_t> signs;   ///< -1 or +1: of the operand and its chopper; for outputs times the sign of
                                         ///< the learning rate
  const std::uint32_t* trains = nullptr; ///< stochastic types: slot s of line k in bit s % 32 of word (s / 32, k)
  std::size_t stride = 0;                ///< word (w, k) is trains[w * stride + k]
  const float* levels = nullptr;         ///< dense types

  [[nodiscard]] bool fires(std::size_t k, std::uint32_t slot) const {
    return ((trains[slot / 32 * stride + k] >> (slot % 32)) & 1U) != 0;
  }
};

struct found_pulses {
  pulse_list list;
  std::uint64_t pulses = 0; ///< all together
};

class pulse_trains {
public:
  /// \param vectors to have room for at once; more is made when they come
  /// \param isa how pulses are found, not what they are
  pulse_trains(const update_parameters& parameters, float granularity, array_shape shape, std::uint32_t vectors,
               const noise_stream& stream, instruction_set isa = instruction_set::baseline);

  /// Vector pairs whose trains are drawn together.
  static constexpr std::uint32_t group_vectors = 4;

  /// Plans the trains of all vector pairs; draw_group() draws them. Operands must stay until then. Allocates only if
  /// there are more of them than ever before or the learning rate needs longer trains.
  /// \param options magnitudes of the rates decide the numbers of pulses, signs their direction
  void begin(const_burst x, const_burst d, const update_options& options, std::uint64_t first_vector);
  [[nodiscard]] std::uint32_t groups() const { return (vectors_ + group_vectors - 1) / group_vectors; }
  /// Groups in any order, each once, on any threads. What is below needs all of them.
  void draw_group(std::uint32_t group);
  /// Both at once.
  void draw(const_burst x, const_burst d, const update_options& options, std::uint64_t first_vector);
  void draw(const_burst x, const_burst d, float learning_rate, std::uint64_t first_vector) {
    draw(x, d, update_options{.learning_rate = learning_rate}, first_vector);
  }

  [[nodiscard]] std::uint32_t vectors() const { return vectors_; }
  [[nodiscard]] std::size_t words() const { return words_; } ///< of 32 slots per line; 0 for dense types
  /// Lines that fire. Inputs may include silent ones (train 0).
  [[nodiscard]] firing_lines inputs(std::uint32_t vector) const { return view(inputs_, vector); }
  [[nodiscard]] firing_lines outputs(std::uint32_t vector) const { return view(outputs_, vector); }
  /// Pulses of the cross-points of some output lines; cells ascend. A positive product of operands and learning rate
  /// lowers the weight: descent. Where most cross-points have pulses, those without are listed too, with 0. Safe from
  /// several threads.
  /// \param first, last places in outputs(vector) \param room for room_for(last - first) cells; holds the result
  [[nodiscard]] found_pulses find_pulses(std::uint32_t vector, std::size_t first, std::size_t last,
                                         const pulse_room& room) const;
  [[nodiscard]] std::size_t room_for(std::size_t outputs) const { return outputs * inputs_.size + line_padding; }
  /// Estimate of the coincidences of the burst, to judge the work: exact if all slots were alike.
  [[nodiscard]] double expected_coincidences() const;
  /// What the burst amounts to. \param coincidences all pulses that were found
  [[nodiscard]] operation_activity activity(std::uint64_t coincidences) const {
    return activity(coincidences, {inputs_.size, outputs_.size});
  }
  /// The same if these lines are some of a larger array's, whose cells see their pulses too.
  [[nodiscard]] operation_activity activity(std::uint64_t coincidences, array_shape whole) const;

private:
  struct side {
    std::uint32_t size = 0;            ///< lines
    std::uint32_t slot_tag = 0;        ///< tells the random numbers of the two sides apart
    converter steps;                   ///< of the probabilities
    const float* choppers = nullptr;   ///< of the burst; null: none
    std::size_t stride = 0;            ///< size, rounded up
    std::vector<std::uint32_t> lines;  ///< vectors x stride
    std::vector<std::int32_t> signs;   ///< vectors x stride
    std::vector<std::uint32_t> trains; ///< vectors x words x stride
    std::vector<float> levels;         ///< vectors x stride, dense types
    std::vector<std::uint32_t> firing; ///< listed lines per vector
    std::vector<std::uint64_t> pulses; ///< per vector
    // Of the vector that a group is drawing: one list of `stride` elements per group.
    std::vector<float> probabilities;
    std::vector<float> uniforms;
    std::vector<std::int32_t> thresholds;
  };
  static constexpr std::size_t line_padding = 16;
  [[nodiscard]] firing_lines view(const side& s, std::uint32_t vector) const;
  /// Sums of a burst.
  struct totals {
    std::uint64_t slots = 0;
    std::uint64_t random_bits = 0;
    std::uint64_t input_pulses = 0;
    std::uint64_t output_pulses = 0;
    std::uint64_t vectors = 0;
    std::uint64_t clipped = 0;
  };
  [[nodiscard]] totals sums() const;
  void reserve(std::uint32_t vectors, std::uint32_t longest);
  void draw_vector(std::uint32_t vector);
  [[nodiscard]] std::span<float> probabilities_of(side& s, std::uint32_t vector) const;
  /// \returns lines whose probability is positive
  std::size_t find_probabilities(side& s, std::span<const float> operand, float factor, std::uint32_t vector) const;
  void draw_trains(side& s, std::span<const float> operand, std::int32_t direction, std::uint32_t vector,
                   std::size_t may_fire);
  void set_levels(side& s, std::span<const float> operand, std::int32_t direction, std::uint32_t vector) const;

  update_parameters parameters_;
  float granularity_;
  noise_stream stream_;
  std::size_t isa_;
  side inputs_;
  side outputs_;
  std::uint32_t room_ = 0; ///< in vectors
  std::uint32_t longest_ = 0;
  std::size_t words_ = 0;
  std::uint32_t vectors_ = 0;
  const_burst x_;
  const_burst d_;
  update_options options_;
  std::uint64_t first_vector_ = 0;
  std::vector<std::uint32_t> bit_lengths_; ///< per vector
  std::vector<std::uint64_t> random_bits_; ///< per vector
  std::vector<std::uint8_t> clips_;        ///< per vector
  std::vector<std::uint8_t> lists_all_;    ///< per vector: whether find_pulses() lists cross-points without pulses too
};

} // namespace tilework::physics
