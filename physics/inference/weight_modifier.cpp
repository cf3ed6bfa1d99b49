// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/physics/inference/polynomial.h>
#include <tilework/physics/inference/weight_modifier.h>
#include <tilework/physics/periphery/converter.h>
#include <tilework/physics/periphery/input_scale.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace tilework::physics {
namespace {

/// Slots of the stream.
enum slot : std::uint32_t { noise, rounding, dropping };

float largest_weight(const weight_modifier_parameters& p, array_shape shape, std::span<const float> weights) {
  if (!p.rel_to_actual_wmax)
    return p.assumed_wmax;
  float largest = 0;
  for (std::size_t row = 0; row < shape.outputs; ++row)
    largest = std::max(
        largest, largest_magnitude(weights.subspan(row * shape.inputs, shape.inputs - (p.copy_last_column ? 1 : 0))));
  return largest > 0 ? largest : 1;
}

/// Nearest multiple of `bin` (0: any value), ties away from 0. \param shift -0.5 to 0.5 for stochastic rounding, else 0
float discretized(float w, float bin, float shift) {
  return bin > 0 ? bin * std::round(w / bin + shift) : w;
}

/// One modification with everything that its weights have in common.
struct law {
  const weight_modifier_parameters& p;
  float wm;        ///< largest weight
  float bin;       ///< of DISCRETIZE
  float relative;  ///< noise of MULT_NORMAL
  float saturated; ///< factor of DOREFA

  law(const weight_modifier_parameters& parameters, float largest)
      : p(parameters),
        wm(largest),
        bin((is_torch() ? 2 * relative_step(p.res) : p.res) * wm),
        relative(is_torch() ? p.std_dev : p.std_dev * wm),
        saturated(std::abs(p.dorefa_clip / std::tanh(wm))) {}

  [[nodiscard]] bool is_torch() const { return p.convention == modifier_convention::torch; }
  [[nodiscard]] bool uses_normals() const { return p.std_dev > 0 && p.type >= modifier_type::mult_normal; }
  /// Deviation of POLY.
  [[nodiscard]] float deviation(float w) const { return wm * p.std_dev * polynomial(p.coeffs, std::abs(w) / wm); }

  [[nodiscard]] float operator()(float w, float xi, float shift) const {
    switch (p.type) {
    case modifier_type::none:
    case modifier_type::copy:
    case modifier_type::drop_connect:
      return w;
    case modifier_type::discretize:
      return discretized(w, bin, shift);
    case modifier_type::mult_normal:
      return w + w * relative * xi;
    case modifier_type::add_normal:
      return w + p.std_dev * wm * xi;
    case modifier_type::discretize_add_normal:
      return discretized(w, bin, shift) + p.std_dev * wm * xi;
    case modifier_type::dorefa:
      return p.res > 0 ? discretized(std::tanh(w) * saturated, p.res, shift) : w;
    case modifier_type::poly:
      return w + deviation(w) * xi;
    case modifier_type::prog_noise: {
      const float magnitude = std::abs(w + deviation(w) / p.g_max_us * xi);
      return w < 0 ? -magnitude : magnitude;
    }
    }
    return w;
  }
};

} // namespace

void weight_modifier_parameters::validate() const {
  if (type == modifier_type::none && pdrop > 0)
    throw input_error("pdrop needs a modifier type: DROP_CONNECT drops weights and does nothing else");
  if (!(assumed_wmax > 0) || !(g_max_us > 0))
    throw input_error("assumed_wmax and g_max_us must be > 0");
}

void modify_weights(const weight_modifier_parameters& p, array_shape shape, std::span<const float> weights,
                    std::span<float> modified, const noise_stream& stream, std::uint64_t event) {
  if (weights.size() != shape.cells() || modified.size() != weights.size())
    throw std::invalid_argument("weight modifier: wrong number of weights");
  const law modify(p, largest_weight(p, shape, weights));
  normal_sequence normals(stream, event, noise);
  const auto uniform = [&](std::uint32_t element, slot what) {
    return uniform_from(stream.words(event, element, what)[0]);
  };
  for (std::uint32_t e = 0; e < weights.size(); ++e) {
    const float xi = modify.uses_normals() ? normals.next() : 0;
    const float shift = p.sto_round ? uniform(e, rounding) - 0.5F : 0;
    const bool kept = p.copy_last_column && e % shape.inputs == shape.inputs - 1;
    modified[e] = kept ? weights[e] : modify(weights[e], xi, shift);
    if (!kept && p.pdrop > 0 && uniform(e, dropping) < p.pdrop)
      modified[e] = 0;
  }
}

} // namespace tilework::physics
