// SPDX-License-Identifier: Apache-2.0
/// \file Lists of the numbers of consecutive blocks. Included once per instruction set.
#if defined(TILEWORK_PHYSICS_RANDOM_FILL_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TILEWORK_PHYSICS_RANDOM_FILL_INL_H
#undef TILEWORK_PHYSICS_RANDOM_FILL_INL_H
#else
#define TILEWORK_PHYSICS_RANDOM_FILL_INL_H
#endif

#include <tilework/physics/random/number_kernels.h>
#include <tilework/physics/simd/lists-inl.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {

/// Fills `out` with numbers made of words: of four vectors at a time, then of one, then what is left. The words of the
/// next four are ciphered meanwhile, because neither part alone keeps the processor busy.
template <typename Number, typename OfFour, typename OfOne>
HWY_INLINE void fill(const block_address& first, std::span<Number> out, OfFour of_four, OfOne of_one) {
  const hn::Rebind<Number, words> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto block = [&](std::size_t e) HWY_ATTR { return first.block + static_cast<std::uint32_t>(e / 4); };
  std::size_t e = 0;
  word_vector next[4];
  if (4 * lanes <= out.size())
    random_words4(first.key, first.vector, block(0), first.slot, next);
  for (; e + 4 * lanes <= out.size(); e += 4 * lanes) {
    const word_vector random[4] = {next[0], next[1], next[2], next[3]};
    if (e + 8 * lanes <= out.size())
      random_words4(first.key, first.vector, block(e + 4 * lanes), first.slot, next);
    hn::VFromD<decltype(d)> numbers[4];
    of_four(random, numbers);
    for (std::size_t v = 0; v < 4; ++v)
      hn::StoreU(numbers[v], d, out.data() + e + v * lanes);
  }
  for (; e < out.size(); e += lanes) {
    const auto numbers = of_one(random_words(first.key, first.vector, block(e), first.slot));
    store_some(numbers, d, out.data() + e, out.size() - e);
  }
}

HWY_INLINE void fill_with_normals(const block_address& first, std::span<float> out) {
  fill(
      first, out,
      [](const word_vector(&random)[4], float_vector(&numbers)[4]) HWY_ATTR { normals_from(random, numbers); },
      [](word_vector random) HWY_ATTR { return normals_from(random); });
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
