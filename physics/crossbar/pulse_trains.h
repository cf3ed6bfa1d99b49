// SPDX-License-Identifier: Apache-2.0
/// \file Stochastic pulse trains of the lines for a burst of vector pairs.
///
/// Every line has one train that all its cross-points share; a cross-point receives a pulse in each slot in which both
/// of its lines fire. That correlates the updates along a line.
#pragma once

#include <tilework/core/operand.h>
#include <tilework/core/operation.h>
#include <tilework/physics/crossbar/update_parameters.h>
#include <tilework/physics/crossbar/weight_view.h>
#include <tilework/physics/random/noise_stream.h>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace tilework::physics {

/// A line with at least one pulse.
struct firing_line {
  std::uint32_t line = 0;
  std::int32_t sign = 0; ///< of the operand: -1 or +1
};

/// Lines of one side that fire for one vector, ascending, with their trains: `words` 64-bit words per line, slot 0 in
/// bit 0.
struct firing_lines {
  std::span<const firing_line> lines;
  std::span<const std::uint64_t> trains;
};

class pulse_trains {
public:
  pulse_trains(const update_parameters& parameters, float granularity, array_shape shape, std::uint32_t max_burst,
               const noise_stream& stream);

  /// Draws the trains of all vector pairs. Allocates only if the learning rate needs longer trains than before.
  /// \param learning_rate > 0
  void draw(const_burst x, const_burst d, float learning_rate, std::uint64_t first_vector);

  [[nodiscard]] std::uint32_t vectors() const { return vectors_; }
  [[nodiscard]] std::size_t words() const { return words_; } ///< per line
  [[nodiscard]] firing_lines inputs(std::uint32_t vector) const { return view(inputs_, vector); }
  [[nodiscard]] firing_lines outputs(std::uint32_t vector) const { return view(outputs_, vector); }
  /// What the pulses of the burst amount to.
  [[nodiscard]] const operation_activity& activity() const { return activity_; }

private:
  struct side {
    std::uint32_t size = 0;            ///< lines
    std::uint32_t slot_tag = 0;        ///< tells the random numbers of the two sides apart
    std::vector<firing_line> lines;    ///< max_burst x size
    std::vector<std::uint64_t> trains; ///< max_burst x size x words
    std::vector<std::uint32_t> firing; ///< per vector
    std::vector<std::uint32_t> pulses; ///< per slot of the current vector: lines that fire
    std::vector<float> probabilities;  ///< of the current vector
    std::vector<float> uniforms;
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
  void draw_side(side& s, std::span<const float> operand, float factor, std::uint32_t bit_length, std::uint32_t vector,
                 std::uint64_t noise_vector);
  void quantise_probabilities(side& s, std::uint64_t noise_vector) const;
  void draw_batch(const line_batch& batch, std::uint32_t slot_tag, std::uint32_t bit_length, std::uint64_t noise_vector,
                  std::span<std::uint64_t> trains) const;
  [[nodiscard]] std::size_t keep_firing(const line_batch& batch, std::span<firing_line> lines,
                                        std::span<std::uint64_t> trains, std::size_t firing,
                                        std::span<std::uint32_t> pulses) const;
  void count(std::uint32_t bit_length);

  update_parameters parameters_;
  float granularity_;
  std::uint32_t max_burst_;
  noise_stream stream_;
  side inputs_;
  side outputs_;
  std::uint32_t longest_ = 0;
  std::size_t words_ = 0;
  std::uint32_t vectors_ = 0;
  operation_activity activity_;
};

} // namespace tilework::physics
