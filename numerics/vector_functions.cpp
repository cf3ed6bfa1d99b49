// SPDX-License-Identifier: Apache-2.0
#include <tilework/numerics/activation.h>
#include <tilework/numerics/checked_operands.h>
#include <tilework/numerics/input_range.h>
#include <tilework/numerics/largest_magnitude.h>
#include <tilework/numerics/loss.h>
#include <tilework/numerics/random.h>
#include <tilework/numerics/vector_functions.h>

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>

namespace tilework::numerics {
namespace {

/// out = factor * x
void scale(float factor, std::span<const float> x, std::span<float> out) {
  std::ranges::transform(x, out.begin(), [=](float e) { return factor * e; });
}

void accumulate_partial_sums(const checked_operands& o) {
  const auto partials = o.in(0);
  const auto sum = o.out(0);
  o.require(sum.vectors == partials.vectors && sum.length > 0 && partials.length % sum.length == 0,
            "partial sums must be a whole number of outputs");
  const bool weighted = o.has_in(1);
  const auto weights = weighted ? o.in(1, 1, partials.length / sum.length)[0] : std::span<const float>{};
  for (std::uint32_t v = 0; v < sum.vectors; ++v) {
    const auto out = sum[v];
    const auto partial = [&](std::size_t k) { return partials[v].subspan(k * sum.length, sum.length); };
    if (weighted)
      scale(weights[0], partial(0), out);
    else
      std::ranges::copy(partial(0), out.begin());
    for (std::size_t k = 1; k * sum.length < partials.length; ++k)
      if (weighted)
        std::transform(out.begin(), out.end(), partial(k).begin(), out.begin(),
                       [w = weights[k]](float s, float p) { return s + w * p; });
      else
        std::transform(out.begin(), out.end(), partial(k).begin(), out.begin(), std::plus{});
  }
}

void bias_activation(const checked_operands& o, activation f) {
  const auto z = o.in(0);
  const auto b = o.in(1, 1, z.length);
  const auto x = o.out(0, z.vectors, z.length);
  for (std::uint32_t v = 0; v < z.vectors; ++v)
    numerics::bias_activation(f, z[v], b[0], x[v]);
}

void loss_gradient(const checked_operands& o, float scale, float logit_scale) {
  const auto z = o.in(0);
  const auto label = o.in(1, z.vectors, 1);
  const auto gradient = o.out(0, z.vectors, z.length);
  const auto loss = o.out(1, z.vectors, 1);
  const auto prediction = o.out(2, z.vectors, 1);
  for (std::uint32_t v = 0; v < z.vectors; ++v) {
    const float wanted = label[v][0];
    o.require(wanted >= 0 && wanted < static_cast<float>(z.length), "label is not a class");
    const auto result =
        negative_log_likelihood(z[v], static_cast<std::uint32_t>(wanted), scale, gradient[v], logit_scale);
    loss[v][0] = result.loss;
    prediction[v][0] = static_cast<float>(result.prediction);
  }
}

void activation_gradient(const checked_operands& o, activation f) {
  const auto e = o.in(0);
  const auto x = o.in(1, e.vectors, e.length);
  const auto d = o.out(0, e.vectors, e.length);
  for (std::uint32_t v = 0; v < e.vectors; ++v)
    numerics::activation_gradient(f, e[v], x[v], d[v]);
}

void bias_update(const checked_operands& o, float learning_rate) {
  const auto d = o.in(0);
  const auto before = o.in(1, 1, d.length)[0];
  const auto after = o.out(0, 1, d.length)[0];
  constexpr std::size_t width = 64; // elements summed together, so that memory is walked along the vectors
  for (std::size_t first = 0; first < d.length; first += width) {
    const std::size_t count = std::min(width, d.length - first);
    std::array<float, width> sum{};
    for (std::uint32_t v = 0; v < d.vectors; ++v)
      for (std::size_t i = 0; i < count; ++i)
        sum[i] += d[v][first + i];
    for (std::size_t i = 0; i < count; ++i)
      after[first + i] = before[first + i] - learning_rate * sum[i];
  }
}

void input_range_estimate(const checked_operands& o, std::uint64_t mini_batch) {
  const auto x = o.in(0);
  const auto block = o.in(1, 1, range_block_length)[0];
  o.out(0, 1, 1)[0][0] = range_from_data(read_range_block(block), block[0], mini_batch, x);
}

void input_range_apply(const checked_operands& o) {
  const auto x = o.in(0);
  const float range = o.in(1, 1, 1)[0][0];
  const auto out = o.out(0, x.vectors, x.length);
  for (std::uint32_t v = 0; v < x.vectors; ++v)
    apply_range(range, x[v], out[v]);
}

/// Every vector times the factor that the second operand holds.
void scale_vectors(const checked_operands& o) {
  const auto x = o.in(0);
  const float factor = o.in(1, 1, 1)[0][0];
  const auto out = o.out(0, x.vectors, x.length);
  for (std::uint32_t v = 0; v < x.vectors; ++v)
    scale(factor, x[v], out[v]);
}

void input_range_update(const checked_operands& o, float learning_rate) {
  const auto x = o.in(0);
  const auto z = o.in(1, x.vectors, x.length);
  const auto block = o.in(2, 1, range_block_length)[0];
  const float gradient = range_gradient(read_range_block(block), block[0], x, z);
  o.out(0, 1, 1)[0][0] = stepped_range(block[0], gradient, learning_rate);
}

void operand_maxima(const checked_operands& o) {
  const auto x = o.in(0);
  const auto d = o.in(1);
  o.require(d.vectors == x.vectors, "both operands must have as many vectors");
  const auto maxima = o.out(0, x.vectors, 2);
  for (std::uint32_t v = 0; v < x.vectors; ++v) {
    maxima[v][0] = largest_magnitude(x[v]);
    maxima[v][1] = largest_magnitude(d[v]);
  }
}

void output_scale_update(const checked_operands& o, float learning_rate) {
  const auto d = o.in(0);
  const auto y = o.in(1, d.vectors, d.length);
  const float before = o.in(2, 1, 1)[0][0];
  float gradient = 0;
  for (std::uint32_t v = 0; v < d.vectors; ++v)
    gradient += std::inner_product(d[v].begin(), d[v].end(), y[v].begin(), 0.0F);
  o.out(0, 1, 1)[0][0] = before - learning_rate * gradient;
}

/// Numbers of the elements run on from mini-batch to mini-batch.
void draw_normal(const checked_operands& o, const vector_scalars& scalars) {
  const auto x = o.out(0);
  const random_stream stream(random_purpose::programming_inputs, {scalars.seed, scalars.stream});
  std::uint64_t number = scalars.mini_batch * x.elements();
  for (std::uint32_t v = 0; v < x.vectors; ++v)
    for (auto& e : x[v])
      e = scalars.parameter * static_cast<float>(stream.normal(number++));
}

void difference(const checked_operands& o) {
  const auto a = o.in(0);
  const auto b = o.in(1, a.vectors, a.length);
  const auto out = o.out(0, a.vectors, a.length);
  for (std::uint32_t v = 0; v < a.vectors; ++v)
    std::ranges::transform(a[v], b[v], out[v].begin(), std::minus{});
}

void moving_variance(const checked_operands& o, float weight) {
  const auto y = o.in(0);
  const auto before = o.in(1, y.vectors, 1);
  const auto after = o.out(0, y.vectors, 1);
  for (std::uint32_t v = 0; v < y.vectors; ++v) {
    const float mean = std::inner_product(y[v].begin(), y[v].end(), y[v].begin(), 0.0F) / static_cast<float>(y.length);
    const float old = before[v][0];
    after[v][0] = old == 0 ? mean : old + weight * (mean - old);
  }
}

} // namespace

cut cut_of(vector_function function) {
  switch (function) {
  case vector_function::accumulate_partial_sums:
  case vector_function::add_bias:
  case vector_function::bias_activation:
  case vector_function::loss_gradient:
  case vector_function::activation_gradient:
  case vector_function::input_range_apply:
  case vector_function::input_range_restore:
  case vector_function::operand_maxima:
  case vector_function::output_scale_apply:
  case vector_function::output_scale_gradient:
  case vector_function::difference:
    return cut::between_vectors;
  case vector_function::bias_update:
    return cut::between_elements;
  case vector_function::none:
  case vector_function::noise_management:
  case vector_function::update_management:
  case vector_function::input_range_estimate:
  case vector_function::input_range_update:
  case vector_function::output_scale_update:
  case vector_function::draw_normal:
  case vector_function::moving_variance:
    break;
  }
  return cut::nowhere;
}

void evaluate(vector_function function, activation f, std::span<const const_burst> in,
              std::span<const mutable_burst> out, const vector_scalars& scalars) {
  const checked_operands o(name_of(function), in, out);
  switch (function) {
  case vector_function::none:
  case vector_function::noise_management:
  case vector_function::update_management:
    return;
  case vector_function::accumulate_partial_sums:
    return accumulate_partial_sums(o);
  case vector_function::add_bias:
    return bias_activation(o, activation::identity);
  case vector_function::bias_activation:
    return bias_activation(o, f);
  case vector_function::loss_gradient:
    return loss_gradient(o, scalars.loss_scale, scalars.parameter);
  case vector_function::activation_gradient:
    return activation_gradient(o, f);
  case vector_function::bias_update:
    return bias_update(o, scalars.learning_rate);
  case vector_function::input_range_estimate:
    return input_range_estimate(o, scalars.mini_batch);
  case vector_function::input_range_apply:
    return input_range_apply(o);
  case vector_function::input_range_restore:
  case vector_function::output_scale_apply:
  case vector_function::output_scale_gradient:
    return scale_vectors(o);
  case vector_function::input_range_update:
    return input_range_update(o, scalars.learning_rate);
  case vector_function::operand_maxima:
    return operand_maxima(o);
  case vector_function::output_scale_update:
    return output_scale_update(o, scalars.learning_rate);
  case vector_function::draw_normal:
    return draw_normal(o, scalars);
  case vector_function::difference:
    return difference(o);
  case vector_function::moving_variance:
    return moving_variance(o, scalars.parameter);
  }
}

} // namespace tilework::numerics
