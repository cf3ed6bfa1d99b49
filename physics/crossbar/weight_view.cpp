// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/crossbar/weight_view.h>

#include <Eigen/Core>

#include <cmath>

namespace tilework::physics {
namespace {

using matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

auto as_matrix(const weight_view& w) {
  return Eigen::Map<const matrix>(w.data, w.shape.outputs, w.shape.inputs);
}
auto as_vector(std::span<const float> v) {
  return Eigen::Map<const Eigen::VectorXf>(v.data(), static_cast<Eigen::Index>(v.size()));
}
auto as_vector(std::span<float> v) {
  return Eigen::Map<Eigen::VectorXf>(v.data(), static_cast<Eigen::Index>(v.size()));
}

/// out_r = f(W_r,l) in_l for the one line l that is driven.
template <typename F>
void multiply_line(const weight_view& w, std::span<const float> in, std::span<float> out, F f) {
  const float x = in[w.only_line];
  const bool forward = w.direction == mvm_direction::forward;
  const std::size_t first = forward ? w.only_line : std::size_t{w.only_line} * w.shape.inputs;
  const std::size_t stride = forward ? w.shape.inputs : 1;
  for (std::size_t r = 0; r < out.size(); ++r)
    out[r] = f(w.data[first + r * stride]) * x;
}

} // namespace

void multiply(const weight_view& w, std::span<const float> in, std::span<float> out) {
  if (w.only_line != weight_view::all_lines)
    return multiply_line(w, in, out, [](float weight) { return weight; });
  if (w.direction == mvm_direction::forward)
    as_vector(out).noalias() = as_matrix(w) * as_vector(in);
  else
    as_vector(out).noalias() = as_matrix(w).transpose() * as_vector(in);
}

void multiply_absolute(const weight_view& w, std::span<const float> in, std::span<float> out) {
  if (w.only_line != weight_view::all_lines)
    return multiply_line(w, in, out, [](float weight) { return std::abs(weight); });
  const auto weights = as_matrix(w);
  if (w.direction == mvm_direction::forward) {
    for (Eigen::Index row = 0; row < weights.rows(); ++row)
      as_vector(out)[row] = weights.row(row).transpose().cwiseAbs().dot(as_vector(in));
  } else {
    as_vector(out).setZero();
    for (Eigen::Index row = 0; row < weights.rows(); ++row)
      as_vector(out) += weights.row(row).transpose().cwiseAbs() * as_vector(in)[row];
  }
}

} // namespace tilework::physics
