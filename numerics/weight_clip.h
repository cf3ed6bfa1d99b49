// SPDX-License-Identifier: Apache-2.0
/// \file Digital clipping of a weight matrix after an optimizer step. Names, laws and defaults follow AIHWKit's
/// WeightClipParameter.
#pragma once

#include <tilework/core/field.h>
#include <tilework/core/operand.h>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace tilework::numerics {

enum class clip_type : std::uint8_t { none, fixed_value, layer_gaussian, average_channel_max };

namespace detail {
inline constexpr std::array<std::pair<std::string_view, clip_type>, 4> clip_type_names{
    {{"NONE", clip_type::none},
     {"FIXED_VALUE", clip_type::fixed_value},
     {"LAYER_GAUSSIAN", clip_type::layer_gaussian},
     {"AVERAGE_CHANNEL_MAX", clip_type::average_channel_max}}};
} // namespace detail

constexpr std::span<const std::pair<std::string_view, clip_type>> names_of(clip_type) {
  return detail::clip_type_names;
}

struct weight_clip_parameters {
  clip_type type = clip_type::none;
  float fixed_value = -1;
  float sigma = 2.5F;

  /// Calls v(name, member, field) for every parameter.
  template <typename Visitor>
  static void fields(Visitor&& v) {
    using p = weight_clip_parameters;
    v("type", &p::type, field{.doc = "where the bound comes from"});
    v("fixed_value", &p::fixed_value, field{.doc = "bound of FIXED_VALUE; if > 0 the largest one of LAYER_GAUSSIAN"});
    v("sigma", &p::sigma, field{.minimum = 0, .open_minimum = true, .doc = "bound of LAYER_GAUSSIAN in deviations"});
  }
  /// \throws input_error for FIXED_VALUE without a value > 0
  void validate() const;
  friend bool operator==(const weight_clip_parameters&, const weight_clip_parameters&) = default;
};

/// Bound b of a matrix; infinite for NONE and where nothing can be said:
///   LAYER_GAUSSIAN       sigma times the sample deviation of all weights about their mean, at most fixed_value
///   AVERAGE_CHANNEL_MAX  mean over the rows of the largest |weight|
/// \param weights one vector per output
[[nodiscard]] float clip_bound(const weight_clip_parameters& parameters, const_burst weights);

/// Clips to [-b, b].
void clip_weights(const weight_clip_parameters& parameters, mutable_burst weights);

} // namespace tilework::numerics
