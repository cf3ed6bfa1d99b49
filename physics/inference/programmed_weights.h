// SPDX-License-Identifier: Apache-2.0
/// \file Weights of one array held by devices that are programmed once and then drift.
#pragma once

#include <tilework/core/byte_stream.h>
#include <tilework/core/operation.h>
#include <tilework/physics/inference/conductance_converter.h>
#include <tilework/physics/inference/conductance_noise.h>
#include <tilework/physics/random/noise_stream.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace tilework::physics {

/// Values depend on (seed, array id, event) and the targets only. As in AIHWKit, a read first converts the programmed
/// weights anew: the largest of them counts as g_max again, and of a pair only the difference survives programming.
/// After construction nothing is allocated.
class programmed_weights {
public:
  /// \param noise not null; made for the range of the converter
  programmed_weights(std::size_t cells, conductance_converter converter, std::unique_ptr<conductance_noise> noise,
                     std::uint64_t seed, logical_array id);

  /// Programs all devices; weights() are then those right after programming.
  /// \param event number of this programming in the run, for its noise
  /// \throws std::invalid_argument unless there is one target per cell
  void program(std::span<const float> targets, std::uint64_t event);
  /// Sets weights() to what a read sees then. Times may come in any order: each read starts from the programmed state.
  /// \param seconds since programming
  /// \param event number of this read in the run, for its noise
  /// \throws input_error for a time that the noise model does not know
  void drift_to(double seconds, std::uint64_t event);

  [[nodiscard]] std::span<const float> weights() const { return visible_; }

  void save(byte_writer& out) const;
  /// \throws input_error if the state belongs to another array
  void load(byte_reader& in);

private:
  conductance_converter converter_;
  std::unique_ptr<conductance_noise> noise_;
  noise_stream programming_;
  noise_stream reading_;
  std::vector<float> programmed_;
  std::vector<float> visible_;
  std::vector<float> coefficients_;   ///< per device
  std::vector<float> conductance_us_; ///< per device; scratch
};

} // namespace tilework::physics
