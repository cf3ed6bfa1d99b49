// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/crossbar/weight_view.h>

namespace tilework::physics {

void multiply(const weight_view& w, std::span<const float> in, std::span<float> out) {
  const auto& kernels = kernels_of(w.isa);
  const auto product = w.direction == mvm_direction::forward ? kernels.forward : kernels.backward;
  product(w.data, w.factors, w.shape.outputs, w.shape.inputs, in.data(), out.data());
}

void multiply_absolute(const weight_view& w, std::span<const float> in, std::span<float> out) {
  const auto& kernels = kernels_of(w.isa);
  const auto product = w.direction == mvm_direction::forward ? kernels.absolute_forward : kernels.absolute_backward;
  product(w.data, w.factors, w.shape.outputs, w.shape.inputs, in.data(), out.data());
}

} // namespace tilework::physics
