// SPDX-License-Identifier: Apache-2.0
/// \file How much of its life a machine spends on one training.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tilework {

inline constexpr double seconds_per_year = 365.25 * 24 * 3600;

/// Pulses that a cross-point takes before it fails, and who says so.
struct endurance_limit {
  double pulses = 0;
  std::string source;
  friend bool operator==(const endurance_limit&, const endurance_limit&) = default;
};

/// Pulses of the cells of one role of a layer in a run; which cells are sampled: health.h.
struct cell_wear {
  std::size_t layer = 0;
  std::size_t role = 0;
  double pulses_per_cell = 0;
  std::uint64_t most_pulses_per_cell = 0; ///< of the sampled cells
  friend bool operator==(const cell_wear&, const cell_wear&) = default;
};

/// What the most pulsed sampled cell makes of a limit. Infinite if no cell had a pulse.
struct endurance_use {
  double share = 0;     ///< of the limit, in this run
  double trainings = 0; ///< runs like this one until the limit
  double life_s = 0;    ///< of simulated time, if such runs follow each other without a pause
};

inline endurance_use use_of(const endurance_limit& limit, const cell_wear& most, double training_time_s) {
  const double share = static_cast<double>(most.most_pulses_per_cell) / limit.pulses;
  return {share, 1 / share, training_time_s / share};
}

} // namespace tilework
