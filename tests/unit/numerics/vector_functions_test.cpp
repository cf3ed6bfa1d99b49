// SPDX-License-Identifier: Apache-2.0
#include <tilework/numerics/activation.h>
#include <tilework/numerics/input_range.h>
#include <tilework/numerics/random.h>
#include <tilework/numerics/vector_functions.h>

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace tilework::numerics {
namespace {

/// n x length values that own their storage.
struct matrix {
  std::uint32_t vectors;
  std::uint32_t length;
  std::vector<float> values;

  matrix(std::uint32_t n, std::uint32_t m, std::vector<float> v = {}) : vectors(n), length(m), values(std::move(v)) {
    values.resize(std::size_t{n} * m);
  }
  static matrix random(std::uint32_t n, std::uint32_t m, std::uint64_t seed) {
    matrix result(n, m);
    const random_stream stream(random_purpose::spiral, {seed});
    for (std::size_t i = 0; i < result.values.size(); ++i)
      result.values[i] = 4.0F * stream.uniform(i) - 2.0F;
    return result;
  }
  mutable_burst view() { return {values.data(), vectors, length, length}; }
  mutable_burst row(std::uint32_t v) { return {values.data() + std::size_t{v} * length, 1, length, length}; }
};

void run(vector_function function, std::vector<const_burst> in, std::vector<mutable_burst> out,
         vector_scalars scalars = {}, activation f = activation::sigmoid) {
  evaluate(function, f, in, out, scalars);
}

TEST(evaluate, accumulates_partial_sums_in_split_order) {
  // 1e8 + 1 rounds to 1e8: the order of the sum is visible
  matrix partials(2, 6, {1e8F, 1, 1, 2, -1e8F, 4, 1, 10, 1e8F, 20, -1e8F, 40});
  matrix sum(2, 2);
  run(vector_function::accumulate_partial_sums, {partials.view()}, {sum.view()});
  EXPECT_EQ(sum.values, (std::vector<float>{0, 7, 0, 70}));
}

TEST(evaluate, adds_one_bias_to_every_vector_also_in_place) {
  matrix z(2, 3, {1, 2, 3, 4, 5, 6});
  matrix b(1, 3, {10, 20, 30});
  run(vector_function::add_bias, {z.view(), b.view()}, {z.view()});
  EXPECT_EQ(z.values, (std::vector<float>{11, 22, 33, 14, 25, 36}));
}

TEST(evaluate, bias_activation_applies_the_function_to_the_sum) {
  matrix z(1, 3, {-1, 0.5F, 2});
  matrix b(1, 3, {0.5F, -1, 1});
  matrix x(1, 3);
  run(vector_function::bias_activation, {z.view(), b.view()}, {x.view()}, {}, activation::relu);
  EXPECT_EQ(x.values, (std::vector<float>{0, 0, 3}));
}

TEST(evaluate, loss_gradient_gives_gradient_loss_and_prediction) {
  matrix z(2, 2, {0, 0, 0, 1});
  matrix label(2, 1, {1, 0});
  matrix gradient(2, 2);
  matrix loss(2, 1);
  matrix prediction(2, 1);
  run(vector_function::loss_gradient, {z.view(), label.view()}, {gradient.view(), loss.view(), prediction.view()},
      {.learning_rate = 0, .loss_scale = 0.5F});
  EXPECT_FLOAT_EQ(gradient.values[0], 0.25F);
  EXPECT_FLOAT_EQ(gradient.values[1], -0.25F);
  EXPECT_FLOAT_EQ(gradient.values[2], -0.5F * 0.73105858F);
  EXPECT_FLOAT_EQ(gradient.values[3], 0.5F * 0.73105858F);
  EXPECT_FLOAT_EQ(loss.values[0], 0.69314718F);
  EXPECT_FLOAT_EQ(loss.values[1], 1.3132617F);
  EXPECT_EQ(prediction.values, (std::vector<float>{0, 1}));
}

TEST(evaluate, activation_gradient_uses_the_output_of_the_activation) {
  matrix e(1, 2, {2, -4});
  matrix x(1, 2, {0.5F, 0.25F});
  matrix d(1, 2);
  run(vector_function::activation_gradient, {e.view(), x.view()}, {d.view()});
  EXPECT_EQ(d.values, (std::vector<float>{0.5F, -0.75F}));
}

TEST(evaluate, bias_update_descends_along_the_sum_of_all_vectors) {
  constexpr std::uint32_t length = 150; // more than two blocks of the summation
  matrix d = matrix::random(5, length, 1);
  matrix b = matrix::random(1, length, 2);
  std::vector<float> expected = b.values;
  for (std::uint32_t i = 0; i < length; ++i) {
    float sum = 0;
    for (std::uint32_t v = 0; v < 5; ++v)
      sum += d.view()[v][i];
    expected[i] -= 0.1F * sum;
  }
  run(vector_function::bias_update, {d.view(), b.view()}, {b.view()}, {.learning_rate = 0.1F, .loss_scale = 1});
  for (std::uint32_t i = 0; i < length; ++i)
    EXPECT_FLOAT_EQ(b.values[i], expected[i]);
}

TEST(evaluate, input_range_is_estimated_applied_restored_and_learned) {
  input_range_parameters p;
  p.decay = 0;
  matrix block(1, range_block_length);
  write_range_block(p, block.view()[0]);
  const auto range = block.view().slice(0, 1);
  matrix x(2, 2, {3, -1, -1, -1}); // standard deviation 2, three of them
  run(vector_function::input_range_estimate, {x.view(), block.view()}, {range}, {.mini_batch = 1});
  EXPECT_FLOAT_EQ(block.values[0], (3 + 6) / 2.F);

  block.values[0] = 2;
  matrix applied(2, 2);
  run(vector_function::input_range_apply, {x.view(), range}, {applied.view()});
  EXPECT_EQ(applied.values, (std::vector<float>{1, -.5, -.5, -.5}));
  run(vector_function::input_range_restore, {applied.view(), range}, {applied.view()});
  EXPECT_EQ(applied.values, (std::vector<float>{2, -1, -1, -1}));

  matrix z(2, 2, {-.5, 7, 7, 7}); // of the clamped 3 only
  run(vector_function::input_range_update, {x.view(), z.view(), block.view()}, {range}, {.learning_rate = .1F});
  EXPECT_FLOAT_EQ(block.values[0], 2 + .1F * .5F * 2);
  EXPECT_EQ(block.values[1], p.init_std_alpha); // the parameters stay
}

TEST(evaluate, partial_sums_may_be_weighted) {
  matrix partials(2, 6, {1, 2, 10, 20, 100, 200, 3, 4, 30, 40, 300, 400});
  matrix weights(1, 3, {0.5F, 2, -1});
  matrix sum(2, 2);
  run(vector_function::accumulate_partial_sums, {partials.view(), weights.view()}, {sum.view()});
  EXPECT_EQ(sum.values, (std::vector<float>{-79.5F, -159, -238.5F, -318}));
  EXPECT_THROW(run(vector_function::accumulate_partial_sums, {partials.view(), sum.row(0)}, {sum.view()}),
               std::invalid_argument);
}

TEST(evaluate, operand_maxima_are_magnitudes_per_vector) {
  matrix x(2, 3, {1, -4, 2, 0, 0, 0});
  matrix d(2, 2, {-0.5F, 0.25F, 3, 7});
  matrix maxima(2, 2);
  run(vector_function::operand_maxima, {x.view(), d.view()}, {maxima.view()});
  EXPECT_EQ(maxima.values, (std::vector<float>{4, 0.5F, 0, 7}));
  EXPECT_THROW(run(vector_function::operand_maxima, {x.view(), d.row(0)}, {maxima.view()}), std::invalid_argument);
}

TEST(evaluate, output_scale_is_applied_and_learned) {
  matrix y(2, 2, {1, 2, -3, 4});
  matrix s(1, 1, {2});
  matrix scaled(2, 2);
  run(vector_function::output_scale_apply, {y.view(), s.view()}, {scaled.view()});
  EXPECT_EQ(scaled.values, (std::vector<float>{2, 4, -6, 8}));
  matrix d(2, 2, {0.5F, -1, 0.25F, 2});
  matrix back(2, 2);
  run(vector_function::output_scale_gradient, {d.view(), s.view()}, {back.view()});
  EXPECT_EQ(back.values, (std::vector<float>{1, -2, 0.5F, 4}));
  run(vector_function::output_scale_update, {d.view(), y.view(), s.view()}, {s.view()}, {.learning_rate = 0.125F});
  EXPECT_EQ(s.values[0], 2 - 0.125F * (0.5F - 2 - 0.75F + 8));
}

TEST(evaluate, draws_normal_numbers_by_their_place_in_the_run) {
  constexpr std::uint32_t length = 40000;
  matrix x(1, length);
  const auto draw = [&](std::uint64_t number, std::uint32_t stream) {
    run(vector_function::draw_normal, {}, {x.view()},
        {.mini_batch = number, .parameter = 0.5F, .seed = 3, .stream = stream});
    return x.values;
  };
  const auto first = draw(0, 0);
  double sum = 0;
  double squares = 0;
  for (const float e : first) {
    sum += e;
    squares += double{e} * e;
  }
  EXPECT_NEAR(sum / length, 0, 5 * 0.5 / std::sqrt(length));
  EXPECT_NEAR(squares / length, 0.25, 5 * 0.25 * std::sqrt(2.0 / length));
  EXPECT_NE(draw(1, 0), first);
  EXPECT_NE(draw(0, 1), first);
  EXPECT_EQ(draw(0, 0), first);
}

TEST(evaluate, subtracts_also_in_place) {
  matrix a(2, 2, {1, 2, 3, 4});
  matrix b(2, 2, {0.5F, 4, 3, 1});
  run(vector_function::difference, {a.view(), b.view()}, {a.view()});
  EXPECT_EQ(a.values, (std::vector<float>{0.5F, -2, 0, 3}));
}

TEST(evaluate, a_moving_variance_starts_with_its_first_value) {
  matrix y(2, 2, {1, 3, 2, 0});
  matrix v(2, 1);
  const auto measure = [&] {
    run(vector_function::moving_variance, {y.view(), v.view()}, {v.view()}, {.parameter = 0.25F});
  };
  measure();
  EXPECT_EQ(v.values, (std::vector<float>{5, 2}));
  y.values = {1, 0, 2, 2};
  measure();
  EXPECT_EQ(v.values, (std::vector<float>{5 + 0.25F * (0.5F - 5), 2 + 0.25F * (4 - 2)}));
}

// The gradient of the loss by differences, through the factor.
TEST(evaluate, logit_scale_sharpens_the_softmax) {
  constexpr float logit_scale = 25;
  matrix label(1, 1, {2});
  const auto loss_of = [&](std::vector<float> logits, matrix& gradient) {
    matrix z(1, 3, std::move(logits));
    matrix loss(1, 1);
    matrix prediction(1, 1);
    run(vector_function::loss_gradient, {z.view(), label.view()}, {gradient.view(), loss.view(), prediction.view()},
        {.loss_scale = 0.5F, .parameter = logit_scale});
    EXPECT_EQ(prediction.values[0], 1);
    return loss.values[0];
  };
  const std::vector<float> z{0.01F, 0.05F, -0.02F};
  matrix gradient(1, 3);
  matrix ignored(1, 3);
  const double normaliser = std::exp(0.25) + std::exp(1.25) + std::exp(-0.5);
  EXPECT_NEAR(loss_of(z, gradient), std::log(normaliser) + 0.5, 1e-6);
  for (std::size_t i = 0; i < 3; ++i) {
    auto up = z;
    auto down = z;
    up[i] += 0.002F;
    down[i] -= 0.002F;
    const float slope = (loss_of(up, ignored) - loss_of(down, ignored)) / 0.004F;
    EXPECT_NEAR(gradient.values[i], 0.5F * slope, 5e-3F);
  }
}

TEST(evaluate, respects_the_stride_of_a_slice) {
  matrix z(2, 4, {1, 2, 3, 4, 5, 6, 7, 8});
  matrix b(1, 4, {10, 20, 30, 40});
  matrix x(2, 4);
  run(vector_function::add_bias, {z.view().slice(1, 2), b.view().slice(1, 2)}, {x.view().slice(2, 2)});
  EXPECT_EQ(x.values, (std::vector<float>{0, 0, 22, 33, 0, 0, 26, 37}));
}

TEST(evaluate, values_of_a_vector_do_not_depend_on_the_burst) {
  constexpr std::uint32_t n = 7;
  matrix z = matrix::random(n, 33, 3);
  matrix b = matrix::random(1, 33, 4);
  matrix label(n, 1, {0, 32, 5, 7, 7, 1, 20});
  for (const auto f : {activation::sigmoid, activation::tanh, activation::relu, activation::identity}) {
    matrix x(n, 33);
    matrix d(n, 33);
    matrix gradient(n, 33);
    matrix loss(n, 1);
    matrix prediction(n, 1);
    run(vector_function::bias_activation, {z.view(), b.view()}, {x.view()}, {}, f);
    run(vector_function::activation_gradient, {z.view(), x.view()}, {d.view()}, {}, f);
    run(vector_function::loss_gradient, {z.view(), label.view()}, {gradient.view(), loss.view(), prediction.view()});
    for (std::uint32_t v = 0; v < n; ++v) {
      matrix x1(1, 33);
      matrix d1(1, 33);
      matrix gradient1(1, 33);
      matrix loss1(1, 1);
      matrix prediction1(1, 1);
      run(vector_function::bias_activation, {z.row(v), b.view()}, {x1.view()}, {}, f);
      run(vector_function::activation_gradient, {z.row(v), x1.view()}, {d1.view()}, {}, f);
      run(vector_function::loss_gradient, {z.row(v), label.row(v)},
          {gradient1.view(), loss1.view(), prediction1.view()});
      for (std::size_t i = 0; i < 33; ++i) { // bit for bit
        EXPECT_EQ(x1.values[i], x.view()[v][i]);
        EXPECT_EQ(d1.values[i], d.view()[v][i]);
        EXPECT_EQ(gradient1.values[i], gradient.view()[v][i]);
      }
      EXPECT_EQ(loss1.values[0], loss.values[v]);
      EXPECT_EQ(prediction1.values[0], prediction.values[v]);
    }
  }
}

TEST(evaluate, functions_of_the_analog_pipeline_compute_nothing) {
  matrix x(1, 2, {1, 2});
  for (const auto function :
       {vector_function::none, vector_function::noise_management, vector_function::update_management})
    EXPECT_NO_THROW(run(function, {x.view()}, {}));
  EXPECT_EQ(x.values, (std::vector<float>{1, 2}));
}

TEST(evaluate, ignores_empty_operands_behind_those_it_needs) {
  matrix z(1, 2, {1, 2});
  matrix b(1, 2, {1, 1});
  run(vector_function::add_bias, {z.view(), b.view(), {}}, {z.view(), {}, {}});
  EXPECT_EQ(z.values, (std::vector<float>{2, 3}));
}

TEST(evaluate, rejects_missing_and_misshapen_operands) {
  matrix z(2, 4);
  matrix b(1, 4);
  matrix three(1, 3);
  matrix label(2, 1, {0, 4});
  matrix scalar(2, 1);
  EXPECT_THROW(run(vector_function::add_bias, {z.view()}, {z.view()}), std::invalid_argument);
  EXPECT_THROW(run(vector_function::add_bias, {z.view(), {}}, {z.view()}), std::invalid_argument);
  EXPECT_THROW(run(vector_function::add_bias, {z.view(), b.view()}, {}), std::invalid_argument);
  EXPECT_THROW(run(vector_function::add_bias, {z.view(), three.view()}, {z.view()}), std::invalid_argument);
  EXPECT_THROW(run(vector_function::add_bias, {z.view(), b.view()}, {b.view()}), std::invalid_argument);
  EXPECT_THROW(run(vector_function::accumulate_partial_sums, {b.view()}, {three.view()}), std::invalid_argument);
  EXPECT_THROW(run(vector_function::bias_update, {z.view(), three.view()}, {three.view()}), std::invalid_argument);
  EXPECT_THROW(run(vector_function::loss_gradient, {z.view(), label.view()}, {z.view(), scalar.view(), scalar.view()}),
               std::invalid_argument); // label 4 of 4 classes
}

} // namespace
} // namespace tilework::numerics
