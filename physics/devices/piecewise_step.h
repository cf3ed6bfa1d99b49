// SPDX-License-Identifier: Apache-2.0
/// \file PiecewiseStep: the step follows a table over the weight window, for measured devices.
#pragma once

#include <tilework/physics/devices/device_array.h>
#include <tilework/physics/devices/pulsed_parameters.h>

#include <memory>
#include <vector>

namespace tilework::physics {

/// Steps are the device's own step times a factor, interpolated linearly between nodes that are equally spaced from
/// the device's own lower to its upper bound.
struct piecewise_step : pulsed_parameters, write_noise_parameters {
  static constexpr std::string_view name = "PiecewiseStep";

  std::vector<float> piecewise_up{1};
  std::vector<float> piecewise_down{1};

  template <typename Visitor>
  static void fields(Visitor&& v) {
    using p = piecewise_step;
    common_fields<p>(v);
    v("piecewise_up", &p::piecewise_up, field{.doc = "factors of the up step from w_min to w_max"});
    v("piecewise_down", &p::piecewise_down, field{.doc = "factors of the down step from w_min to w_max; as many"});
    write_noise_fields<p>(v);
  }
  /// \throws input_error for tables that are empty or differ in length
  void validate() const;
  /// Up step in the middle of the table.
  [[nodiscard]] float granularity() const;
  [[nodiscard]] float states() const { return (w_max - w_min) / granularity(); }
  friend bool operator==(const piecewise_step&, const piecewise_step&) = default;
};

std::unique_ptr<device_array> make_devices(const piecewise_step& parameters, const device_context& context);

} // namespace tilework::physics
