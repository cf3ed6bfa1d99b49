// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/random/noise_stream.h>

#include <algorithm>

namespace tilework::physics {

noise_stream::noise_stream(std::uint64_t seed, purpose what, logical_array array, std::uint32_t part) {
  // Keys are numbers of the stream that the seed itself is the key of: different for different streams of one seed.
  const auto w = fastest_number_kernels().block({{seed, 0}, array.key(), static_cast<std::uint32_t>(what), part});
  key_ = {w[0] | std::uint64_t{w[1]} << 32U, w[2] | std::uint64_t{w[3]} << 32U};
}

random_block noise_stream::words(std::uint64_t vector, std::uint32_t element, std::uint32_t slot) const {
  return fastest_number_kernels().block({key_, vector, element, slot});
}

std::array<float, 4> noise_stream::normals(std::uint64_t vector, std::uint32_t element, std::uint32_t slot) const {
  std::array<float, 4> numbers; // NOLINT(*-member-init)
  fastest_number_kernels().normals({key_, vector, element, slot}, numbers);
  return numbers;
}

void noise_stream::fill_normals(std::uint64_t vector, std::uint32_t slot, std::span<float> out) const {
  fill_normals_from(0, vector, slot, out);
}

void noise_stream::fill_normals_from(std::uint32_t first_block, std::uint64_t vector, std::uint32_t slot,
                                     std::span<float> out) const {
  fastest_number_kernels().normals({key_, vector, first_block, slot}, out);
}

void noise_stream::fill_uniforms(std::uint64_t vector, std::uint32_t slot, std::span<float> out) const {
  fastest_number_kernels().uniforms({key_, vector, 0, slot}, out);
}

void normal_sequence::refill() {
  filled_ = std::clamp<std::size_t>(2 * filled_, 16, buffer_.size()); // few numbers are cheap, many are fast
  stream_->fill_normals_from(blocks_, vector_, slot_, std::span(buffer_).first(filled_));
  blocks_ += static_cast<std::uint32_t>(filled_ / 4);
  position_ = 0;
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
