// SPDX-License-Identifier: Apache-2.0
/// \file How fresh devices answer to pulses: programmed to weight 0, then up pulses, then as many down pulses.
#pragma once

#include <tilework/physics/devices/device_spec.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tilework::cli {

struct response_request {
  unsigned pulses = 1000; ///< in each direction
  unsigned devices = 40;
  std::uint64_t seed = 1;
};

/// Weights of all devices after a pulse. Percentiles are of the sorted weights, linearly interpolated.
struct weight_spread {
  double mean = 0;
  double deviation = 0; ///< 0 for a single device
  double minimum = 0;
  double p5 = 0;
  double median = 0;
  double p95 = 0;
  double maximum = 0;
};

struct pulse_response {
  /// After programming, after each up pulse, after each down pulse.
  std::vector<weight_spread> spread;
  /// Of the first devices, at every `stride` pulses of each direction and at its end.
  std::vector<std::vector<float>> singles;
  std::vector<std::uint32_t> reading_times; ///< pulses before each element of `singles`
};

/// \throws input_error for devices that are updated without pulses
pulse_response respond(const physics::device_spec& device, const response_request& request);

/// Header of response_rows().
std::string response_header();
/// CSV rows: device, phase (program, up, down), pulse of the phase, then the spread.
std::string response_rows(const std::string& device, const pulse_response& response);
/// The single devices as a curve file that `from_curve` reads.
std::string response_curve(const std::string& device, const pulse_response& response);

} // namespace tilework::cli
