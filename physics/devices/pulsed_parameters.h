// SPDX-License-Identifier: Apache-2.0
/// \file Parameters that all pulsed devices share, and their device-to-device variation.
/// Names, meanings and defaults follow AIHWKit's PulsedDevice.
#pragma once

#include <tilework/core/field.h>
#include <tilework/physics/random/noise_stream.h>

#include <string_view>

namespace tilework::physics {

/// Weights and steps are dimensionless; `_dtod` is a spread between devices, `_std` a fresh noise of every pulse.
struct pulsed_parameters {
  float dw_min = 0.001F;
  float dw_min_dtod = 0.3F;
  bool dw_min_dtod_log_normal = false;
  float dw_min_std = 0.3F;
  float w_max = 0.6F;
  float w_min = -0.6F;
  float w_max_dtod = 0.3F;
  float w_min_dtod = 0.3F;
  float up_down = 0;
  float up_down_dtod = 0.01F;
  bool enforce_consistency = true;
  bool perfect_bias = false;
  float corrupt_devices_prob = 0;
  float corrupt_devices_range = 0.1F;

  /// Calls v(name, member of Self, field) for every common parameter. \tparam Self the device's own parameters
  template <typename Self, typename Visitor>
  static void common_fields(Visitor&& v);
  /// \throws input_error if the window does not contain 0
  void validate() const;

  friend bool operator==(const pulsed_parameters&, const pulsed_parameters&) = default;
};

/// What differs from device to device in all models.
struct device_draw {
  float up = 0;   ///< mean step of an up pulse at weight 0
  float down = 0; ///< mean step of a down pulse, as a positive number
  float max = 0;
  float min = 0;
};

/// Draws one device. Uses a fixed number of random numbers whatever the parameters are.
/// \param bias_line whether perfect_bias applies to this device
device_draw draw_device(const pulsed_parameters& parameters, draw_sequence& random, bool bias_line);

template <typename Self, typename Visitor>
void pulsed_parameters::common_fields(Visitor&& v) {
  using p = pulsed_parameters;
  const auto put = [&]<typename M>(std::string_view name, M p::*member, const field& meta) {
    v(name, static_cast<M Self::*>(member), meta);
  };
  put("dw_min", &p::dw_min, field{.minimum = 0, .open_minimum = true, .doc = "mean weight change of one pulse"});
  put("dw_min_dtod", &p::dw_min_dtod, field{.minimum = 0, .doc = "relative spread of the step over devices"});
  put("dw_min_dtod_log_normal", &p::dw_min_dtod_log_normal, field{.doc = "log-normal instead of normal spread"});
  put("dw_min_std", &p::dw_min_std, field{.minimum = 0, .doc = "relative noise of every pulse"});
  put("w_max", &p::w_max, field{.doc = "upper weight bound"});
  put("w_min", &p::w_min, field{.doc = "lower weight bound"});
  put("w_max_dtod", &p::w_max_dtod, field{.minimum = 0, .doc = "relative spread of w_max over devices"});
  put("w_min_dtod", &p::w_min_dtod, field{.minimum = 0, .doc = "relative spread of w_min over devices"});
  put("up_down", &p::up_down, field{.doc = "systematic asymmetry: shrinks the down step if > 0, the up step if < 0"});
  put("up_down_dtod", &p::up_down_dtod, field{.minimum = 0, .doc = "spread of the asymmetry over devices"});
  put("enforce_consistency", &p::enforce_consistency, field{.doc = "steps positive, bounds on their own side of 0"});
  put("perfect_bias", &p::perfect_bias, field{.doc = "devices of the last input line have no spread and wide bounds"});
  put("corrupt_devices_prob", &p::corrupt_devices_prob,
      field{.minimum = 0, .maximum = 1, .doc = "probability of a device that is stuck"});
  put("corrupt_devices_range", &p::corrupt_devices_range,
      field{.minimum = 0, .doc = "largest weight of a stuck device"});
}

} // namespace tilework::physics
