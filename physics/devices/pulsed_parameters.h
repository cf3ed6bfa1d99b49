// SPDX-License-Identifier: Apache-2.0
/// \file Parameters that pulsed devices share, and their device-to-device variation.
/// Names, meanings and defaults follow AIHWKit's PulsedDevice.
#pragma once

#include <tilework/core/field.h>
#include <tilework/physics/devices/power_law_drift.h>
#include <tilework/physics/random/noise_stream.h>

#include <string_view>

namespace tilework::physics {

/// Weights and steps are dimensionless; `_dtod` is a spread between devices, `_std` a fresh noise.
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
  float lifetime = 0;
  float lifetime_dtod = 0;
  float diffusion = 0;
  float diffusion_dtod = 0;
  float reset = 0;
  float reset_dtod = 0;
  float reset_std = 0.01F;
  drift_parameters drift;

  /// Calls v(name, member of Self, field) for every common parameter. \tparam Self the device's own parameters
  template <typename Self, typename Visitor>
  static void common_fields(Visitor&& v);
  /// \throws input_error if the window does not contain 0, or for contradicting drift parameters
  void validate() const;
  [[nodiscard]] float granularity() const { return dw_min; }
  [[nodiscard]] float states() const { return (w_max - w_min) / dw_min; }
  [[nodiscard]] float largest_weight() const { return w_max; }
  /// Whether the weight diffuses or decays in a mini-batch.
  [[nodiscard]] bool relaxes() const { return lifetime > 0 || diffusion > 0; }

  friend bool operator==(const pulsed_parameters&, const pulsed_parameters&) = default;
};

/// Parameters of devices whose writes leave a lasting error on the weight that reads see.
struct write_noise_parameters {
  float write_noise_std = 0;
  bool apply_write_noise_on_set = true;

  template <typename Self, typename Visitor>
  static void write_noise_fields(Visitor&& v) {
    v("write_noise_std", static_cast<float Self::*>(&write_noise_parameters::write_noise_std),
      field{.minimum = 0, .doc = "std of the lasting write error, in dw_min"});
    v("apply_write_noise_on_set", static_cast<bool Self::*>(&write_noise_parameters::apply_write_noise_on_set),
      field{.doc = "setting weights has a write error too"});
  }
  friend bool operator==(const write_noise_parameters&, const write_noise_parameters&) = default;
};

/// Steps and bounds of one device.
struct device_draw {
  float up = 0;   ///< mean step of an up pulse at weight 0
  float down = 0; ///< mean step of a down pulse, as a positive number
  float max = 0;
  float min = 0;
};

/// What one device does without pulses.
struct passive_draw {
  float diffusion_rate = 0; ///< std of the change in one mini-batch
  float reset_bias = 0;     ///< weight after a reset, and target of the decay
  float decay_keep = 1;     ///< share of the distance to the reset bias that survives one mini-batch
};

struct drawn_device {
  device_draw steps;
  passive_draw passive;
};

/// Draws one device. Uses a fixed number of random numbers whatever the parameters are; models go on drawing from
/// `random`. \param bias_line whether perfect_bias applies to this device
drawn_device draw_device(const pulsed_parameters& parameters, draw_sequence& random, bool bias_line);

/// v within the device's own bounds.
constexpr float clipped(float v, float min, float max) {
  v = v > min ? v : min;
  return v < max ? v : max;
}

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
  put("lifetime", &p::lifetime, field{.minimum = 0, .doc = "decay time in mini-batches; 0: no decay"});
  put("lifetime_dtod", &p::lifetime_dtod, field{.minimum = 0, .doc = "relative spread of the lifetime over devices"});
  put("diffusion", &p::diffusion, field{.minimum = 0, .doc = "std of the random change in one mini-batch"});
  put("diffusion_dtod", &p::diffusion_dtod, field{.minimum = 0, .doc = "relative spread of it over devices"});
  put("reset", &p::reset, field{.doc = "mean weight after a reset, and target of the decay"});
  put("reset_dtod", &p::reset_dtod, field{.minimum = 0, .doc = "spread of it over devices, absolute"});
  put("reset_std", &p::reset_std, field{.minimum = 0, .doc = "noise of a reset"});
  put("drift", &p::drift, field{.doc = "power-law drift of the weight, if time passes"});
}

} // namespace tilework::physics
