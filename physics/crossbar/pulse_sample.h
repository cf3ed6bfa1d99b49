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

/// The sample is one output line, which the array's key chooses: of a list of pulses it is one piece, so that looking
/// it up costs a search and counting it a small part of applying them. Both directions count alike.
class pulse_sample {
public:
  pulse_sample(array_shape shape, logical_array id)
      : line_(static_cast<std::uint32_t>(mixed(id.key()) % std::max(1U, shape.outputs))),
        first_cell_(line_ * shape.inputs),
        counts_(shape.inputs) {}

  [[nodiscard]] std::uint32_t line() const { return line_; }
  /// Pulses of each cell of the line.
  [[nodiscard]] std::span<const std::uint64_t> counts() const { return counts_; }
  [[nodiscard]] std::span<std::uint64_t> state() { return counts_; }

  /// Not on two threads at once for lists with the sampled line.
  void add(const pulse_list& list) {
    const auto begin = list.cells.begin();
    auto k = static_cast<std::size_t>(std::lower_bound(begin, list.cells.end(), first_cell_) - begin);
    for (; k < list.size() && list.cells[k] - first_cell_ < counts_.size(); ++k)
      counts_[list.cells[k] - first_cell_] += static_cast<std::uint64_t>(std::abs(list.pulses[k]));
  }

private:
  /// Finaliser of SplitMix64 (Steele, Lea & Flood 2014): near keys choose unrelated lines.
  static constexpr std::uint64_t mixed(std::uint64_t key) {
    key = (key ^ (key >> 30U)) * 0xBF58476D1CE4E5B9U;
    key = (key ^ (key >> 27U)) * 0x94D049BB133111EBU;
    return key ^ (key >> 31U);
  }

  std::uint32_t line_;
  std::uint32_t first_cell_;
  std::vector<std::uint64_t> counts_;
};

} // namespace tilework::physics
