// SPDX-License-Identifier: Apache-2.0
/// \file Conductance laws of filamentary resistive memory: no power law, but relaxation after programming.
/// Values follow AIHWKit's noise models.
#pragma once

#include <tilework/core/field.h>
#include <tilework/physics/inference/conductance_converter.h>
#include <tilework/physics/inference/conductance_noise.h>

#include <memory>
#include <string_view>

namespace tilework::physics {

/// ReRAM of Wan et al., Nature 608, 504 (2022): spread around the target 1 s, 1 day and 2 days after programming, a
/// polynomial in r = g / g_max. Nothing is known about other times. A read does not depend on the programmed value:
/// the measurements give distributions, not trajectories.
struct reram_wan_2022 {
  static constexpr std::string_view name = "ReRamWan2022";

  float noise_scale = 1;
  /// Largest conductance of the measurement. AIHWKit takes the converter's g_max in its place, whatever that is.
  float reference_g_max_us = 40;

  template <typename Visitor>
  static void fields(Visitor&& v) {
    using p = reram_wan_2022;
    v("noise_scale", &p::noise_scale, field{.minimum = 0, .doc = "factor of the spread"});
    v("reference_g_max_us", &p::reference_g_max_us,
      field{.minimum = 0, .open_minimum = true, .doc = "largest conductance of the measurement in uS"});
  }
  /// \throws input_error unless reference_g_max_us > 0
  void validate() const;
  friend bool operator==(const reram_wan_2022&, const reram_wan_2022&) = default;
};

/// ReRAM with a conductive metal oxide on HfOx, for single_device. Programmed with write and verify until the target is
/// met within an acceptance range; then the conductance relaxes with ln t, whatever its value.
struct reram_cmo {
  static constexpr std::string_view name = "ReRamCMO";

  float acceptance_percent = 0.2F; ///< 0.2 or 2
  float prog_noise_scale = 1;
  float read_noise_scale = 1;
  float drift_scale = 1;

  template <typename Visitor>
  static void fields(Visitor&& v) {
    using p = reram_cmo;
    v("acceptance_percent", &p::acceptance_percent, field{.doc = "accepted error of programming: 0.2 or 2 percent"});
    v("prog_noise_scale", &p::prog_noise_scale, field{.minimum = 0, .doc = "factor of the programming error"});
    v("read_noise_scale", &p::read_noise_scale, field{.minimum = 0, .doc = "factor of the read noise"});
    v("drift_scale", &p::drift_scale, field{.minimum = 0, .doc = "factor of the relaxation"});
  }
  /// \throws input_error for an acceptance range that was not measured
  void validate() const;
  friend bool operator==(const reram_cmo&, const reram_cmo&) = default;
};

/// \param range of the converter, see conductance_converter::range()
/// \throws input_error for contradicting parameters
std::unique_ptr<conductance_noise> make_noise(const reram_wan_2022& parameters, const conductance_range& range);
std::unique_ptr<conductance_noise> make_noise(const reram_cmo& parameters, const conductance_range& range);

} // namespace tilework::physics
