// SPDX-License-Identifier: Apache-2.0
/// \file What one output line receives for one vector pair, and the order of its random numbers.
#pragma once

#include <tilework/physics/devices/device_array.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>

namespace tilework::physics {

/// Runs are sorted by their number of pulses, 512 at a time, and worked on in groups of 32: pulse k of all cells of a
/// group is one round. Round number r of the line gives lane l the normal number r % 4 of block 32 (r / 4) + l of the
/// stream (vector, output), whether its cell has that many pulses or not. So numbers depend on the runs of the line
/// only.
template <typename Cell>
struct pulse_line {

  std::span<const pulse_run> runs;
  const Cell* cells = nullptr;
  float* weights = nullptr;
  const noise_stream* noise = nullptr; ///< null: pulses have no noise
  std::uint64_t vector = 0;
  std::uint32_t output = 0;
  bool mirrored = false; ///< weights and directions have the opposite sign of the device's law
};

inline constexpr std::size_t pulse_lanes = 32;

/// At most 32 runs of a line.
struct run_group {
  std::span<const pulse_run> line;
  std::span<const std::uint16_t> places; ///< in `line`
  [[nodiscard]] std::size_t size() const { return places.size(); }
  [[nodiscard]] const pulse_run& operator[](std::size_t l) const { return line[places[l]]; }
};

/// Calls f(run_group) in the order that random numbers follow: 512 runs at a time, those with few pulses first, so that
/// the cells of a group need about equally many rounds.
template <typename F>
void for_each_group(std::span<const pulse_run> runs, F&& f) {
  constexpr std::size_t portion = 512;
  constexpr std::size_t buckets = 32; // more pulses share the last one
  const auto bucket_of = [](const pulse_run& run) {
    return std::min<std::size_t>(static_cast<std::size_t>(std::abs(run.pulses)), buckets - 1);
  };
  std::array<std::uint16_t, portion> order; // NOLINT(*-member-init): filled before it is read
  for (std::size_t begin = 0; begin < runs.size(); begin += portion) {
    const auto some = runs.subspan(begin, std::min(portion, runs.size() - begin));
    std::array<std::uint16_t, buckets + 1> next{};
    for (const auto& run : some)
      ++next[bucket_of(run) + 1];
    for (std::size_t b = 1; b < next.size(); ++b)
      next[b] = static_cast<std::uint16_t>(next[b] + next[b - 1]);
    for (std::size_t r = 0; r < some.size(); ++r)
      order[next[bucket_of(some[r])]++] = static_cast<std::uint16_t>(r);
    for (std::size_t first = 0; first < some.size(); first += pulse_lanes)
      f(run_group{some, std::span(order).subspan(first, std::min(pulse_lanes, some.size() - first))});
  }
}

/// Applies a law one cell after the other: law.pulse(cell, w, down, xi) is the weight after one pulse.
template <typename Law, typename Cell>
void apply_one_by_one(const Law& law, const pulse_line<Cell>& line) {
  constexpr std::size_t lanes = pulse_lanes;
  const float sign = line.mirrored ? -1.0F : 1.0F;
  std::uint32_t rounds_before = 0;
  const auto apply_group = [&](const run_group& group) {
    std::int32_t most = 0;
    for (std::size_t l = 0; l < group.size(); ++l) {
      const auto& run = group[l];
      const auto pulses = std::abs(run.pulses);
      most = std::max(most, pulses);
      const bool down = (run.pulses < 0) != line.mirrored;
      float w = sign * line.weights[run.cell];
      for (std::int32_t k = 0; k < pulses; ++k) {
        const std::uint32_t round = rounds_before + static_cast<std::uint32_t>(k);
        const auto block = static_cast<std::uint32_t>(lanes * (round / 4) + l);
        const float xi = line.noise == nullptr ? 0.0F : line.noise->normals(line.vector, block, line.output)[round % 4];
        w = law.pulse(line.cells[run.cell], w, down, xi);
      }
      line.weights[run.cell] = sign * w;
    }
    rounds_before += static_cast<std::uint32_t>(most);
  };
  for_each_group(line.runs, apply_group);
}

} // namespace tilework::physics
