// SPDX-License-Identifier: Apache-2.0
/// \file Devices that are read against a reference device of their own: w = z - reference.
#pragma once

#include <tilework/core/field.h>
#include <tilework/physics/random/noise_stream.h>

#include <string_view>

namespace tilework::physics {

/// Pulses change z within the bounds of the device; setting, decay and diffusion keep w within them, as in AIHWKit.
struct reference_parameters {
  float reference_mean = 0;
  float reference_std = 0;
  bool subtract_symmetry_point = false;

  template <typename Self, typename Visitor>
  static void reference_fields(Visitor&& v) {
    using p = reference_parameters;
    v("reference_mean", static_cast<float Self::*>(&p::reference_mean), field{.doc = "mean weight of the references"});
    v("reference_std", static_cast<float Self::*>(&p::reference_std),
      field{.minimum = 0, .doc = "spread of the references, or the error with which they were programmed"});
    v("subtract_symmetry_point", static_cast<bool Self::*>(&p::subtract_symmetry_point),
      field{.doc = "the reference is programmed to the device's symmetry point, where up and down steps are equal"});
  }
  /// Draws one reference, without a symmetry point.
  [[nodiscard]] float draw_reference(draw_sequence& random) const {
    return reference_mean + reference_std * random.normal();
  }
  friend bool operator==(const reference_parameters&, const reference_parameters&) = default;
};

} // namespace tilework::physics
