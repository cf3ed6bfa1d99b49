// SPDX-License-Identifier: Apache-2.0
/// \file Noise management: the digital scale that brings a vector into the range of the DAC.
#pragma once

#include <tilework/physics/periphery/io_parameters.h>

#include <span>

namespace tilework::physics {

/// Scale of one vector for all types without memory; 0 means that there is nothing to scale.
float input_scale(const io_parameters& parameters, std::span<const float> x);

/// Scale that also keeps the sums of positive and of negative inputs within the ADC (ABS_MAX_NP_SUM).
float worst_case_scale(const io_parameters& parameters, std::span<const float> x);

/// Running mean of the largest input (AVERAGE_ABS_MAX); negative = no vector seen yet.
class average_scale {
public:
  /// Takes a training vector into the mean and returns the scale.
  float advance(float decay, std::span<const float> x);
  /// The scale that an evaluation uses: depends on training vectors only, unless there were none.
  [[nodiscard]] float peek(std::span<const float> x) const;

  float value = -1;
};

/// Largest absolute element; 0 for an empty vector.
float largest_magnitude(std::span<const float> x);

} // namespace tilework::physics
