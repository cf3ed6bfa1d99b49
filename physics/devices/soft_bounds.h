// SPDX-License-Identifier: Apache-2.0
/// \file SoftBounds: the step shrinks linearly to 0 at the device's own bound.
#pragma once

#include <tilework/physics/devices/linear_step.h>

namespace tilework::physics {

/// LinearStep with both gammas 1, no spread of them, and slopes that refer to the device's own bounds.
struct soft_bounds : pulsed_parameters {
  static constexpr std::string_view name = "SoftBounds";

  bool mult_noise = true;
  bool reverse_up = false;
  bool reverse_down = false;
  float reverse_offset = 0.01F;
  float write_noise_std = 0;
  bool apply_write_noise_on_set = true;

  template <typename Visitor>
  static void fields(Visitor&& v) {
    using p = soft_bounds;
    common_fields<p>(v);
    v("mult_noise", &p::mult_noise, field{.doc = "pulse noise scales with the step at the present weight"});
    v("reverse_up", &p::reverse_up, field{.doc = "up step is small at w_min instead of w_max"});
    v("reverse_down", &p::reverse_down, field{.doc = "down step is small at w_max instead of w_min"});
    v("reverse_offset", &p::reverse_offset, field{.minimum = 0, .doc = "keeps reversed steps above 0 at the bound"});
    v("write_noise_std", &p::write_noise_std, field{.minimum = 0, .doc = "std of the lasting write error, in dw_min"});
    v("apply_write_noise_on_set", &p::apply_write_noise_on_set, field{.doc = "setting weights has a write error too"});
  }
  [[nodiscard]] linear_step as_linear_step() const;
  /// \throws input_error for contradicting parameters
  void validate() const { as_linear_step().validate(); }
  friend bool operator==(const soft_bounds&, const soft_bounds&) = default;
};

std::unique_ptr<device_array> make_devices(const soft_bounds& parameters, const device_context& context);

} // namespace tilework::physics
