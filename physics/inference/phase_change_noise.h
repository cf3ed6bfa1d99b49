// SPDX-License-Identifier: Apache-2.0
/// \file Conductance laws with power-law drift and 1/f noise: g(t) = g_prog (t / t_0)^-nu, read with an error that is
/// relative to g(t). All share one mechanism and differ in how its coefficients depend on r = g / g_max.
/// Names, values and defaults follow AIHWKit's noise models.
#pragma once

#include <tilework/core/field.h>
#include <tilework/physics/inference/conductance_converter.h>
#include <tilework/physics/inference/conductance_noise.h>

#include <array>
#include <memory>
#include <string_view>
#include <vector>

namespace tilework::physics {

/// Scales of the three effects and the times of the measurement, common to all laws of this file.
struct drift_law_parameters {
  float prog_noise_scale = 1;
  float read_noise_scale = 1;
  float drift_scale = 1;
  float t_read_s = 250e-9F;
  float t_0_s = 20;

  /// Calls v(name, member of Self, field) for every common parameter. \tparam Self the law's own parameters
  template <typename Self, typename Visitor>
  static void common_fields(Visitor&& v);
  /// \throws input_error unless times are > 0
  void validate() const;
  friend bool operator==(const drift_law_parameters&, const drift_law_parameters&) = default;
};

/// Phase-change memory, doped Ge2Sb2Te5: Nandakumar et al., ICECS 2019; Joshi et al., Nat. Commun. 11, 2473 (2020).
///   programming  sigma = (c0 + c1 r + c2 r^2) g_max / 25
///   drift        nu = |mu + s xi| with mu = clamp(-0.0155 ln r + 0.0244, 0.049, 0.1) and
///                s = clamp(-0.0125 ln r - 0.0059, 0.008, 0.045)
///   read         relative sigma = min(0.0088 r^-0.65, 0.2) sqrt(ln((t + t_read) / (2 t_read)))
/// A table replaces mu and s if it is given: linear between its points, constant outside.
struct pcm_like : drift_law_parameters {
  static constexpr std::string_view name = "PCMLike";

  std::vector<float> prog_coeffs_us{0.26348F, 1.9650F, -1.1731F}; ///< for g_max 25 uS
  std::vector<float> drift_g_us;                                  ///< ascending
  std::vector<float> drift_nu_mean;
  std::vector<float> drift_nu_std;

  template <typename Visitor>
  static void fields(Visitor&& v) {
    using p = pcm_like;
    common_fields<p>(v);
    v("prog_coeffs_us", &p::prog_coeffs_us, field{.doc = "polynomial of the programming error in g / g_max, in uS"});
    v("drift_g_us", &p::drift_g_us, field{.minimum = 0, .doc = "conductances of the drift table, ascending, in uS"});
    v("drift_nu_mean", &p::drift_nu_mean, field{.doc = "mean drift exponent at each of them"});
    v("drift_nu_std", &p::drift_nu_std, field{.minimum = 0, .doc = "spread of the drift exponent at each of them"});
  }
  /// \throws input_error for a drift table that is no table
  void validate() const;
  friend bool operator==(const pcm_like&, const pcm_like&) = default;
};

/// A plain law for studies: programming error and drift exponent do not depend on the conductance.
///   programming  sigma = c0 + c1 r + c2 r^2;  drift  nu = |nu_mean + nu_std xi|;
///   read         sigma = (g(t) / g_max) sqrt(ln((t + t_read) / (2 t_read))) uS
struct state_independent : drift_law_parameters {
  static constexpr std::string_view name = "StateIndependent";

  std::vector<float> prog_coeffs_us{0.2F, 0, 0};
  float drift_nu_mean = 0.1F;
  float drift_nu_std = 0.05F;

  template <typename Visitor>
  static void fields(Visitor&& v) {
    using p = state_independent;
    common_fields<p>(v);
    v("prog_coeffs_us", &p::prog_coeffs_us, field{.doc = "polynomial of the programming error in g / g_max, in uS"});
    v("drift_nu_mean", &p::drift_nu_mean, field{.doc = "mean drift exponent"});
    v("drift_nu_std", &p::drift_nu_std, field{.minimum = 0, .doc = "spread of the drift exponent"});
  }
  void validate() const;
  friend bool operator==(const state_independent&, const state_independent&) = default;
};

/// Phase-change memory of the HERMES project chip (Le Gallo et al., Nat. Electron. 6, 680 (2023)), with one or two
/// devices in parallel on each side of a pair. Use with device_pairs of g_max_us 10.35 or 20.7.
struct hermes : drift_law_parameters {
  static constexpr std::string_view name = "Hermes";

  int num_devices = 2;

  hermes() { t_read_s = 512e-9F, t_0_s = 300; }
  /// Values of the chip for this number of devices.
  static hermes with_devices(int num_devices);

  template <typename Visitor>
  static void fields(Visitor&& v) {
    using p = hermes;
    common_fields<p>(v);
    v("num_devices", &p::num_devices, field{.minimum = 1, .maximum = 2, .doc = "devices in parallel"});
  }
  /// \throws input_error unless there are 1 or 2 devices
  void validate() const;
  friend bool operator==(const hermes&, const hermes&) = default;
};

/// \param range of the converter, see conductance_converter::range()
/// \throws input_error for contradicting parameters
std::unique_ptr<conductance_noise> make_noise(const pcm_like& parameters, const conductance_range& range);
std::unique_ptr<conductance_noise> make_noise(const state_independent& parameters, const conductance_range& range);
std::unique_ptr<conductance_noise> make_noise(const hermes& parameters, const conductance_range& range);

template <typename Self, typename Visitor>
void drift_law_parameters::common_fields(Visitor&& v) {
  using p = drift_law_parameters;
  const auto put = [&](std::string_view name, float p::*member, const field& meta) {
    v(name, static_cast<float Self::*>(member), meta);
  };
  put("prog_noise_scale", &p::prog_noise_scale, field{.minimum = 0, .doc = "factor of the programming error"});
  put("read_noise_scale", &p::read_noise_scale, field{.minimum = 0, .doc = "factor of the read noise"});
  put("drift_scale", &p::drift_scale, field{.minimum = 0, .doc = "factor of the drift exponent"});
  put("t_read_s", &p::t_read_s, field{.minimum = 0, .open_minimum = true, .doc = "length of a read in s"});
  put("t_0_s", &p::t_0_s, field{.minimum = 0, .open_minimum = true, .doc = "time from programming to time 0, in s"});
}

} // namespace tilework::physics
