// SPDX-License-Identifier: Apache-2.0
/// \file SoftBounds: the step shrinks linearly to 0 at the device's own bound.
#pragma once

#include <tilework/physics/devices/linear_step.h>

namespace tilework::physics {

/// LinearStep with both gammas 1, no spread of them, and slopes that refer to the device's own bounds.
struct soft_bounds : pulsed_parameters, linear_law_parameters, write_noise_parameters {
  static constexpr std::string_view name = "SoftBounds";

  template <typename Visitor>
  static void fields(Visitor&& v) {
    using p = soft_bounds;
    common_fields<p>(v);
    linear_law_fields<p>(v);
    write_noise_fields<p>(v);
  }
  /// \throws input_error for contradicting parameters
  void validate() const;
  friend bool operator==(const soft_bounds&, const soft_bounds&) = default;
};

std::unique_ptr<device_array> make_devices(const soft_bounds& parameters, const device_context& context);

/// SoftBounds by the shape of a measured curve that saturates as 1 - exp(-alpha n), after p_max pulses at range_max.
/// dw_min, w_max, w_min and up_down follow from it, for an up_down that acts on both directions. It shrinks only one
/// here, as in AIHWKit, so up pulses saturate faster: with the rate alpha width / max(w_max, width / 2).
struct soft_bounds_pmax : pulsed_parameters, linear_law_parameters, write_noise_parameters {
  static constexpr std::string_view name = "SoftBoundsPmax";

  float p_max = 1000;
  float alpha = 0.0005F;
  float range_min = -1;
  float range_max = 1;

  template <typename Visitor>
  static void fields(Visitor&& v) {
    using p = soft_bounds_pmax;
    v("p_max", &p::p_max, field{.minimum = 0, .open_minimum = true, .doc = "up pulses from range_min to range_max"});
    v("alpha", &p::alpha, field{.minimum = 0, .open_minimum = true, .doc = "rate of saturation per pulse"});
    v("range_min", &p::range_min, field{.maximum = 0, .doc = "weight before the first pulse"});
    v("range_max", &p::range_max, field{.minimum = 0, .doc = "weight after p_max pulses"});
    common_fields<p>([&](std::string_view field_name, auto member, const field& meta) {
      if (field_name != "dw_min" && field_name != "w_max" && field_name != "w_min" && field_name != "up_down")
        v(field_name, member, meta);
    });
    linear_law_fields<p>(v);
    write_noise_fields<p>(v);
  }
  /// The device in the terms of its base model.
  [[nodiscard]] soft_bounds as_soft_bounds() const;
  /// \throws input_error for contradicting parameters
  void validate() const;
  [[nodiscard]] float granularity() const { return as_soft_bounds().granularity(); }
  [[nodiscard]] float states() const { return as_soft_bounds().states(); }
  [[nodiscard]] float largest_weight() const { return as_soft_bounds().w_max; }
  friend bool operator==(const soft_bounds_pmax&, const soft_bounds_pmax&) = default;
};

std::unique_ptr<device_array> make_devices(const soft_bounds_pmax& parameters, const device_context& context);

} // namespace tilework::physics
