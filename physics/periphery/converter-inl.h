// SPDX-License-Identifier: Apache-2.0
/// \file converter::quantise() on vectors. Included once per instruction set.
#if defined(TILEWORK_PHYSICS_PERIPHERY_CONVERTER_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TILEWORK_PHYSICS_PERIPHERY_CONVERTER_INL_H
#undef TILEWORK_PHYSICS_PERIPHERY_CONVERTER_INL_H
#else
#define TILEWORK_PHYSICS_PERIPHERY_CONVERTER_INL_H
#endif

#include <tilework/physics/periphery/converter.h>
#include <tilework/physics/simd/lists-inl.h>

#include <cstddef>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {

/// \param uniforms `count` of them; null: the nearest code, ties to even
HWY_INLINE float_vector quantised(const converter& c, float_vector v, const float* uniforms, std::size_t count) {
  if (!(c.step > 0))
    return v;
  auto code = hn::Div(v, constant(c.step));
  if (uniforms != nullptr)
    code = hn::Sub(hn::Add(code, load_some(uniforms, count)), constant(0.5F));
  return hn::Mul(constant(c.step), hn::Round(code));
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
