// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/numerics/initial_weights.h>
#include <tilework/numerics/sample_order.h>
#include <tilework/numerics/vector_functions.h>
#include <tilework/workloads/datasets/glyphs.h>
#include <tilework/workloads/datasets/load_dataset.h>

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <vector>

namespace tilework::workload {
namespace {

using picture = std::array<std::uint8_t, glyph_features>;

TEST(glyphs, a_sample_depends_on_seed_half_and_number_only) {
  const labelled_set many = generate_glyphs(7, data_split::train, 50);
  const labelled_set few = generate_glyphs(7, data_split::train, 20);
  std::vector<float> a(glyph_features);
  std::vector<float> b(glyph_features);
  for (std::uint32_t i = 20; i-- > 0;) {
    picture alone;
    alone.fill(99); // what was there before does not shine through
    EXPECT_EQ(draw_glyph(7, data_split::train, i, alone), many.label(i));
    many.read(i, a);
    few.read(i, b);
    EXPECT_EQ(a, b);
    for (std::size_t p = 0; p < glyph_features; ++p)
      ASSERT_EQ(a[p], static_cast<float>(alone[p]) / 255.0F);
  }
}

TEST(glyphs, no_two_samples_are_alike) {
  std::vector<picture> all;
  for (const std::uint64_t seed : {1U, 2U})
    for (const data_split split : {data_split::train, data_split::test})
      for (std::uint32_t i = 0; i < 50; ++i)
        draw_glyph(seed, split, i, all.emplace_back());
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      ASSERT_NE(all[i], all[j]) << i << " and " << j;
}

TEST(glyphs, every_ten_samples_hold_each_digit_once_in_changing_order) {
  const labelled_set set = generate_glyphs(3, data_split::test, 1000);
  std::vector<std::uint8_t> first;
  int blocks_like_the_first = 0;
  for (std::uint32_t block = 0; block < 100; ++block) {
    std::vector<std::uint8_t> digits;
    std::array<int, 10> count{};
    for (std::uint32_t i = 0; i < 10; ++i) {
      digits.push_back(set.label(10 * block + i));
      ++count.at(digits.back());
    }
    for (const int c : count)
      EXPECT_EQ(c, 1);
    if (block == 0)
      first = digits;
    blocks_like_the_first += digits == first ? 1 : 0;
  }
  EXPECT_EQ(blocks_like_the_first, 1); // false alarm for a new seed: 99 / 10! = 3e-5
}

TEST(glyphs, pictures_have_ink_inside_and_a_black_border) {
  const labelled_set set = generate_glyphs(1, data_split::train, 2000);
  std::vector<float> pixels(glyph_features);
  double ink = 0;
  double border = 0;
  int lit = 0;
  for (std::uint32_t i = 0; i < set.size(); ++i) {
    set.read(i, pixels);
    const float sum = std::accumulate(pixels.begin(), pixels.end(), 0.0F);
    EXPECT_GT(sum, 10.0F) << "picture " << i << " is all but empty";
    EXPECT_LT(sum, 300.0F) << "picture " << i << " is all but full";
    ink += static_cast<double>(sum);
    for (std::size_t p = 0; p < glyph_features; ++p) {
      lit += pixels[p] > 0 ? 1 : 0;
      const bool outside = p < 28 || p >= 27 * 28 || p % 28 == 0 || p % 28 == 27;
      if (outside)
        border += static_cast<double>(pixels[p]);
    }
  }
  const double all = 2000.0 * glyph_features;
  EXPECT_NEAR(ink / all, 0.13, 0.04); // MNIST: 0.1307
  EXPECT_NEAR(lit / all, 0.19, 0.04); // MNIST: 0.191 of the pixels are not zero
  EXPECT_LT(border / ink, 0.005);
}

TEST(glyphs, default_sizes) {
  const dataset set = load_dataset("glyphs", {});
  EXPECT_EQ(set.name, "glyphs");
  EXPECT_EQ(set.classes, 10U);
  EXPECT_EQ(set.features(), 784U);
  EXPECT_EQ(set.bits_per_feature(), 8U);
  EXPECT_EQ(set.train.size(), 10'000U);
  EXPECT_EQ(set.test.size(), 2'000U);
  EXPECT_EQ(load_dataset("glyphs", {.train_samples = 123, .test_samples = 45}).test.size(), 45U);
  EXPECT_THROW(static_cast<void>(load_dataset("glyphs", {.train_samples = 1'000'001})), input_error);
}

TEST(glyphs, need_more_than_the_mean_picture_of_each_digit) {
  const labelled_set train = generate_glyphs(1, data_split::train, 2000);
  const labelled_set test = generate_glyphs(1, data_split::test, 1000);
  std::vector<float> pixels(glyph_features);
  std::array<std::vector<float>, 10> mean;
  mean.fill(std::vector<float>(glyph_features));
  for (std::uint32_t i = 0; i < train.size(); ++i) {
    train.read(i, pixels);
    for (std::size_t p = 0; p < glyph_features; ++p)
      mean.at(train.label(i))[p] += pixels[p] / 200.0F;
  }
  int correct = 0;
  for (std::uint32_t i = 0; i < test.size(); ++i) {
    test.read(i, pixels);
    std::size_t nearest = 0;
    float smallest = 1e30F;
    for (std::size_t c = 0; c < 10; ++c) {
      float distance = 0;
      for (std::size_t p = 0; p < glyph_features; ++p)
        distance += (pixels[p] - mean[c][p]) * (pixels[p] - mean[c][p]);
      if (distance < smallest) {
        smallest = distance;
        nearest = c;
      }
    }
    correct += nearest == test.label(i) ? 1 : 0;
  }
  EXPECT_GT(correct, 600); // the digits are digits
  EXPECT_LT(correct, 920); // and not ten fixed patterns
}

/// A hidden layer of sigmoid neurons in floating point, made of the functions that a vector unit computes.
class small_network {
public:
  small_network() {
    numerics::kaiming_uniform(1, 0, inputs, w0_);
    numerics::kaiming_uniform(1, 0, inputs, b0_, w0_.size());
    numerics::kaiming_uniform(1, 1, hidden, w1_);
    numerics::kaiming_uniform(1, 1, hidden, b1_, w1_.size());
  }

  bool predicts(const labelled_set& set, std::uint32_t sample) {
    set.read(sample, x0_);
    label_ = static_cast<float>(set.label(sample));
    multiply(w0_, x0_, z0_);
    run(vector_function::bias_activation, {view(z0_), view(b0_)}, {view(x1_)});
    multiply(w1_, x1_, z1_);
    run(vector_function::add_bias, {view(z1_), view(b1_)}, {view(z1_)});
    run(vector_function::loss_gradient, {view(z1_), {&label_, 1, 1, 1}},
        {view(d1_), {&loss_, 1, 1, 1}, {&guess_, 1, 1, 1}});
    return guess_ == label_;
  }

  void learn(const labelled_set& set, std::uint32_t sample) {
    predicts(set, sample);
    e1_.fill(0);
    for (std::size_t i = 0; i < classes; ++i)
      for (std::size_t j = 0; j < hidden; ++j)
        e1_[j] += w1_[i * hidden + j] * d1_[i];
    run(vector_function::activation_gradient, {view(e1_), view(x1_)}, {view(d0_)});
    descend(w1_, d1_, x1_);
    descend(w0_, d0_, x0_);
    run(vector_function::bias_update, {view(d1_), view(b1_)}, {view(b1_)});
    run(vector_function::bias_update, {view(d0_), view(b0_)}, {view(b0_)});
  }

private:
  static constexpr std::uint32_t inputs = glyph_features;
  static constexpr std::uint32_t hidden = 32;
  static constexpr std::uint32_t classes = glyph_classes;
  static constexpr float learning_rate = 0.1F;

  template <typename Vector>
  static mutable_burst view(Vector& v) {
    const auto length = static_cast<std::uint32_t>(v.size());
    return {v.data(), 1, length, length};
  }
  static void run(vector_function function, std::vector<const_burst> in, std::vector<mutable_burst> out) {
    numerics::evaluate(function, activation::sigmoid, in, out, {.learning_rate = learning_rate, .loss_scale = 1});
  }
  static void multiply(std::span<const float> w, std::span<const float> x, std::span<float> z) {
    for (std::size_t i = 0; i < z.size(); ++i)
      z[i] = std::inner_product(x.begin(), x.end(), w.begin() + static_cast<std::ptrdiff_t>(i * x.size()), 0.0F);
  }
  static void descend(std::span<float> w, std::span<const float> d, std::span<const float> x) {
    for (std::size_t i = 0; i < d.size(); ++i)
      for (std::size_t j = 0; j < x.size(); ++j)
        w[i * x.size() + j] -= learning_rate * d[i] * x[j];
  }

  std::array<float, std::size_t{inputs} * hidden> w0_{};
  std::array<float, std::size_t{hidden} * classes> w1_{};
  std::array<float, inputs> x0_{};
  std::array<float, hidden> b0_{}, z0_{}, x1_{}, e1_{}, d0_{};
  std::array<float, classes> b1_{}, z1_{}, d1_{};
  float label_ = 0, loss_ = 0, guess_ = 0;
};

TEST(glyphs, a_small_network_learns_them_well_but_not_at_once) {
  const labelled_set train = generate_glyphs(1, data_split::train, 5000);
  const labelled_set test = generate_glyphs(1, data_split::test, 1000);
  small_network network;
  for (std::uint64_t epoch = 0; epoch < 2; ++epoch)
    for (const std::uint32_t sample : numerics::shuffled_order(1, epoch, train.size()))
      network.learn(train, sample);
  int correct = 0;
  for (std::uint32_t i = 0; i < test.size(); ++i)
    correct += network.predicts(test, i) ? 1 : 0;
  EXPECT_GT(correct, 900);
  EXPECT_LT(correct, 990);
  RecordProperty("correct_of_1000", correct);
}

} // namespace
} // namespace tilework::workload
