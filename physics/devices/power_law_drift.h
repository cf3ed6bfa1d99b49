// SPDX-License-Identifier: Apache-2.0
/// \file Power-law drift of devices that are trained: w(t) = w0 (t / t_0)^-nu since the device was last written.
/// Names, meanings and defaults follow AIHWKit's DriftParameter.
#pragma once

#include <tilework/core/byte_stream.h>
#include <tilework/core/field.h>
#include <tilework/physics/random/noise_stream.h>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <span>
#include <vector>

namespace tilework::physics {

/// Weights are dimensionless; time has the unit of t_0. The law, for a device last written at t' with weight w0:
///   f = max((t - t') / t_0, 1)^-nu,  w = w0 f + a (f - 1),  a = g_offset wg_ratio + w_offset (0 if below reset_tol)
/// where nu grows by nu_k (log_g0 - ln((w - w_offset) / wg_ratio + g_offset)).
struct drift_parameters {
  float nu = 0;
  float nu_dtod = 0;
  float nu_std = 0;
  float t_0 = 1;
  float reset_tol = 1e-7F;
  float wg_ratio = 1;
  float g_offset = 0;
  float w_offset = 0;
  float nu_k = 0;
  float log_g0 = 0;
  float w_noise_std = 0;

  [[nodiscard]] bool is_active() const { return nu > 0; }

  /// Calls v(name, member, field) for every parameter.
  template <typename Visitor>
  static void fields(Visitor&& v);
  /// \throws input_error for t_0 <= 0 or wg_ratio 0
  void validate() const;

  friend bool operator==(const drift_parameters&, const drift_parameters&) = default;
};

/// Clock and drift state of all devices of one array; without drift it holds nothing and advance() does nothing.
class power_law_drift {
public:
  /// \param stream of purpose::device_drift, for the exponents of the devices and the noise of every event
  /// \throws input_error for contradicting parameters
  power_law_drift(const drift_parameters& parameters, std::size_t cells, const noise_stream& stream);

  [[nodiscard]] bool is_active() const { return parameters_.is_active(); }
  /// Memory of one device.
  [[nodiscard]] std::size_t bytes_per_device() const {
    return (devices_.empty() ? 0 : sizeof(device_state)) + (exponents_.empty() ? 0 : sizeof(float));
  }

  /// Lets time pass. The first call takes the weights as written at time 0. Later, a device whose weight changed by
  /// more than reset_tol between two calls counts as rewritten at the time of the second and starts to drift after
  /// it.
  /// \param dt passed time in the unit of t_0, >= 0
  /// \param event number of this call in the run, for its noise: cell c uses number c of the event
  /// \param weights as many as cells
  /// \throws std::invalid_argument if the arguments do not fit
  void advance(float dt, std::uint64_t event, std::span<float> weights);
  /// The same, then clips; clipping does not count as rewriting.
  /// \param bounds bounds(c) are the lowest and the highest weight of device c, as a pair
  template <std::invocable<std::size_t> Bounds>
  void advance(float dt, std::uint64_t event, std::span<float> weights, Bounds&& bounds) {
    advance(dt, event, weights);
    if (!is_active())
      return;
    for (std::size_t c = 0; c < weights.size(); ++c) {
      const auto [lower, upper] = bounds(c);
      weights[c] = devices_[c].last_seen = std::min(std::max(weights[c], lower), upper);
    }
  }

  void save(byte_writer& out) const;
  /// \throws input_error if the state belongs to another array
  void load(byte_reader& in);

private:
  struct device_state {
    double written_at = 0; ///< in t_0
    float written = 0;     ///< weight at that time
    float last_seen = 0;   ///< weight at the end of the last call
  };

  [[nodiscard]] float exponent(std::size_t cell, float weight, float xi) const;
  [[nodiscard]] float drifted(const device_state& device, float exponent) const;

  drift_parameters parameters_;
  noise_stream stream_;
  float asymptote_ = 0;          ///< minus the weight that everything drifts to
  std::vector<float> exponents_; ///< nu of every device; empty without spread
  std::vector<device_state> devices_;
  double now_ = 0; ///< in t_0
  bool started_ = false;
};

template <typename Visitor>
void drift_parameters::fields(Visitor&& v) {
  using p = drift_parameters;
  v("nu", &p::nu, field{.minimum = 0, .doc = "drift exponent; 0: no drift at all"});
  v("nu_dtod", &p::nu_dtod, field{.minimum = 0, .doc = "relative spread of nu over devices"});
  v("nu_std", &p::nu_std, field{.minimum = 0, .doc = "relative noise of nu, fresh for every drift event"});
  v("t_0", &p::t_0, field{.minimum = 0, .open_minimum = true, .doc = "time after writing at which drift begins"});
  v("reset_tol", &p::reset_tol, field{.minimum = 0, .doc = "a larger weight change means that a device was rewritten"});
  v("wg_ratio", &p::wg_ratio, field{.doc = "weight per conductance"});
  v("g_offset", &p::g_offset, field{.doc = "conductance at weight w_offset"});
  v("w_offset", &p::w_offset, field{.doc = "weight at conductance g_offset"});
  v("nu_k", &p::nu_k, field{.doc = "growth of nu per factor e of less conductance"});
  v("log_g0", &p::log_g0, field{.doc = "logarithm of the conductance to which nu refers"});
  v("w_noise_std", &p::w_noise_std, field{.minimum = 0, .doc = "std of a weight error added by every drift event"});
}

} // namespace tilework::physics
