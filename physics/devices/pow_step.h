// SPDX-License-Identifier: Apache-2.0
/// \file PowStep: the step is a power of the distance to the bound.
#pragma once

#include <tilework/physics/devices/device_array.h>
#include <tilework/physics/devices/packed_steps.h>
#include <tilework/physics/devices/pulsed_parameters.h>
#include <tilework/physics/devices/referenced.h>

#include <memory>

namespace tilework::physics {

/// Exponents of the two directions and their spread.
struct pow_law_parameters {
  float pow_gamma = 1;
  float pow_gamma_dtod = 0.1F;
  float pow_up_down = 0;
  float pow_up_down_dtod = 0;

  template <typename Self, typename Visitor>
  static void pow_law_fields(Visitor&& v) {
    using p = pow_law_parameters;
    v("pow_gamma", static_cast<float Self::*>(&p::pow_gamma), field{.doc = "exponent"});
    v("pow_gamma_dtod", static_cast<float Self::*>(&p::pow_gamma_dtod),
      field{.minimum = 0, .doc = "relative spread of the exponent over devices"});
    v("pow_up_down", static_cast<float Self::*>(&p::pow_up_down),
      field{.doc = "systematic difference of the exponents: shrinks the down exponent if > 0, the up exponent if < 0"});
    v("pow_up_down_dtod", static_cast<float Self::*>(&p::pow_up_down_dtod),
      field{.minimum = 0, .doc = "spread of the difference over devices"});
  }
  friend bool operator==(const pow_law_parameters&, const pow_law_parameters&) = default;
};

/// One drawn device; exponents are multiples of the units of pow_step_units.
struct pow_cell {
  packed_steps steps;
  std::int16_t exponent_up;
  std::int16_t exponent_down;
};
struct referenced_pow_cell {
  pow_cell device;
  float reference;
};

struct pow_step_units {
  pow_step_units(const pulsed_parameters& p, const pow_law_parameters& law);
  step_units steps;
  float exponent_up;
  float exponent_down;
};

/// Up: w + up ((max - w) / (max - min))^c_up (1 + dw_min_std xi); down likewise with w - min.
struct pow_step : pulsed_parameters, pow_law_parameters, write_noise_parameters {
  static constexpr std::string_view name = "PowStep";

  template <typename Visitor>
  static void fields(Visitor&& v) {
    common_fields<pow_step>(v);
    pow_law_fields<pow_step>(v);
    write_noise_fields<pow_step>(v);
  }
  /// Step in the middle of a symmetric window.
  [[nodiscard]] float granularity() const;
  [[nodiscard]] float states() const { return (w_max - w_min) / granularity(); }
  friend bool operator==(const pow_step&, const pow_step&) = default;
};

std::unique_ptr<device_array> make_devices(const pow_step& parameters, const device_context& context);

/// PowStep read against a reference device.
struct pow_step_reference : pulsed_parameters, pow_law_parameters, reference_parameters {
  static constexpr std::string_view name = "PowStepReference";

  int n_estimation_steps = -1;

  template <typename Visitor>
  static void fields(Visitor&& v) {
    common_fields<pow_step_reference>(v);
    pow_law_fields<pow_step_reference>(v);
    reference_fields<pow_step_reference>(v);
    v("n_estimation_steps", &pow_step_reference::n_estimation_steps,
      field{.doc = "up-down pairs that find the symmetry point; <= 0: ten windows' worth, at most 10000"});
  }
  /// Step in the middle of a symmetric window.
  [[nodiscard]] float granularity() const;
  [[nodiscard]] float states() const { return (w_max - w_min) / granularity(); }
  friend bool operator==(const pow_step_reference&, const pow_step_reference&) = default;
};

std::unique_ptr<device_array> make_devices(const pow_step_reference& parameters, const device_context& context);

} // namespace tilework::physics
