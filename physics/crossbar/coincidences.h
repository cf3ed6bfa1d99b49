// SPDX-License-Identifier: Apache-2.0
/// \file Pulses of cross-points, from what their lines do.
#pragma once

#include <tilework/physics/crossbar/pulse_trains.h>

#include <cstddef>
#include <cstdint>

namespace tilework::physics {

/// Some output lines against all input lines, for one vector pair.
struct crossing_lines {
  firing_lines inputs;
  firing_lines outputs;
  std::size_t first = 0; ///< output lines, by their places
  std::size_t last = 0;
  std::uint32_t row_cells = 0; ///< cells from one output line to the next
  bool lists_all = false;      ///< cross-points without pulses too
};

/// One pulse per slot in which both lines fire. \param words of 32 slots \param isa place in the dispatch tables
found_pulses pulses_of_trains(const crossing_lines& lines, std::size_t words, const pulse_room& room, std::size_t isa);

/// rint(product of the levels / divisor) pulses, half to even.
found_pulses pulses_of_levels(const crossing_lines& lines, float divisor, const pulse_room& room, std::size_t isa);

} // namespace tilework::physics
