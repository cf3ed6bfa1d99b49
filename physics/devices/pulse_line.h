// SPDX-License-Identifier: Apache-2.0
/// \file What some output lines receive for one vector pair, and the order of its random numbers.
#pragma once

#include <tilework/physics/devices/device_array.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>

namespace tilework::physics {

/// In round 0 every cell takes its first pulse; a law that can apply several pulses in one step takes all of them there
/// where that is as good. What then remains of 256 cells at a time is sorted by the number of pulses, the largest
/// first, so that those which take part in round k = 1, 2, ... are the first ones.
///
/// The noise of a cell depends on its place in the list only: round 0 uses number place % 4 of block place / 4 of
/// (vector, line), round k > 0 number (k - 1) % 4 of noise_block(place, k).
template <typename Cell>
struct pulse_line {
  pulse_list pulses;
  const Cell* cells = nullptr;
  float* weights = nullptr;
  const noise_stream* noise = nullptr; ///< null: pulses have no noise
  std::uint64_t vector = 0;
  std::uint32_t line = 0; ///< the first one of these lines, or anything else that tells calls of a vector apart
  bool mirrored = false;  ///< weights and directions have the opposite sign of the device's law
};

inline constexpr std::size_t batch_cells = 256;

/// Rounds are below 2^16, the longest pulse train.
constexpr std::uint32_t noise_block(std::uint32_t place, std::uint32_t round) {
  return place + (round + 3) / 4 * static_cast<std::uint32_t>(longest_pulse_list);
}

/// Order of at most batch_cells cells by their number of pulses, the largest first; else as they come.
inline void sort_by_pulses(std::span<const std::int32_t> pulses, std::span<std::uint16_t> order) {
  constexpr std::size_t buckets = 33; // of 0 to 32 or more pulses
  const auto magnitude = [&](std::size_t l) { return static_cast<std::size_t>(std::abs(pulses[l])); };
  const auto bucket_of = [&](std::size_t l) { return buckets - 1 - std::min(magnitude(l), buckets - 1); };
  std::array<std::uint16_t, buckets + 1> next{};
  for (std::size_t l = 0; l < pulses.size(); ++l)
    ++next[bucket_of(l) + 1];
  const auto many = next[1];
  for (std::size_t b = 1; b < next.size(); ++b)
    next[b] = static_cast<std::uint16_t>(next[b] + next[b - 1]);
  for (std::size_t l = 0; l < pulses.size(); ++l)
    order[next[bucket_of(l)]++] = static_cast<std::uint16_t>(l);
  std::stable_sort(order.begin(), order.begin() + many,
                   [&](std::uint16_t a, std::uint16_t b) { return magnitude(a) > magnitude(b); });
}

/// How many of the sorted cells have more than `round` pulses.
inline std::size_t participants(std::span<const std::int32_t> sorted, std::uint32_t round) {
  std::size_t count = sorted.size();
  while (count > 0 && static_cast<std::uint32_t>(std::abs(sorted[count - 1])) <= round)
    --count;
  return count;
}

/// Applies a law one cell after the other: law.pulse(cell, w, down, xi) is the weight after one pulse.
template <typename Law, typename Cell>
void apply_one_by_one(const Law& law, const pulse_line<Cell>& line) {
  const float sign = line.mirrored ? -1.0F : 1.0F;
  for (std::uint32_t place = 0; place < line.pulses.size(); ++place) {
    const auto cell = line.pulses.cells[place];
    const auto pulses = line.pulses.pulses[place];
    auto& w = line.weights[cell];
    for (std::uint32_t round = 0; round < static_cast<std::uint32_t>(std::abs(pulses)); ++round) {
      const auto block = round == 0 ? place / 4 : noise_block(place, round);
      const auto number = round == 0 ? place % 4 : (round - 1) % 4;
      const float xi = line.noise == nullptr ? 0.0F : line.noise->normals(line.vector, block, line.line)[number];
      w = sign * law.pulse(line.cells[cell], sign * w, (pulses < 0) != line.mirrored, xi);
    }
  }
}

} // namespace tilework::physics
