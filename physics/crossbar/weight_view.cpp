// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/crossbar/weight_view.h>

#include <Eigen/Core>

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

} // namespace

void multiply(const weight_view& w, std::span<const float> in, std::span<float> out) {
  if (w.direction == mvm_direction::forward)
    as_vector(out).noalias() = as_matrix(w) * as_vector(in);
  else
    as_vector(out).noalias() = as_matrix(w).transpose() * as_vector(in);
}

void multiply_absolute(const weight_view& w, std::span<const float> in, std::span<float> out) {
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
