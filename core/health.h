// SPDX-License-Identifier: Apache-2.0
/// \file How well the analog part of every layer works while it is trained: what explains a run that does not learn.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

namespace tilework {

/// The arrays of one role of a layer: all pieces and copies.
struct role_health {
  double share_at_bounds = 0; ///< devices within half a granularity of their own bounds, at the evaluation
  double pulses_per_cell = 0; ///< mean over all cells, since the begin of the run; without those of refreshes
  std::uint64_t most_pulses_per_cell = 0; ///< same, the largest of a sample: four output lines of every array
  friend bool operator==(const role_health&, const role_health&) = default;
};

/// One layer since the evaluation before, training phases only if not said otherwise. Empty = did not occur.
struct layer_health {
  std::optional<double> forward_snr_dB; ///< probed products, those of evaluations too, against exact ones
  std::optional<double> backward_snr_dB;
  std::optional<double> transfer_read_snr_dB; ///< reads of single lines against the weights
  std::optional<double> adc_saturation;       ///< share of conversions of products that were clipped, all rounds
  std::optional<double> mean_bl;              ///< slots of a pulse train, mean over the vector pairs that had any
  std::optional<double> clip_rate;            ///< share of those pairs that asked for more pulses than slots
  std::optional<double> hidden_firing_rate;   ///< pulses given per update of an element of the hidden matrix
  /// Between the change of the effective weights in one step and the descent that its operands ask for; on request.
  std::optional<double> gradient_cosine;
  std::vector<role_health> roles; ///< fastest first
  friend bool operator==(const layer_health&, const layer_health&) = default;
};

/// 10 log10(signal / noise) from sums of squares, within +-100 dB: a product without any error has no logarithm.
/// Empty if there is neither signal nor noise.
inline std::optional<double> signal_to_noise_dB(double signal, double noise) {
  constexpr double limit = 100;
  constexpr double decibels = 10;
  if (signal <= 0 && noise <= 0)
    return std::nullopt;
  if (noise <= 0)
    return limit;
  return std::clamp(decibels * std::log10(signal / noise), -limit, limit);
}

} // namespace tilework
