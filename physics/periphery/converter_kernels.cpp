// SPDX-License-Identifier: Apache-2.0
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tilework/physics/periphery/converter_kernels.cpp" // this file, once per instruction set
#include <hwy/foreach_target.h>

#include <tilework/physics/periphery/converter_kernels.h>
#include <tilework/physics/simd/elementary-inl.h>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {

/// Numbers of the lanes from `first` on; null stays null. Less than a vector of them is filled up with zeros.
class line_end {
public:
  const float* of(const float* line, std::size_t first, std::size_t count) {
    if (line == nullptr || count == hn::Lanes(floats()))
      return line == nullptr ? nullptr : line + first;
    for (std::size_t l = 0; l < hn::Lanes(floats()); ++l)
      values_[l] = l < count ? line[first + l] : 0.0F;
    return values_;
  }

private:
  HWY_ALIGN float values_[16];
};

HWY_INLINE void store_some(float_vector v, float* to, std::size_t count) {
  const floats f;
  if (count == hn::Lanes(f))
    return hn::StoreU(v, f, to);
  HWY_ALIGN float last[16];
  hn::Store(v, f, last);
  for (std::size_t l = 0; l < count; ++l)
    to[l] = last[l];
}

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

HWY_INLINE float_vector quantised(const converter& c, float_vector v, const float* uniforms) {
  if (!(c.step > 0))
    return v;
  auto code = hn::Div(v, constant(c.step));
  if (uniforms != nullptr)
    code = hn::Sub(hn::Add(code, hn::LoadU(floats(), uniforms)), constant(0.5F));
  return hn::Mul(constant(c.step), hn::Round(code));
}

std::uint64_t quantise_inputs(const converter& dac, float factor, std::span<const float> x, const float* uniforms,
                              std::span<float> out) {
  const floats f;
  const auto most = constant(dac.bound);
  const auto least = constant(-dac.bound);
  line_end x_end;
  line_end u_end;
  std::size_t active = 0;
  for_vectors(x.size(), [&](std::size_t first, std::size_t count) HWY_ATTR {
    const auto scaled = hn::Mul(hn::LoadU(f, x_end.of(x.data(), first, count)), constant(factor));
    auto v = quantised(dac, scaled, u_end.of(uniforms, first, count));
    v = hn::IfThenElse(hn::Gt(v, most), most, v); // a NaN stays one
    v = hn::IfThenElse(hn::Lt(v, least), least, v);
    active += hn::CountTrue(f, hn::Ne(v, constant(0)));
    store_some(v, out.data() + first, count);
  });
  return active;
}

saturation_count quantise_outputs(const converter& adc, const conversion_noise& noise, const float* uniforms,
                                  float scale, std::span<float> y) {
  const floats f;
  const auto most = constant(adc.bound);
  const auto least = constant(-adc.bound);
  line_end y_end;
  line_end n_end;
  line_end d_end;
  line_end u_end;
  saturation_count clipped;
  for_vectors(y.size(), [&](std::size_t first, std::size_t count) HWY_ATTR {
    auto v = hn::LoadU(f, y_end.of(y.data(), first, count));
    if (noise.normals != nullptr) {
      const float* deviations = d_end.of(noise.deviations, first, count);
      const auto deviation = deviations == nullptr ? constant(noise.deviation) : hn::LoadU(f, deviations);
      v = hn::Add(v, hn::Mul(deviation, hn::LoadU(f, n_end.of(noise.normals, first, count))));
    }
    v = quantised(adc, v, u_end.of(uniforms, first, count));
    const auto above = hn::Gt(v, most);
    const auto below = hn::Lt(v, least);
    clipped.above += hn::CountTrue(f, above);
    clipped.below += hn::CountTrue(f, below);
    v = hn::IfThenElse(below, least, hn::IfThenElse(above, most, v));
    store_some(hn::Mul(v, constant(scale)), y.data() + first, count);
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

std::uint64_t convert_inputs(const converter& dac, float factor, std::span<const float> x, const float* uniforms,
                             std::span<float> out, std::size_t isa) {
  return HWY_DISPATCH_TABLE(quantise_inputs)[isa](dac, factor, x, uniforms, out);
}

saturation_count convert_outputs(const converter& adc, const conversion_noise& noise, const float* uniforms,
                                 float scale, std::span<float> y, std::size_t isa) {
  return HWY_DISPATCH_TABLE(quantise_outputs)[isa](adc, noise, uniforms, scale, y);
}

} // namespace tilework::physics
#endif
