// SPDX-License-Identifier: Apache-2.0
/// \file What one output line receives for one vector pair, and the order of its random numbers.
#pragma once

#include <tilework/physics/devices/device_array.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>

namespace tilework::physics {

/// Runs are taken 512 at a time, those with one pulse first, the others by their number of pulses, and worked on in
/// groups of up to 64, which are chunks of 16. Round k of a group is pulse k of all its cells; in it every chunk that
/// has a cell with so many pulses takes the next 16 normals of the stream (vector, output), one per lane: chunk number
/// n of the line gives lane l the number n % 4 of block 16 (n / 4) + l. So numbers depend on the runs of the line only.
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

inline constexpr std::size_t chunk_lanes = 16;
inline constexpr std::size_t group_chunks = 4;

/// Some runs of a line, in working order.
struct run_group {
  std::span<const pulse_run> line;
  std::span<const std::uint16_t> places; ///< in `line`
  [[nodiscard]] std::size_t size() const { return places.size(); }
  [[nodiscard]] const pulse_run& operator[](std::size_t l) const { return line[places[l]]; }
};

/// Puts runs into working order, so that the cells of a chunk need about equally many rounds.
class run_order {
public:
  static constexpr std::size_t capacity = 512;

  /// \param runs at most `capacity`
  std::span<const std::uint16_t> sort(std::span<const pulse_run> runs) {
    std::size_t single = 0;
    for (std::size_t r = 0; r < runs.size(); ++r) { // arithmetic in place of branches that cannot be predicted
      places_[single] = others_[r - single] = static_cast<std::uint16_t>(r);
      const auto pulses = static_cast<std::uint32_t>(runs[r].pulses); // at most 65535 in magnitude
      single += static_cast<std::size_t>(pulses * pulses == 1);
    }
    sort_others(runs, single, std::span(others_).first(runs.size() - single));
    return std::span(places_).first(runs.size());
  }

private:
  static constexpr std::size_t buckets = 32; ///< more pulses share the last one

  void sort_others(std::span<const pulse_run> runs, std::size_t first, std::span<const std::uint16_t> others) {
    const auto bucket_of = [&](std::uint16_t r) {
      return std::min<std::size_t>(static_cast<std::size_t>(std::abs(runs[r].pulses)), buckets - 1);
    };
    std::array<std::uint16_t, buckets + 1> next{};
    for (const auto r : others)
      ++next[bucket_of(r) + 1];
    next[0] = static_cast<std::uint16_t>(first);
    for (std::size_t b = 1; b < next.size(); ++b)
      next[b] = static_cast<std::uint16_t>(next[b] + next[b - 1]);
    for (const auto r : others)
      places_[next[bucket_of(r)]++] = r;
  }

  std::array<std::uint16_t, capacity + 1> places_; // NOLINT(*-member-init): written before it is read
  std::array<std::uint16_t, capacity + 1> others_; // NOLINT(*-member-init)
};

/// Calls f(run_group) in the order that random numbers follow.
template <typename F>
void for_each_group(std::span<const pulse_run> runs, F&& f) {
  constexpr std::size_t group = group_chunks * chunk_lanes;
  run_order order; // NOLINT(*-member-init)
  for (std::size_t begin = 0; begin < runs.size(); begin += run_order::capacity) {
    const auto some = runs.subspan(begin, std::min(run_order::capacity, runs.size() - begin));
    const auto places = order.sort(some);
    for (std::size_t first = 0; first < some.size(); first += group)
      f(run_group{some, places.subspan(first, std::min(group, some.size() - first))});
  }
}

/// Applies a law one cell after the other: law.pulse(cell, w, down, xi) is the weight after one pulse.
template <typename Law, typename Cell>
void apply_one_by_one(const Law& law, const pulse_line<Cell>& line) {
  const float sign = line.mirrored ? -1.0F : 1.0F;
  std::uint32_t chunks_before = 0;
  const auto pulse = [&](const pulse_run& run, std::size_t lane) {
    const auto block = static_cast<std::uint32_t>(chunk_lanes * (chunks_before / 4) + lane);
    const float xi =
        line.noise == nullptr ? 0.0F : line.noise->normals(line.vector, block, line.output)[chunks_before % 4];
    auto& w = line.weights[run.cell];
    w = sign * law.pulse(line.cells[run.cell], sign * w, (run.pulses < 0) != line.mirrored, xi);
  };
  for_each_group(line.runs, [&](const run_group& group) {
    bool any = true;
    for (std::int32_t k = 0; any; ++k) {
      any = false;
      for (std::size_t first = 0; first < group.size(); first += chunk_lanes) {
        bool active = false;
        for (std::size_t l = first; l < std::min(first + chunk_lanes, group.size()); ++l)
          if (std::abs(group[l].pulses) > k) {
            pulse(group[l], l - first);
            active = true;
          }
        chunks_before += active ? 1 : 0;
        any = any || active;
      }
    }
  });
}

} // namespace tilework::physics
