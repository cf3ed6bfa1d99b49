// SPDX-License-Identifier: Apache-2.0
/// \file Parameters of a device from measured potentiation and depression curves.
///
/// Between two points of a device that are m pulses apart, the weight changes by the sum of m steps, and the step is a
/// linear combination of functions of the weight. Sums over parts of a sweep give linear equations for its
/// coefficients (least squares). The longer the parts, the less does noise of the reading distort them: it enters once
/// per part, the steps m times.
#pragma once

#include <tilework/physics/devices/device_spec.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace tilework::physics {

/// One reading of a device.
struct curve_point {
  double value = 0;         ///< weight or conductance, any unit
  std::uint32_t pulses = 0; ///< since the reading before; 0: a new start, whatever was before
  bool down = false;        ///< direction of these pulses
};

/// Readings of one device in order of time.
using measured_device = std::vector<curve_point>;

/// What is fitted: a PiecewiseStep, a LinearStep or a SoftBounds device.
enum class curve_model : std::uint8_t { piecewise_step, linear_step, soft_bounds };

struct curve_fit_options {
  curve_model model = curve_model::piecewise_step;
  unsigned nodes = 9; ///< of each table of a PiecewiseStep, at least 2
  /// Weights of the ends of the fitted window; without a value the end keeps its own.
  std::optional<double> w_min;
  std::optional<double> w_max;
};

struct curve_fit {
  device_spec device;
  /// weight = gain * value + offset
  double gain = 1;
  double offset = 0;
  /// Weight of every point of every device as its fitted device has it without noise, each sweep (pulses of one
  /// direction) from the measured weight at its start.
  std::vector<std::vector<double>> fitted;
  double rms = 0;           ///< of measured minus fitted weights, starts of sweeps left out
  double rms_share = 0;     ///< the same as a share of the weight window
  double reading_noise = 0; ///< std of one reading in weight units; it is no property of the device
};

/// Fits one device to the measured devices. Step sizes and windows are means over them, the spreads dw_min_dtod,
/// up_down_dtod, w_min_dtod and w_max_dtod what remains of their differences beyond the error of the fit; 0 for a
/// single device. dw_min_std follows from the scatter of single readings around the fit, after the part that neighbours
/// share with opposite signs, which is noise of the reading. Everything else is the model's default.
///
/// The window is, per device, from the smallest to the largest reading; for SoftBounds from where down steps vanish to
/// where up steps do. Other models have hard bounds, which may cut a step: readings less than a sweep's mean change
/// from the end that its pulses lead to do not count. \throws input_error if a device has no pulses in one of the
/// directions, or does not follow them on the average; if the window does not contain weight 0
curve_fit fit_curve(std::span<const measured_device> devices, const curve_fit_options& options = {});

} // namespace tilework::physics
