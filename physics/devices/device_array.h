// SPDX-License-Identifier: Apache-2.0
/// \file All devices of one crossbar, behind one interface.
#pragma once

#include <tilework/core/byte_stream.h>
#include <tilework/physics/crossbar/weight_view.h>
#include <tilework/physics/random/noise_stream.h>

#include <cstdint>
#include <span>

namespace tilework::physics {

/// Pulses that one cross-point receives for one vector pair; all have one direction.
struct pulse_run {
  std::uint32_t cell = 0;  ///< output * inputs + input
  std::int32_t pulses = 0; ///< > 0: up, < 0: down
};

/// Where an array's randomness comes from, and how large it is.
struct device_context {
  array_shape shape;
  std::uint64_t seed = 0;
  logical_array id;
};

/// State and behaviour of the devices of an array. Calls for different cells may run on different threads.
class device_array {
public:
  device_array() = default;
  device_array(const device_array&) = delete;
  device_array& operator=(const device_array&) = delete;
  virtual ~device_array() = default;

  /// Whether updates are exact products instead of pulses.
  [[nodiscard]] virtual bool is_ideal() const { return false; }
  /// Mean weight change of one pulse.
  [[nodiscard]] virtual float granularity() const = 0;
  /// What a read sees: row-major outputs x inputs.
  [[nodiscard]] virtual std::span<const float> weights() const = 0;

  /// Applies the pulses of one output line for one vector pair, each with fresh noise: pulse n of the line uses number
  /// n of the stream (vector, output). So a line is done in one call, its cells in ascending order.
  virtual void apply_pulses(std::uint32_t output, std::span<const pulse_run> runs, std::uint64_t vector) = 0;
  /// weights of one output += factor * x, then clipped to each device's bounds.
  virtual void add_exactly(std::uint32_t output, std::span<const float> x, float factor, std::uint64_t vector) = 0;
  /// Sets all weights, clipped to each device's bounds. \param event number of this programming event, for its noise
  virtual void program(std::span<const float> weights, std::uint64_t event) = 0;

  /// Mutable state only; device parameters follow from the seed.
  virtual void save(byte_writer& out) const = 0;
  virtual void load(byte_reader& in) = 0;
};

} // namespace tilework::physics
