// SPDX-License-Identifier: Apache-2.0
/// \file Whole vectors through a DAC or an ADC in one pass. The laws are those of converter.h, operation by operation,
/// and all instruction sets give the same bits. `isa` is a dispatch_index() of simd/dispatch.h.
#pragma once

#include <tilework/physics/periphery/converter.h>
#include <tilework/physics/periphery/input_codes.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace tilework::physics {

/// out_j = clip(quantise(factor x_j)).
/// \param uniforms one per input in [0, 1), for stochastic rounding; null: to the nearest code
/// \param out as long as x, and does not overlap it
/// \returns the codes that were applied, below 2^15 in up to 65536 lines; of a DAC without steps only how many are not
/// 0
input_codes convert_inputs(const converter& dac, float factor, std::span<const float> x, const float* uniforms,
                           std::span<float> out, std::size_t isa);

/// Normal noise before a converter; all lists have one number per line.
struct conversion_noise {
  const float* normals = nullptr;    ///< null: no noise
  const float* deviations = nullptr; ///< null: `deviation` for all lines
  float deviation = 0;
};

/// Conversions that were clipped.
struct saturation_count {
  std::uint64_t above = 0;
  std::uint64_t below = 0;
};

/// y_i <- scale clip(quantise(y_i + deviation_i normal_i)).
/// \param uniforms as for inputs
saturation_count convert_outputs(const converter& adc, const conversion_noise& noise, const float* uniforms,
                                 float scale, std::span<float> y, std::size_t isa);

} // namespace tilework::physics
