// SPDX-License-Identifier: Apache-2.0
/// \file Random trains of the lines of one side, on vectors. All instruction sets give the same trains. `isa` is a
/// dispatch_index() of simd/dispatch.h.
///
/// Lines that may fire are numbered. The line with number k fires in slot s with its probability, to 2^-32, by word k %
/// 4 of block k / 4 of (vector, slot_tag | s).
#pragma once

#include <tilework/physics/periphery/converter.h>
#include <tilework/physics/random/number_kernels.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace tilework::physics {

/// p_l = quantise(factor |x_l|).
/// \param uniforms one per line in [0, 1), for stochastic rounding; null: to the nearest step
/// \param out a multiple of 16 numbers, at least one per line; those after the last line become 0
/// \returns how many are positive
std::size_t find_probabilities(const converter& steps, float factor, std::span<const float> x, const float* uniforms,
                               std::span<float> out, std::size_t isa);

struct train_law {
  std::span<const float> operand; ///< one per line; its sign is the sign of the line
  std::int32_t direction = 1;     ///< -1: all signs are the opposite ones
  const float* probabilities = nullptr;
  std::uint32_t bit_length = 0; ///< slots
  bool lists_silent = false;    ///< all lines are numbered and listed, those that do not fire too
  stream_key key{};
  std::uint64_t vector = 0;
  std::uint32_t slot_tag = 0;
  const float* choppers = nullptr; ///< +1 or -1 per line, times its sign; null: 1
};

/// Room for one side; `stride`, a multiple of 16, is at least the number of lines. Lists have `stride` elements.
struct train_room {
  std::size_t stride = 0;
  std::size_t words = 0;              ///< of 32 slots, at least as many as the slots need
  std::uint32_t* lines = nullptr;     ///< ascending
  std::int32_t* signs = nullptr;      ///< -1 or +1
  std::uint32_t* trains = nullptr;    ///< `words` lists: slot s of listed line k is bit s % 32 of word (s / 32, k)
  std::int32_t* thresholds = nullptr; ///< scratch
};

struct drawn_trains {
  std::size_t listed = 0; ///< lines; trains after them are 0 up to the next multiple of 16
  std::uint64_t pulses = 0;
};

/// Draws the trains, and lists the lines that fire, or all.
drawn_trains draw_trains(const train_law& law, const train_room& room, std::size_t isa);

} // namespace tilework::physics
