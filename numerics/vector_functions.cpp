// SPDX-License-Identifier: Apache-2.0
#include <tilework/numerics/activation.h>
#include <tilework/numerics/input_range.h>
#include <tilework/numerics/loss.h>
#include <tilework/numerics/vector_functions.h>

#include <algorithm>
#include <array>
#include <functional>
#include <stdexcept>
#include <string>

namespace tilework::numerics {
namespace {

/// Checks of the operands of one function.
class operands {
public:
  operands(vector_function function, std::span<const const_burst> in, std::span<const mutable_burst> out)
      : function_(function), in_(in), out_(out) {}

  [[nodiscard]] const_burst in(std::size_t i) const {
    require(i < in_.size() && in_[i].data != nullptr, "input operand is missing");
    return in_[i];
  }
  [[nodiscard]] const_burst in(std::size_t i, std::uint32_t vectors, std::uint32_t length) const {
    const const_burst burst = in(i);
    require(burst.vectors == vectors && burst.length == length, "input operand has the wrong shape");
    return burst;
  }
  [[nodiscard]] mutable_burst out(std::size_t i) const {
    require(i < out_.size() && out_[i].data != nullptr, "output operand is missing");
    return out_[i];
  }
  [[nodiscard]] mutable_burst out(std::size_t i, std::uint32_t vectors, std::uint32_t length) const {
    const mutable_burst burst = out(i);
    require(burst.vectors == vectors && burst.length == length, "output operand has the wrong shape");
    return burst;
  }
  void require(bool holds, const char* what) const {
    if (!holds)
      throw std::invalid_argument(std::string(name_of(function_)) + ": " + what);
  }

private:
  vector_function function_;
  std::span<const const_burst> in_;
  std::span<const mutable_burst> out_;
};

void accumulate_partial_sums(const operands& o) {
  const auto partials = o.in(0);
  const auto sum = o.out(0);
  o.require(sum.vectors == partials.vectors && sum.length > 0 && partials.length % sum.length == 0,
            "partial sums must be a whole number of outputs");
  for (std::uint32_t v = 0; v < sum.vectors; ++v) {
    const auto out = sum[v];
    std::ranges::copy(partials[v].first(sum.length), out.begin());
    for (std::size_t first = sum.length; first < partials.length; first += sum.length)
      std::ranges::transform(out, partials[v].subspan(first, sum.length), out.begin(), std::plus{});
  }
}

void bias_activation(const operands& o, activation f) {
  const auto z = o.in(0);
  const auto b = o.in(1, 1, z.length);
  const auto x = o.out(0, z.vectors, z.length);
  for (std::uint32_t v = 0; v < z.vectors; ++v)
    numerics::bias_activation(f, z[v], b[0], x[v]);
}

void loss_gradient(const operands& o, float scale) {
  const auto z = o.in(0);
  const auto label = o.in(1, z.vectors, 1);
  const auto gradient = o.out(0, z.vectors, z.length);
  const auto loss = o.out(1, z.vectors, 1);
  const auto prediction = o.out(2, z.vectors, 1);
  for (std::uint32_t v = 0; v < z.vectors; ++v) {
    const float wanted = label[v][0];
    o.require(wanted >= 0 && wanted < static_cast<float>(z.length), "label is not a class");
    const auto result = negative_log_likelihood(z[v], static_cast<std::uint32_t>(wanted), scale, gradient[v]);
    loss[v][0] = result.loss;
    prediction[v][0] = static_cast<float>(result.prediction);
  }
}

void activation_gradient(const operands& o, activation f) {
  const auto e = o.in(0);
  const auto x = o.in(1, e.vectors, e.length);
  const auto d = o.out(0, e.vectors, e.length);
  for (std::uint32_t v = 0; v < e.vectors; ++v)
    numerics::activation_gradient(f, e[v], x[v], d[v]);
}

void bias_update(const operands& o, float learning_rate) {
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

void input_range_estimate(const operands& o, std::uint64_t mini_batch) {
  const auto x = o.in(0);
  const auto block = o.in(1, 1, range_block_length)[0];
  o.out(0, 1, 1)[0][0] = range_from_data(read_range_block(block), block[0], mini_batch, x);
}

void input_range_apply(const operands& o) {
  const auto x = o.in(0);
  const float range = o.in(1, 1, 1)[0][0];
  const auto out = o.out(0, x.vectors, x.length);
  for (std::uint32_t v = 0; v < x.vectors; ++v)
    apply_range(range, x[v], out[v]);
}

void input_range_restore(const operands& o) {
  const auto y = o.in(0);
  const float range = o.in(1, 1, 1)[0][0];
  const auto out = o.out(0, y.vectors, y.length);
  for (std::uint32_t v = 0; v < y.vectors; ++v)
    std::ranges::transform(y[v], out[v].begin(), [=](float e) { return range * e; });
}

void input_range_update(const operands& o, float learning_rate) {
  const auto x = o.in(0);
  const auto z = o.in(1, x.vectors, x.length);
  const auto block = o.in(2, 1, range_block_length)[0];
  const float gradient = range_gradient(read_range_block(block), block[0], x, z);
  o.out(0, 1, 1)[0][0] = stepped_range(block[0], gradient, learning_rate);
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
    return cut::between_vectors;
  case vector_function::bias_update:
    return cut::between_elements;
  case vector_function::none:
  case vector_function::noise_management:
  case vector_function::update_management:
  case vector_function::input_range_estimate:
  case vector_function::input_range_update:
  case vector_function::operand_maxima:
  case vector_function::output_scale_apply:
  case vector_function::output_scale_gradient:
  case vector_function::output_scale_update:
    break;
  }
  return cut::nowhere;
}

void evaluate(vector_function function, activation f, std::span<const const_burst> in,
              std::span<const mutable_burst> out, const vector_scalars& scalars) {
  const operands o(function, in, out);
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
    return loss_gradient(o, scalars.loss_scale);
  case vector_function::activation_gradient:
    return activation_gradient(o, f);
  case vector_function::bias_update:
    return bias_update(o, scalars.learning_rate);
  case vector_function::input_range_estimate:
    return input_range_estimate(o, scalars.mini_batch);
  case vector_function::input_range_apply:
    return input_range_apply(o);
  case vector_function::input_range_restore:
    return input_range_restore(o);
  case vector_function::input_range_update:
    return input_range_update(o, scalars.learning_rate);
  case vector_function::operand_maxima:
  case vector_function::output_scale_apply:
  case vector_function::output_scale_gradient:
  case vector_function::output_scale_update:
    return;
  }
}

} // namespace tilework::numerics
