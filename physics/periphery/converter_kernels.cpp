// SPDX-License-Identifier: Apache-2.0
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tilework/physics/periphery/converter_kernels.cpp" // this file, once per instruction set
#include <hwy/foreach_target.h>

#include <tilework/physics/periphery/converter-inl.h>
#include <tilework/physics/periphery/converter_kernels.h>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {

/// Calls body(first, count) for the lanes of each vector of a line.
template <typename F>
HWY_INLINE void for_vectors(std::size_t size, F body) {
  const std::size_t lanes = hn::Lanes(floats());
  std::size_t first = 0;
  for (; first + lanes <= size; first += lanes)
    body(first, lanes);
  if (first < size)
    body(first, size - first);
}

/// The list from `first` on; null stays null.
HWY_INLINE const float* at(const float* list, std::size_t first) {
  return list == nullptr ? nullptr : list + first;
}

/// Squares of both halves of each pair of words, added up.
HWY_INLINE auto pair_squares(word_vector v) {
  const hn::RepartitionToWide<words> pairs;
  const auto odd = hn::BitCast(words(), hn::ShiftRight<32>(hn::BitCast(pairs, v)));
  return hn::Add(hn::MulEven(v, v), hn::MulEven(odd, odd));
}

input_codes quantise_inputs(const converter& dac, float factor, std::span<const float> x, const float* uniforms,
                            std::span<float> out) {
  const floats f;
  const auto most = constant(dac.bound);
  const auto least = constant(-dac.bound);
  const auto per_step = constant(dac.step > 0 ? 1 / dac.step : 0);
  std::size_t active = 0;
  auto sums = hn::Zero(words());
  auto squares = hn::Zero(hn::RepartitionToWide<words>());
  for_vectors(x.size(), [&](std::size_t first, std::size_t count) HWY_ATTR {
    const auto scaled = hn::Mul(load_some(x.data() + first, count), constant(factor));
    auto v = quantised(dac, scaled, at(uniforms, first), count);
    v = hn::IfThenElse(hn::Gt(v, most), most, v); // a NaN stays one
    v = hn::IfThenElse(hn::Lt(v, least), least, v);
    active += hn::CountTrue(f, hn::Ne(v, constant(0)));
    const auto codes = hn::BitCast(words(), hn::NearestInt(hn::Mul(hn::Abs(v), per_step)));
    sums = hn::Add(sums, codes);
    squares = hn::Add(squares, pair_squares(codes));
    store_some(v, f, out.data() + first, count);
  });
  if (dac.step == 0)
    return {active, 0, 0};
  return {active, hn::GetLane(hn::SumOfLanes(words(), sums)),
          hn::GetLane(hn::SumOfLanes(hn::RepartitionToWide<words>(), squares))};
}

saturation_count quantise_outputs(const converter& adc, const conversion_noise& noise, const float* uniforms,
                                  float scale, std::span<float> y) {
  const floats f;
  const auto most = constant(adc.bound);
  const auto least = constant(-adc.bound);
  saturation_count clipped;
  for_vectors(y.size(), [&](std::size_t first, std::size_t count) HWY_ATTR {
    auto v = load_some(y.data() + first, count);
    if (noise.normals != nullptr) {
      const auto deviation =
          noise.deviations == nullptr ? constant(noise.deviation) : load_some(noise.deviations + first, count);
      v = hn::Add(v, hn::Mul(deviation, load_some(noise.normals + first, count)));
    }
    v = quantised(adc, v, at(uniforms, first), count);
    const auto above = hn::Gt(v, most);
    const auto below = hn::Lt(v, least);
    clipped.above += hn::CountTrue(f, above);
    clipped.below += hn::CountTrue(f, below);
    v = hn::IfThenElse(below, least, hn::IfThenElse(above, most, v));
    store_some(hn::Mul(v, constant(scale)), f, y.data() + first, count);
  });
  return clipped;
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace tilework::physics {
namespace {

HWY_EXPORT(quantise_inputs);
HWY_EXPORT(quantise_outputs);

} // namespace

input_codes convert_inputs(const converter& dac, float factor, std::span<const float> x, const float* uniforms,
                           std::span<float> out, std::size_t isa) {
  return HWY_DISPATCH_TABLE(quantise_inputs)[isa](dac, factor, x, uniforms, out);
}

saturation_count convert_outputs(const converter& adc, const conversion_noise& noise, const float* uniforms,
                                 float scale, std::span<float> y, std::size_t isa) {
  return HWY_DISPATCH_TABLE(quantise_outputs)[isa](adc, noise, uniforms, scale, y);
}

} // namespace tilework::physics
#endif
