// SPDX-License-Identifier: Apache-2.0
/// \file The lasting errors of writes.
#pragma once

#include <tilework/physics/devices/device_array.h>

#include <cstddef>
#include <cstdint>

namespace tilework::physics {

/// Weights that devices have, and those that reads see after a write.
struct written_weights {
  const float* hidden = nullptr;
  float* visible = nullptr;
  float deviation = 0; ///< of the error
};

/// visible = hidden + error for all cells that had pulses. The error of the cell at place l of the list is number l % 4
/// of block l / 4 of (vector, line). \param isa place in the dispatch tables
void show_written(const written_weights& weights, const pulse_list& pulses, const noise_stream& errors,
                  std::uint64_t vector, std::uint32_t line, std::size_t isa);

} // namespace tilework::physics
