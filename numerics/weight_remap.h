// SPDX-License-Identifier: Apache-2.0
/// \file Moves magnitude between the weights of an array and the digital scales of its outputs, so that the weights use
/// the range of the devices. scale * weight stays the same. Names, laws and defaults follow AIHWKit's
/// WeightRemapParameter.
#pragma once

#include <tilework/core/field.h>
#include <tilework/core/operand.h>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace tilework::numerics {

enum class remap_type : std::uint8_t { none, layerwise_symmetric, channelwise_symmetric };

namespace detail {
inline constexpr std::array<std::pair<std::string_view, remap_type>, 3> remap_type_names{
    {{"NONE", remap_type::none},
     {"LAYERWISE_SYMMETRIC", remap_type::layerwise_symmetric},
     {"CHANNELWISE_SYMMETRIC", remap_type::channelwise_symmetric}}};
} // namespace detail

constexpr std::span<const std::pair<std::string_view, remap_type>> names_of(remap_type) {
  return detail::remap_type_names;
}

struct weight_remap_parameters {
  remap_type type = remap_type::none;
  float remapped_wmax = 1;
  float max_scale_range = 0;
  float max_scale_ref = 0;

  /// Calls v(name, member, field) for every parameter.
  template <typename Visitor>
  static void fields(Visitor&& v) {
    using p = weight_remap_parameters;
    v("type", &p::type, field{.doc = "whether the array or every output has its own largest weight"});
    v("remapped_wmax", &p::remapped_wmax,
      field{.minimum = 0, .open_minimum = true, .doc = "largest |weight| afterwards"});
    v("max_scale_range", &p::max_scale_range,
      field{.minimum = 0, .doc = "largest ratio of a scale to the smallest one, CHANNELWISE_SYMMETRIC; 0: any"});
    v("max_scale_ref", &p::max_scale_ref,
      field{.minimum = 0, .doc = "the smallest scale counts as at least this for max_scale_range"});
  }
  /// \throws input_error unless remapped_wmax is > 0, and 1 together with max_scale_range
  void validate() const;
  friend bool operator==(const weight_remap_parameters&, const weight_remap_parameters&) = default;
};

/// \param parameters valid ones
/// \param weights one vector per output; a row of zeros keeps its scale
/// \param scales one per output
/// \throws std::invalid_argument if the sizes do not fit
void remap_weights(const weight_remap_parameters& parameters, mutable_burst weights, std::span<float> scales);

} // namespace tilework::numerics
