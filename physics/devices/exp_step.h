// SPDX-License-Identifier: Apache-2.0
/// \file ExpStep: the step depends exponentially on the weight, fitted to measured ReRAM.
#pragma once

#include <tilework/physics/devices/device_array.h>
#include <tilework/physics/devices/pulsed_parameters.h>

#include <memory>

namespace tilework::physics {

/// With z = 2 a w / (max - min) + b, steps are up max(1 - A_up exp(gamma_up z), 0) and
/// down max(1 - A_down exp(-gamma_down z), 0). Gong et al., Nat. Commun. 9:2102 (2018).
struct exp_step : pulsed_parameters, write_noise_parameters {
  static constexpr std::string_view name = "ExpStep";

  // NOLINTBEGIN(readability-identifier-naming): the field's names
  float A_up = 0.00081F;
  float A_down = 0.36833F;
  // NOLINTEND(readability-identifier-naming)
  float gamma_up = 12.44625F;
  float gamma_down = 12.78785F;
  float a = 0.244F;
  float b = 0.2425F;
  float dw_min_std_add = 0;
  float dw_min_std_slope = 0;

  template <typename Visitor>
  static void fields(Visitor&& v) {
    using p = exp_step;
    common_fields<p>(v);
    v("A_up", &p::A_up, field{.doc = "amplitude of the saturation of up steps"});
    v("A_down", &p::A_down, field{.doc = "amplitude of the saturation of down steps"});
    v("gamma_up", &p::gamma_up, field{.doc = "exponent of the saturation of up steps"});
    v("gamma_down", &p::gamma_down, field{.doc = "exponent of the saturation of down steps"});
    v("a", &p::a, field{.doc = "scale of the weight in the exponents"});
    v("b", &p::b, field{.doc = "offset of the weight in the exponents"});
    v("dw_min_std_add", &p::dw_min_std_add,
      field{.minimum = 0, .doc = "pulse noise that every weight has, in weight units / dw_min_std"});
    v("dw_min_std_slope", &p::dw_min_std_slope,
      field{.minimum = 0, .doc = "pulse noise that grows with the magnitude of the weight"});
    write_noise_fields<p>(v);
  }
  /// Down step at weight 0 of the nominal device, as in AIHWKit (which counts it for both directions); dw_min if that
  /// is 0.
  [[nodiscard]] float granularity() const;
  [[nodiscard]] float states() const { return (w_max - w_min) / granularity(); }
  friend bool operator==(const exp_step&, const exp_step&) = default;
};

std::unique_ptr<device_array> make_devices(const exp_step& parameters, const device_context& context);

} // namespace tilework::physics
