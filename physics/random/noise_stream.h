// SPDX-License-Identifier: Apache-2.0
/// \file Named random streams. A number depends only on (seed, purpose, array) and on (vector, element, slot):
/// never on the order of calls, the burst size, the block grid or the thread.
#pragma once

#include <tilework/core/operation.h>
#include <tilework/physics/random/distributions.h>
#include <tilework/physics/random/number_kernels.h>

#include <array>
#include <cstdint>
#include <span>

namespace tilework::physics {

/// What random numbers are for. The order is part of the meaning of a seed: append only.
enum class purpose : std::uint32_t {
  device_to_device,
  cycle_to_cycle,
  write_noise,
  forward_lines, ///< static differences between the lines of one side
  backward_lines,
  forward_noise,
  backward_noise,
  forward_noise_evaluation,
  backward_noise_evaluation,
  pulse_trains,
  programming,
  initial_weights,
  data_order,
  dataset,
  diffusion,
  reset,
  line_faults,
  cell_policy, ///< which device of a unit cell takes the pulses
  refresh_read,
  refresh_trains,
  device_drift, ///< of devices that are trained
  inference_programming,
  inference_read,
  weight_modifier,
  line_read,         ///< of single lines; part: the side that is driven
  line_write_trains, ///< same
};

/// Random numbers by address; cheap to copy, has no state.
class noise_stream {
public:
  /// \param part device of a unit cell, if it has several
  noise_stream(std::uint64_t seed, purpose what, logical_array array, std::uint32_t part = 0);

  /// Four random words of one address.
  /// \param vector index of the vector (or event) in the run
  /// \param slot anything that tells apart several draws of one element for one vector
  [[nodiscard]] random_block words(std::uint64_t vector, std::uint32_t element, std::uint32_t slot) const;
  /// Four standard normals of one address.
  [[nodiscard]] std::array<float, 4> normals(std::uint64_t vector, std::uint32_t element, std::uint32_t slot) const;

  /// What the generator is keyed with.
  [[nodiscard]] const stream_key& key() const { return key_; }

  /// One standard normal per element: number e is normals(vector, e / 4, slot)[e % 4].
  void fill_normals(std::uint64_t vector, std::uint32_t slot, std::span<float> out) const;
  /// One uniform number in [0, 1) per element: number e is uniform_from(words(vector, e / 4, slot)[e % 4]).
  void fill_uniforms(std::uint64_t vector, std::uint32_t slot, std::span<float> out) const;

private:
  friend class normal_sequence;
  void fill_normals_from(std::uint32_t first_block, std::uint64_t vector, std::uint32_t slot,
                         std::span<float> out) const;

  stream_key key_{};
};

/// The normals of (vector, slot) one after the other: number n is the n-th of noise_stream::fill_normals().
class normal_sequence {
public:
  normal_sequence(const noise_stream& stream, std::uint64_t vector, std::uint32_t slot)
      : stream_(&stream), vector_(vector), slot_(slot) {}
  normal_sequence(noise_stream&&, std::uint64_t, std::uint32_t) = delete; // it would not live long enough
  float next() {
    if (position_ == filled_)
      refill();
    return buffer_[position_++];
  }

private:
  void refill();

  const noise_stream* stream_;
  std::uint64_t vector_;
  std::uint32_t slot_;
  std::uint32_t blocks_ = 0; ///< random blocks used so far
  std::array<float, 64> buffer_{};
  std::size_t filled_ = 0;
  std::size_t position_ = 0;
};

/// Normal and uniform numbers of one element one after the other, for draws that are made once.
class draw_sequence {
public:
  draw_sequence(const noise_stream& stream, std::uint32_t element, std::uint64_t vector = 0)
      : stream_(&stream), vector_(vector), element_(element) {}
  draw_sequence(noise_stream&&, std::uint32_t, std::uint64_t = 0) = delete; // it would not live long enough
  float normal();
  float uniform();

private:
  const noise_stream* stream_;
  std::uint64_t vector_;
  std::uint32_t element_;
  std::uint32_t normals_ = 0;
  std::uint32_t uniforms_ = 0;
  std::array<float, 4> block_{};
};

} // namespace tilework::physics
