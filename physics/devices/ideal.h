// SPDX-License-Identifier: Apache-2.0
/// \file Ideal: a floating-point weight without bounds or pulses.
#pragma once

#include <tilework/physics/devices/device_array.h>

#include <memory>
#include <string_view>

namespace tilework::physics {

/// W <- W - lr d x^T exactly.
struct ideal {
  static constexpr std::string_view name = "Ideal";

  template <typename Visitor>
  static void fields(Visitor&&) {}
  void validate() const {}
  friend bool operator==(const ideal&, const ideal&) = default;
};

std::unique_ptr<device_array> make_devices(const ideal& parameters, const device_context& context);

} // namespace tilework::physics
