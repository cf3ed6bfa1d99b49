// SPDX-License-Identifier: Apache-2.0
/// \file Vectors of lists whose length is no multiple of a vector's. Included once per instruction set.
#if defined(TILEWORK_PHYSICS_SIMD_LISTS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TILEWORK_PHYSICS_SIMD_LISTS_INL_H
#undef TILEWORK_PHYSICS_SIMD_LISTS_INL_H
#else
#define TILEWORK_PHYSICS_SIMD_LISTS_INL_H
#endif

#include <tilework/physics/simd/elementary-inl.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {

/// The first `count` of a vector's lanes, or all if there are as many; zeros after them.
HWY_INLINE float_vector load_some(const float* from, std::size_t count) {
  const floats f;
  if (count >= hn::Lanes(f))
    return hn::LoadU(f, from);
  HWY_ALIGN float some[hn::MaxLanes(floats())] = {};
  std::copy_n(from, count, some);
  return hn::Load(f, some);
}

/// \param count lanes to store, or all if there are as many
template <class D>
HWY_INLINE void store_some(hn::VFromD<D> v, D d, hn::TFromD<D>* to, std::size_t count) {
  if (count >= hn::Lanes(d))
    return hn::StoreU(v, d, to);
  HWY_ALIGN hn::TFromD<D> some[hn::MaxLanes(d)];
  hn::Store(v, d, some);
  std::copy_n(some, count, to);
}

/// Whether a vector's cells, which ascend, are neighbours.
HWY_INLINE bool adjoin(const std::uint32_t* cells) {
  const auto last = static_cast<std::uint32_t>(hn::Lanes(words())) - 1;
  return cells[last] - cells[0] == last;
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
