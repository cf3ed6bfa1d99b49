// SPDX-License-Identifier: Apache-2.0
/// \file Pulses that a fixed sample of an array's cells received, for questions of endurance.
#pragma once

#include <tilework/core/operation.h>
#include <tilework/physics/devices/device_array.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

namespace tilework::physics {

/// The sample is up to four output lines at equal distances, the first one chosen by the array's key: of a list of
/// pulses each is one piece, so that finding it is a search and counting it a small part of applying the pulses. Both
/// directions count alike.
class pulse_sample {
public:
  pulse_sample(array_shape shape, logical_array id) : inputs_(shape.inputs) {
    const std::uint32_t count = std::min(most_lines, shape.outputs);
    for (std::uint32_t k = 0; k < count; ++k)
      lines_.push_back(static_cast<std::uint32_t>((mixed(id.key()) + k * (shape.outputs / count)) % shape.outputs));
    counts_.resize(count * std::size_t{inputs_});
  }

  [[nodiscard]] std::span<const std::uint32_t> lines() const { return lines_; }
  /// Pulses of the cells of lines()[0], then those of lines()[1], ...
  [[nodiscard]] std::span<const std::uint64_t> counts() const { return counts_; }
  [[nodiscard]] std::span<std::uint64_t> state() { return counts_; }

  /// \param list has pulses of output lines [first_output, last_output) only; calls for different lines may run on
  /// different threads
  void add(const pulse_list& list, std::uint32_t first_output, std::uint32_t last_output) {
    for (std::size_t l = 0; l < lines_.size(); ++l)
      if (lines_[l] >= first_output && lines_[l] < last_output)
        add_line(list, lines_[l] * inputs_, std::span(counts_).subspan(l * inputs_, inputs_));
  }

private:
  static constexpr std::uint32_t most_lines = 4;

  static void add_line(const pulse_list& list, std::uint32_t first_cell, std::span<std::uint64_t> counts) {
    const auto begin = list.cells.begin();
    auto k = static_cast<std::size_t>(std::lower_bound(begin, list.cells.end(), first_cell) - begin);
    for (; k < list.size() && list.cells[k] - first_cell < counts.size(); ++k)
      counts[list.cells[k] - first_cell] += static_cast<std::uint64_t>(std::abs(list.pulses[k]));
  }

  /// Finaliser of SplitMix64 (Steele, Lea & Flood 2014): near keys choose unrelated lines.
  static constexpr std::uint64_t mixed(std::uint64_t key) {
    key = (key ^ (key >> 30U)) * 0xBF58476D1CE4E5B9U;
    key = (key ^ (key >> 27U)) * 0x94D049BB133111EBU;
    return key ^ (key >> 31U);
  }

  std::uint32_t inputs_;
  std::vector<std::uint32_t> lines_;
  std::vector<std::uint64_t> counts_;
};

} // namespace tilework::physics
