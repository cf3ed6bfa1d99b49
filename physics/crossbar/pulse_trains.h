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

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace tilework::physics {

/// A line with at least one pulse.
struct firing_line {
  std::uint32_t line = 0;
  std::int32_t sign = 0; ///< -1 or +1: of the operand; for outputs times the sign of the learning rate
};

/// Lines of one side that fire for one vector, ascending.
struct firing_lines {
  std::span<const firing_line> lines;
  std::span<const std::uint64_t> trains; ///< stochastic types: `words` 64-bit words per line, slot 0 in bit 0
  std::span<const float> levels;         ///< dense types
};

class pulse_trains {
public:
  pulse_trains(const update_parameters& parameters, float granularity, array_shape shape, std::uint32_t max_burst,
               const noise_stream& stream);

  /// Draws the trains of all vector pairs. Allocates only if the learning rate needs longer trains than before.
  /// \param learning_rate not 0; its magnitude decides the numbers of pulses, its sign their direction
  void draw(const_burst x, const_burst d, float learning_rate, std::uint64_t first_vector);

  [[nodiscard]] std::uint32_t vectors() const { return vectors_; }
  [[nodiscard]] std::size_t words() const { return words_; } ///< per line; 0 for dense types
  [[nodiscard]] firing_lines inputs(std::uint32_t vector) const { return view(inputs_, vector); }
  [[nodiscard]] firing_lines outputs(std::uint32_t vector) const { return view(outputs_, vector); }
  /// Pulses of the cross-points of one output line, those without pulses left out; cells ascend. A positive product of
  /// operands and learning rate lowers the weight: descent. Safe from several threads.
  /// \param output place in outputs(vector) \param room for one run per input; holds the result
  [[nodiscard]] std::span<const pulse_run> runs(std::uint32_t vector, std::size_t output,
                                                std::span<pulse_run> room) const;
  /// Estimate of the coincidences of the burst, to judge the work: exact if all slots were alike.
  [[nodiscard]] double expected_coincidences() const;
  /// What the burst amounts to. \param coincidences pulses of all its runs
  [[nodiscard]] operation_activity activity(std::uint64_t coincidences) const;

private:
  struct side {
    std::uint32_t size = 0;            ///< lines
    std::uint32_t slot_tag = 0;        ///< tells the random numbers of the two sides apart
    converter steps;                   ///< of the probabilities
    std::vector<firing_line> lines;    ///< max_burst x size
    std::vector<std::uint64_t> trains; ///< max_burst x size x words
    std::vector<float> levels;         ///< max_burst x size, dense types
    std::vector<std::uint32_t> firing; ///< per vector
    std::vector<float> probabilities;  ///< of the current vector
    std::vector<float> uniforms;
    std::uint64_t pulses = 0; ///< of the burst
  };
  /// Lines whose trains are drawn together.
  static constexpr std::size_t lanes = 8;
  struct line_batch {
    std::array<std::uint32_t, lanes> line{};
    std::array<std::uint32_t, lanes> last_word{}; ///< largest random word that makes the line fire
    std::array<std::int32_t, lanes> sign{};
    std::size_t count = 0;
  };
  [[nodiscard]] firing_lines view(const side& s, std::uint32_t vector) const;
  void reserve(std::uint32_t longest);
  void find_probabilities(side& s, std::span<const float> operand, float factor, std::uint64_t noise_vector) const;
  void draw_trains(side& s, std::span<const float> operand, std::int32_t direction, std::uint32_t vector,
                   std::uint64_t noise_vector);
  void draw_batch(const line_batch& batch, std::uint32_t slot_tag, std::uint32_t bit_length, std::uint64_t noise_vector,
                  std::span<std::uint64_t> trains) const;
  void keep_firing(const line_batch& batch, side& s, std::uint32_t vector) const;
  void list_lines_by_slot(std::uint32_t vector);
  void set_levels(side& s, std::span<const float> operand, std::int32_t direction, std::uint32_t vector) const;
  [[nodiscard]] std::span<const pulse_run> sparse_runs(std::uint32_t vector, std::size_t output,
                                                       std::span<pulse_run> room) const;
  [[nodiscard]] std::span<const pulse_run> dense_runs(std::uint32_t vector, std::size_t output,
                                                      std::span<pulse_run> room) const;

  update_parameters parameters_;
  float granularity_;
  std::uint32_t max_burst_;
  noise_stream stream_;
  side inputs_;
  side outputs_;
  std::uint32_t longest_ = 0;
  std::size_t words_ = 0;
  std::uint32_t vectors_ = 0;
  std::vector<std::uint32_t> bit_lengths_;   ///< per vector
  std::size_t slot_words_ = 0;               ///< per slot
  std::vector<std::uint64_t> lines_by_slot_; ///< max_burst x longest x slot_words: places of inputs that fire
  std::uint64_t slots_ = 0;                  ///< of the burst
  std::uint64_t random_bits_ = 0;            ///< of the burst
};

} // namespace tilework::physics
