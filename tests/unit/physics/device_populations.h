// SPDX-License-Identifier: Apache-2.0
/// \file Many devices at once: arrays with a single output line, where every input is one device.
#pragma once

#include "statistics.h"
#include "support/devices.h"

#include <tilework/physics/devices/device_array.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tilework::physics {

using device_pointer = std::unique_ptr<device_array>;

/// Overrides that make all devices alike.
inline const std::string alike = "dw_min_dtod: 0, up_down_dtod: 0, w_max_dtod: 0, w_min_dtod: 0, ";

/// A line of so many devices.
inline device_pointer population(const device_spec& spec, std::uint32_t count, std::uint64_t seed = 1) {
  return spec.make({.shape = {count, 1}, .seed = seed});
}

inline std::vector<float> weights_of(const device_array& devices) {
  return {devices.weights().begin(), devices.weights().end()};
}

inline void program_all(device_array& devices, float weight) {
  devices.program(std::vector<float>(devices.weights().size(), weight), 0);
}

/// The same pulses for every device of a line. \param pulses > 0: up, < 0: down
inline void pulse_all(device_array& devices, std::int32_t pulses, std::uint64_t vector) {
  std::vector<pulse_run> runs(devices.weights().size());
  for (std::uint32_t c = 0; c < runs.size(); ++c)
    runs[c] = {c, pulses};
  devices.apply_pulses(0, runs, vector);
}

inline sample sample_of(std::span<const float> values) {
  sample s;
  for (const float v : values)
    s.add(v);
  return s;
}

/// Values of a drawn property, one per device; empty if there is no such property.
inline std::vector<float> property(const device_array& devices, std::string_view name) {
  for (auto& known : devices.properties())
    if (known.name == name)
      return std::move(known.values);
  return {};
}

} // namespace tilework::physics
