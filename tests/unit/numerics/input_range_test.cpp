// SPDX-License-Identifier: Apache-2.0
// Static input range: worked examples by hand.
#include <tilework/numerics/input_range.h>

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

namespace tilework::numerics {
namespace {

struct matrix {
  std::uint32_t vectors;
  std::uint32_t length;
  std::vector<float> values;
  [[nodiscard]] const_burst view() const { return {values.data(), vectors, length, length}; }
  [[nodiscard]] mutable_burst view() { return {values.data(), vectors, length, length}; }
};

/// Mean 0, sum of squares 12 over 4 elements: standard deviation 2.
const matrix spread_of_two{2, 2, {3, -1, -1, -1}};

input_range_parameters plain() {
  input_range_parameters p;
  p.decay = 0;
  p.gradient_relative = false;
  return p;
}

TEST(input_range, starts_as_a_running_mean_of_standard_deviations) {
  const input_range_parameters p;                                       // three standard deviations
  EXPECT_FLOAT_EQ(range_from_data(p, 100, 0, spread_of_two.view()), 6); // the initial value has no weight
  EXPECT_FLOAT_EQ(range_from_data(p, 2, 1, spread_of_two.view()), (2 + 6) / 2.F);
  EXPECT_FLOAT_EQ(range_from_data(p, 2, 9, spread_of_two.view()), (2 * 9 + 6) / 10.F);
  const matrix shifted{1, 4, {1003, 999, 999, 999}};
  EXPECT_FLOAT_EQ(range_from_data(p, 100, 0, shifted.view()), 6);
}

TEST(input_range, learns_nothing_from_equal_inputs) {
  const matrix equal{2, 2, {7, 7, 7, 7}};
  const matrix one{1, 1, {7}};
  EXPECT_EQ(range_from_data({}, 2.5F, 3, equal.view()), 2.5F);
  EXPECT_EQ(range_from_data({}, 2.5F, 3, one.view()), 2.5F);
}

TEST(input_range, clamps_and_divides) {
  const std::vector<float> x{-9, -4, -2, 0, 1, 4, 5};
  std::vector<float> out(x.size());
  apply_range(4, x, out);
  EXPECT_EQ(out, (std::vector<float>{-1, -1, -.5, 0, .25, 1, 1}));
}

TEST(input_range, grows_where_the_loss_wants_clamped_inputs_further_out) {
  // Above the range only negative gradients count, below it only positive ones; inside none.
  const matrix x{2, 4, {2, 3, -2, -5, 1, -1, 2.5, -2}};
  const matrix z{2, 4, {-1, 4, 8, -3, 100, -100, -.5, 2}};
  EXPECT_FLOAT_EQ(range_gradient(plain(), 2, x.view(), z.view()), (-1 - .5F) - (8 + 2));
  auto p = plain();
  p.gradient_relative = true;
  p.gradient_scale = .25F;
  EXPECT_FLOAT_EQ(range_gradient(p, 2, x.view(), z.view()), -11.5F * 2 * .25F);
}

TEST(input_range, decays_while_enough_inputs_are_inside) {
  auto p = plain();
  p.decay = .01F;
  p.input_min_percentage = .5F;
  const matrix z{1, 4, {0, 0, 0, 0}};
  const matrix three{1, 4, {1, -1, 0, 2}}; // an input on the range is outside
  const matrix half{1, 4, {1, -1, -2, 2}};
  EXPECT_FLOAT_EQ(range_gradient(p, 2, three.view(), z.view()), .02F);
  EXPECT_EQ(range_gradient(p, 2, half.view(), z.view()), 0);
}

TEST(input_range, widens_when_outputs_clip) {
  auto p = plain();
  const matrix x{1, 1, {0}};
  EXPECT_EQ(range_gradient(p, 3, x.view(), x.view(), .5F), 0);
  p.manage_output_clipping = true;
  EXPECT_FLOAT_EQ(range_gradient(p, 3, x.view(), x.view(), .5F), -1.5F);
  EXPECT_EQ(range_gradient(p, 3, x.view(), x.view(), .95F), 0);
}

TEST(input_range, finds_and_silences_clipped_outputs) {
  const matrix y{2, 2, {12, -11.9F, -12, 3}};
  matrix d{2, 2, {1, 2, 3, 4}};
  EXPECT_FLOAT_EQ(unclipped_fraction(y.view(), 12), .5F);
  silence_clipped(y.view(), 12, d.view());
  EXPECT_EQ(d.values, (std::vector<float>{0, 2, 0, 4}));
}

TEST(input_range, takes_steps_of_gradient_descent_and_stays_positive) {
  EXPECT_FLOAT_EQ(stepped_range(3, -2, .1F), 3.2F);
  EXPECT_FLOAT_EQ(stepped_range(1, 30, .1F), 2); // |1 - 3|
  EXPECT_EQ(stepped_range(1, 10, .1F), smallest_range);
}

TEST(input_range, blocks_carry_parameters) {
  input_range_parameters p;
  p.init_value = 1;
  p.init_std_alpha = 2;
  p.decay = .25F;
  p.input_min_percentage = .5F;
  p.output_min_percentage = .75F;
  p.gradient_scale = 8;
  p.gradient_relative = false;
  p.manage_output_clipping = true;
  std::array<float, range_block_length> block{};
  write_range_block(p, block);
  EXPECT_EQ(block[0], 1); // the range itself
  EXPECT_EQ(read_range_block(block), p);
}

} // namespace
} // namespace tilework::numerics
