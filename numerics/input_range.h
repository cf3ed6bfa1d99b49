// SPDX-License-Identifier: Apache-2.0
/// \file Static input range r of an array, in place of a scale per vector: x is clamped to [-r, r] and divided by r in
/// front of the array, the output is multiplied by r. r is estimated from the first mini-batches and then learned.
/// Names, defaults and formulas follow AIHWKit's InputRangeParameter (Rasch et al., Nature Communications 14, 2023).
#pragma once

#include <tilework/core/field.h>
#include <tilework/core/operand.h>

#include <cstdint>
#include <span>

namespace tilework::numerics {

struct input_range_parameters {
  bool enable = false;
  bool learn_input_range = true;
  float init_value = 3;
  std::uint32_t init_from_data = 100; ///< mini-batches
  float init_std_alpha = 3;
  float decay = 0.001F;
  float input_min_percentage = 0.95F; ///< fraction
  bool manage_output_clipping = false;
  float output_min_percentage = 0.95F; ///< fraction
  float gradient_scale = 1;
  bool gradient_relative = true;

  [[nodiscard]] bool learned() const { return enable && learn_input_range; }

  /// Calls v(name, member, field) for every parameter.
  template <typename Visitor>
  static void fields(Visitor&& v);

  friend bool operator==(const input_range_parameters&, const input_range_parameters&) = default;
};

/// Range after mini-batch number `batch` (from 0): |(r batch + init_std_alpha std(x)) / (batch + 1)|, std over all
/// elements with n - 1. As before if std is 0 or there is one element.
float range_from_data(const input_range_parameters& p, float range, std::uint64_t batch, const_burst x);

/// out = clamp(x, -r, r) / r. \param range > 0
void apply_range(float range, std::span<const float> x, std::span<float> out);

/// Gradient of the loss with respect to r.
/// \param x inputs before clamping \param z gradient with respect to them, of the same shape
/// \param unclipped fraction of the outputs within the ADC's range; for manage_output_clipping
float range_gradient(const input_range_parameters& p, float range, const_burst x, const_burst z, float unclipped = 1);

/// Fraction of outputs inside (-bound, bound), bound being that of the ADC.
float unclipped_fraction(const_burst y, float bound);
/// Sets the gradient of clipped outputs to 0: they do not follow their inputs.
void silence_clipped(const_burst y, float bound, mutable_burst d);

/// |r - learning_rate gradient|, but never below smallest_range.
float stepped_range(float range, float gradient, float learning_rate);
inline constexpr float smallest_range = 1e-6F; ///< keeps 1 / r finite

/// What a vector unit needs to know about the range of one array, as an operand: r itself comes first.
inline constexpr std::uint32_t range_block_length = 8;
/// \param block range_block_length elements
void write_range_block(const input_range_parameters& p, std::span<float> block);
/// Parameters of a block, without those that only decide which operations there are.
input_range_parameters read_range_block(std::span<const float> block);

template <typename Visitor>
void input_range_parameters::fields(Visitor&& v) {
  using range = input_range_parameters;
  v("enable", &range::enable, field{.doc = "a static range of the inputs in place of noise management"});
  v("learn_input_range", &range::learn_input_range, field{.doc = "the range follows its gradient"});
  v("init_value", &range::init_value, field{.minimum = 1e-6, .doc = "range before the first mini-batch"});
  v("init_from_data", &range::init_from_data,
    field{.maximum = 1e9, .doc = "mini-batches that the range is estimated from"});
  v("init_std_alpha", &range::init_std_alpha,
    field{.minimum = 0, .open_minimum = true, .doc = "estimated range in standard deviations of the inputs"});
  v("decay", &range::decay, field{.minimum = 0, .doc = "rate of shrinking while enough inputs are in range"});
  v("input_min_percentage", &range::input_min_percentage,
    field{.minimum = 0, .maximum = 1, .doc = "fraction of inputs in range above which it decays"});
  v("manage_output_clipping", &range::manage_output_clipping, field{.doc = "widen the range when outputs clip"});
  v("output_min_percentage", &range::output_min_percentage,
    field{.minimum = 0, .maximum = 1, .doc = "fraction of unclipped outputs below which the range widens"});
  v("gradient_scale", &range::gradient_scale, field{.minimum = 0, .doc = "factor of the relative gradient"});
  v("gradient_relative", &range::gradient_relative, field{.doc = "gradient in proportion to the range"});
}

} // namespace tilework::numerics
