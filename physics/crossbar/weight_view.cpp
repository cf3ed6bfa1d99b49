// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/crossbar/weight_view.h>

#include <cmath>

namespace tilework::physics {
namespace {

/// out_r = f(W_r,l) in_l for the one line l that is driven.
template <typename F>
void multiply_line(const weight_view& w, const float* in, float* out, F f) {
  const float x = in[w.only_line];
  const bool forward = w.direction == mvm_direction::forward;
  const std::size_t first = forward ? w.only_line : std::size_t{w.only_line} * w.shape.inputs;
  const std::size_t stride = forward ? w.shape.inputs : 1;
  for (std::size_t r = 0; r < w.read_lines(); ++r) {
    const std::size_t c = first + r * stride;
    out[r] = f(w.factors == nullptr ? w.data[c] : w.data[c] * w.factors[c]) * x;
  }
}

template <typename F>
void multiply_line(const weight_view& w, std::span<const float* const> in, std::span<float* const> out, F f) {
  for (std::size_t v = 0; v < in.size(); ++v)
    multiply_line(w, in[v], out[v], f);
}

} // namespace

void multiply(const weight_view& w, std::span<const float* const> in, std::span<float* const> out) {
  if (w.only_line != weight_view::all_lines)
    return multiply_line(w, in, out, [](float weight) { return weight; });
  const auto& kernels = kernels_of(w.isa);
  const auto product = w.direction == mvm_direction::forward ? kernels.forward : kernels.backward;
  product(w.data, w.factors, w.shape.outputs, w.shape.inputs, in.data(), out.data(), in.size());
}

void multiply_absolute(const weight_view& w, std::span<const float* const> in, std::span<float* const> out) {
  if (w.only_line != weight_view::all_lines)
    return multiply_line(w, in, out, [](float weight) { return std::abs(weight); });
  const auto& kernels = kernels_of(w.isa);
  const auto product = w.direction == mvm_direction::forward ? kernels.absolute_forward : kernels.absolute_backward;
  product(w.data, w.factors, w.shape.outputs, w.shape.inputs, in.data(), out.data(), in.size());
}

} // namespace tilework::physics
