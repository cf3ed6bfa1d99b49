// SPDX-License-Identifier: Apache-2.0
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tilework/physics/random/noise_stream.cpp" // this file, once per instruction set
#include <hwy/foreach_target.h>

#include <tilework/physics/random/noise_stream.h>
#include <tilework/physics/simd/elementary-inl.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {

/// Number q of block b at out[4 b + q].
void fill_with_normals(philox_key key, std::uint32_t first_block, std::uint64_t vector, std::uint32_t slot,
                       std::span<float> out) {
  const floats f;
  const std::size_t lanes = hn::Lanes(f);
  HWY_ALIGN float last[4 * 16];
  for (std::size_t first = 0; first < out.size(); first += 4 * lanes) {
    float_vector n[4];
    normals_of_lanes(key, first_block + static_cast<std::uint32_t>(first / 4), vector, slot, n);
    const std::size_t count = std::min(4 * lanes, out.size() - first);
    float* const target = count < 4 * lanes ? last : out.data() + first;
    hn::StoreInterleaved4(n[0], n[1], n[2], n[3], f, target);
    if (target == last)
      std::copy_n(last, count, out.data() + first);
  }
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <numeric>

namespace tilework::physics {
namespace {

HWY_EXPORT(fill_with_normals);

} // namespace

noise_stream::noise_stream(std::uint64_t seed, purpose what, logical_array array, std::uint32_t part) {
  const std::uint64_t id = array.key();
  const auto w = philox(
      {static_cast<std::uint32_t>(id), static_cast<std::uint32_t>(id >> 32U), static_cast<std::uint32_t>(what), part},
      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32U)});
  key_ = {w[0], w[1]};
}

void noise_stream::fill_normals(std::uint64_t vector, std::uint32_t slot, std::span<float> out) const {
  fill_normals_from(0, vector, slot, out);
}

void noise_stream::fill_normals_from(std::uint32_t first_block, std::uint64_t vector, std::uint32_t slot,
                                     std::span<float> out) const {
  HWY_DYNAMIC_DISPATCH(fill_with_normals)(key_, first_block, vector, slot, out);
}

void normal_sequence::refill() {
  filled_ = std::clamp<std::size_t>(2 * filled_, 16, buffer_.size()); // few numbers are cheap, many are fast
  stream_->fill_normals_from(blocks_, vector_, slot_, std::span(buffer_).first(filled_));
  blocks_ += static_cast<std::uint32_t>(filled_ / 4);
  position_ = 0;
}

void noise_stream::fill_uniforms(std::uint64_t vector, std::uint32_t slot, std::span<float> out) const {
  constexpr std::size_t lanes = 4;
  for (std::size_t first = 0; first < out.size(); first += 4 * lanes) {
    std::array<std::uint32_t, lanes> block{};
    std::iota(block.begin(), block.end(), static_cast<std::uint32_t>(first / 4));
    const auto random = words(vector, block, slot);
    const std::size_t count = std::min(4 * lanes, out.size() - first);
    for (std::size_t e = 0; e < count; ++e)
      out[first + e] = uniform_from(random[e % 4][e / 4]);
  }
}

float draw_sequence::normal() {
  const auto position = normals_++;
  if (position % 4 == 0)
    block_ = stream_->normals(vector_, element_, position / 4);
  return block_[position % 4];
}

float draw_sequence::uniform() {
  constexpr std::uint32_t uniform_slots = 1U << 31U; // apart from the slots of normal()
  return uniform_from(stream_->words(vector_, element_, uniform_slots | uniforms_++)[0]);
}

} // namespace tilework::physics
#endif
