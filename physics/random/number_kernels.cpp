// SPDX-License-Identifier: Apache-2.0
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tilework/physics/random/number_kernels.cpp" // this file, once per instruction set
#include <hwy/foreach_target.h>

#include <tilework/physics/random/fill-inl.h>
#include <tilework/physics/random/number_kernels.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {
namespace {

random_block one_block(const block_address& a) {
  const hn::FixedTag<std::uint32_t, 4> four;
  hn::VFromD<decltype(four)> state[1] = {counters(four, a.vector, a.block, a.slot)};
  encipher(four, a.key, state);
  alignas(16) random_block out;
  hn::Store(state[0], four, out.data());
  return out;
}

void fill_words(const block_address& first, std::span<std::uint32_t> out) {
  fill(
      first, out,
      [](const word_vector(&random)[4], word_vector(&numbers)[4]) HWY_ATTR { std::copy_n(random, 4, numbers); },
      [](word_vector random) HWY_ATTR { return random; });
}

void fill_normals(const block_address& first, std::span<float> out) {
  fill_with_normals(first, out);
}

void fill_uniforms(const block_address& first, std::span<float> out) {
  fill(
      first, out,
      [](const word_vector(&random)[4], float_vector(&numbers)[4]) HWY_ATTR {
        for (std::size_t v = 0; v < 4; ++v)
          numbers[v] = uniforms_from(random[v]);
      },
      [](word_vector random) HWY_ATTR { return uniforms_from(random); });
}

} // namespace
} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <tilework/physics/simd/dispatch.h>

namespace tilework::physics {
namespace {

HWY_EXPORT(one_block);
HWY_EXPORT(fill_words);
HWY_EXPORT(fill_normals);
HWY_EXPORT(fill_uniforms);

} // namespace

number_kernels number_kernels_of(instruction_set isa) {
  const auto i = dispatch_index(isa);
  return {HWY_DISPATCH_TABLE(one_block)[i], HWY_DISPATCH_TABLE(fill_words)[i], HWY_DISPATCH_TABLE(fill_normals)[i],
          HWY_DISPATCH_TABLE(fill_uniforms)[i]};
}

const number_kernels& fastest_number_kernels() {
  static const number_kernels kernels = number_kernels_of(best_instruction_set());
  return kernels;
}

} // namespace tilework::physics
#endif
