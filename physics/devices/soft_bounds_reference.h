// SPDX-License-Identifier: Apache-2.0
/// \file SoftBoundsReference: SoftBounds read against a reference device, with additive pulse noise by default.
#pragma once

#include <tilework/physics/devices/device_array.h>
#include <tilework/physics/devices/packed_steps.h>
#include <tilework/physics/devices/pulsed_parameters.h>
#include <tilework/physics/devices/referenced.h>

#include <memory>

namespace tilework::physics {

/// z = w + reference; up: z + up (1 - z / max + dw_min_std xi), down: z - down (1 - z / min + dw_min_std xi); with
/// mult_noise the noise multiplies the whole step.
struct soft_bounds_reference : pulsed_parameters, reference_parameters, write_noise_parameters {
  static constexpr std::string_view name = "SoftBoundsReference";

  bool mult_noise = false;
  float slope_up_dtod = 0;
  float slope_down_dtod = 0;

  template <typename Visitor>
  static void fields(Visitor&& v) {
    using p = soft_bounds_reference;
    common_fields<p>(v);
    v("mult_noise", &p::mult_noise, field{.doc = "pulse noise scales with the step at the present weight"});
    v("slope_up_dtod", &p::slope_up_dtod, field{.minimum = 0, .doc = "relative spread of the slope of up steps"});
    v("slope_down_dtod", &p::slope_down_dtod, field{.minimum = 0, .doc = "relative spread of the slope of down steps"});
    reference_fields<p>(v);
    write_noise_fields<p>(v);
  }
  friend bool operator==(const soft_bounds_reference&, const soft_bounds_reference&) = default;
};

/// One drawn device.
struct soft_bounds_reference_cell {
  packed_steps steps;
  float reference;
};

std::unique_ptr<device_array> make_devices(const soft_bounds_reference& parameters, const device_context& context);

} // namespace tilework::physics
