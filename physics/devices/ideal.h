// SPDX-License-Identifier: Apache-2.0
/// \file Ideal: a floating-point weight without bounds or pulses.
#pragma once

#include <tilework/core/field.h>
#include <tilework/physics/devices/device_array.h>

#include <limits>
#include <memory>
#include <string_view>

namespace tilework::physics {

/// W <- W - lr d x^T exactly.
struct ideal {
  static constexpr std::string_view name = "Ideal";

  float lifetime = 0;
  float diffusion = 0;
  float reset_std = 0.01F;

  template <typename Visitor>
  static void fields(Visitor&& v) {
    v("lifetime", &ideal::lifetime,
      field{.minimum = 0, .doc = "decay time towards 0 in mini-batches; up to 1: no decay"});
    v("diffusion", &ideal::diffusion, field{.minimum = 0, .doc = "std of the random change in one mini-batch"});
    v("reset_std", &ideal::reset_std, field{.minimum = 0, .doc = "noise of a reset"});
  }
  void validate() const {}
  [[nodiscard]] bool relaxes() const { return lifetime > 1 || diffusion > 0; }
  [[nodiscard]] static float granularity() { return 0; }
  [[nodiscard]] static float states() { return std::numeric_limits<float>::infinity(); }
  friend bool operator==(const ideal&, const ideal&) = default;
};

std::unique_ptr<device_array> make_devices(const ideal& parameters, const device_context& context);

} // namespace tilework::physics
