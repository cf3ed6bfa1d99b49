// SPDX-License-Identifier: Apache-2.0
#include <tilework/numerics/activation.h>
#include <tilework/workloads/digital_network.h>

#include <Eigen/Core>

#include <algorithm>
#include <utility>

namespace tilework::workload {
namespace {

using matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr std::uint32_t samples_at_once = 256;

/// x <- f(scale x W^T + b), one sample per row.
matrix through(const digital_layer& layer, const matrix& x, activation f) {
  const auto outputs = static_cast<Eigen::Index>(layer.bias.size());
  const Eigen::Map<const matrix> w(layer.weights.data(), outputs, x.cols());
  matrix z = layer.scale * (x * w.transpose());
  for (Eigen::Index v = 0; v < z.rows(); ++v) {
    const std::span<float> row(z.row(v).data(), layer.bias.size());
    numerics::bias_activation(f, row, layer.bias, row);
  }
  return z;
}

void average(std::vector<float>& mean, const std::vector<float>& added, float share) {
  for (std::size_t e = 0; e < mean.size(); ++e)
    mean[e] += share * (added[e] - mean[e]);
}

} // namespace

void layer_average::add(const std::vector<digital_layer>& layers) {
  if (count_++ == 0) {
    mean_ = layers;
    return;
  }
  const float share = 1.0F / static_cast<float>(count_);
  for (std::size_t l = 0; l < layers.size(); ++l) {
    average(mean_[l].weights, layers[l].weights, share);
    average(mean_[l].bias, layers[l].bias, share);
    mean_[l].scale += share * (layers[l].scale - mean_[l].scale);
  }
}

void layer_average::restore(std::uint32_t count, std::vector<digital_layer> mean) {
  count_ = count;
  mean_ = std::move(mean);
}

double accuracy_of(const network_configuration& network, const std::vector<digital_layer>& layers,
                   const labelled_set& samples) {
  std::uint32_t correct = 0;
  for (std::uint32_t first = 0; first < samples.size(); first += samples_at_once) {
    const auto count = std::min(samples_at_once, samples.size() - first);
    matrix x(count, samples.features());
    for (std::uint32_t v = 0; v < count; ++v)
      samples.read(first + v, {x.row(v).data(), samples.features()});
    for (std::size_t l = 0; l < layers.size(); ++l)
      x = through(layers[l], x, l + 1 < layers.size() ? network.activation_function : activation::identity);
    for (std::uint32_t v = 0; v < count; ++v) {
      Eigen::Index best = 0;
      x.row(v).maxCoeff(&best);
      correct += best == samples.label(first + v) ? 1U : 0U;
    }
  }
  return static_cast<double>(correct) / samples.size();
}

} // namespace tilework::workload
