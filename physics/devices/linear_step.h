// SPDX-License-Identifier: Apache-2.0
/// \file LinearStep: the step depends linearly on the weight.
#pragma once

#include <tilework/physics/devices/device_array.h>
#include <tilework/physics/devices/packed_steps.h>
#include <tilework/physics/devices/pulsed_parameters.h>

#include <cstdint>
#include <memory>

namespace tilework::physics {

/// How the step of linear and of soft-bounds devices may deviate from the plain law.
struct linear_law_parameters {
  bool mult_noise = true;
  bool reverse_up = false;
  bool reverse_down = false;
  float reverse_offset = 0.01F;

  template <typename Self, typename Visitor>
  static void linear_law_fields(Visitor&& v) {
    using p = linear_law_parameters;
    v("mult_noise", static_cast<bool Self::*>(&p::mult_noise),
      field{.doc = "pulse noise scales with the step at the present weight"});
    v("reverse_up", static_cast<bool Self::*>(&p::reverse_up),
      field{.doc = "up step is small at w_min instead of w_max"});
    v("reverse_down", static_cast<bool Self::*>(&p::reverse_down),
      field{.doc = "down step is small at w_max instead of w_min"});
    v("reverse_offset", static_cast<float Self::*>(&p::reverse_offset),
      field{.minimum = 0, .doc = "keeps reversed steps above 0 at the bound"});
  }
  /// \throws input_error for reversed steps with additive noise
  void validate() const;
  friend bool operator==(const linear_law_parameters&, const linear_law_parameters&) = default;
};

/// Up: w + (slope w + step)(1 + dw_min_std xi), likewise down; slope such that gamma = 1 makes the step 0 at the bound.
/// Additive noise (mult_noise false): w + slope w + step (1 + dw_min_std xi).
struct linear_step : pulsed_parameters, linear_law_parameters, write_noise_parameters {
  static constexpr std::string_view name = "LinearStep";

  float gamma_up = 0;
  float gamma_down = 0;
  float gamma_up_dtod = 0.05F;
  float gamma_down_dtod = 0.05F;
  bool allow_increasing = false;
  bool mean_bound_reference = true;

  template <typename Visitor>
  static void fields(Visitor&& v) {
    using p = linear_step;
    common_fields<p>(v);
    v("gamma_up", &p::gamma_up, field{.doc = "relative decrease of the up step from weight 0 to w_max"});
    v("gamma_down", &p::gamma_down, field{.doc = "relative decrease of the down step from weight 0 to w_min"});
    v("gamma_up_dtod", &p::gamma_up_dtod, field{.minimum = 0, .doc = "spread of gamma_up over devices, absolute"});
    v("gamma_down_dtod", &p::gamma_down_dtod,
      field{.minimum = 0, .doc = "spread of gamma_down over devices, absolute"});
    v("allow_increasing", &p::allow_increasing, field{.doc = "steps may grow towards the bound"});
    v("mean_bound_reference", &p::mean_bound_reference,
      field{.doc = "slopes refer to the nominal, not the own bounds"});
    linear_law_fields<p>(v);
    write_noise_fields<p>(v);
  }
  /// \throws input_error for contradicting parameters
  void validate() const;
  friend bool operator==(const linear_step&, const linear_step&) = default;
};

/// One drawn device; gammas are multiples of the units of linear_step_units.
struct linear_step_cell {
  packed_steps steps;
  std::int16_t gamma_up;
  std::int16_t gamma_down;
};

/// Units such that rounding is far below the spread between devices, and that devices without spread are exact.
struct linear_step_units {
  explicit linear_step_units(const linear_step& p);
  step_units steps;
  float gamma_up;
  float gamma_down;
};

std::unique_ptr<device_array> make_devices(const linear_step& parameters, const device_context& context);

} // namespace tilework::physics
