// SPDX-License-Identifier: Apache-2.0
/// \file ConstantStep: every pulse changes the weight by the same mean amount until a hard bound.
#pragma once

#include <tilework/physics/devices/device_array.h>
#include <tilework/physics/devices/pulsed_parameters.h>

#include <memory>

namespace tilework::physics {

/// w +- step (1 + dw_min_std xi). Gokmen & Vlasov, Front. Neurosci. 10:333 (2016).
struct constant_step : pulsed_parameters {
  static constexpr std::string_view name = "ConstantStep";

  template <typename Visitor>
  static void fields(Visitor&& v) {
    common_fields<constant_step>(v);
  }
  friend bool operator==(const constant_step&, const constant_step&) = default;
};

std::unique_ptr<device_array> make_devices(const constant_step& parameters, const device_context& context);

} // namespace tilework::physics
