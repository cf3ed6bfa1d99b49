// SPDX-License-Identifier: Apache-2.0
/// \file IonDrift: a metal-oxide memristor whose doped region grows and shrinks with the charge of every pulse.
#pragma once

#include <tilework/core/embedded_text.h>
#include <tilework/core/field.h>
#include <tilework/physics/devices/device_array.h>
#include <tilework/physics/devices/pulsed_parameters.h>

#include <memory>
#include <span>
#include <string_view>

namespace oxide {

/// A share x = (w - min) / (max - min) of the film is doped. Pulses of equal charge move the border of the doped region
/// by equal steps (linear ion drift: Strukov et al., Nature 453:80, 2008), and slower near the electrode that it moves
/// to (window: Biolek et al., Radioengineering 18:210, 2009):
///   up:   w + up (1 - x^2p) (1 + dw_min_std xi)
///   down: w - down (1 - (1 - x)^2p) (1 + dw_min_std xi)
struct ion_drift : tilework::physics::pulsed_parameters {
  static constexpr std::string_view name = "IonDrift";

  int p = 2;

  template <typename Visitor>
  static void fields(Visitor&& v) {
    common_fields<ion_drift>(v);
    v("p", &ion_drift::p, tilework::field{.minimum = 1, .maximum = 100, .doc = "sharpness of the window"});
  }
  /// Mean of both steps at weight 0 of the nominal device.
  [[nodiscard]] float granularity() const;
  [[nodiscard]] float states() const { return (w_max - w_min) / granularity(); }
  /// \throws tilework::input_error if the window has no width, or does not contain 0
  void validate() const;
  friend bool operator==(const ion_drift&, const ion_drift&) = default;
};

std::unique_ptr<tilework::physics::device_array> make_devices(const ion_drift& parameters,
                                                              const tilework::physics::device_context& context);

/// Presets of this device, embedded by CMakeLists.txt.
std::span<const tilework::embedded_text> presets();

} // namespace oxide
