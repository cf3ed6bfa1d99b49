// SPDX-License-Identifier: Apache-2.0
#include <tilework/numerics/initial_weights.h>
#include <tilework/numerics/random.h>
#include <tilework/numerics/sample_order.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>
#include <stdexcept>
#include <tuple>
#include <vector>

namespace tilework::numerics {
namespace {

// All statistical tests use fixed seeds. Bounds are 5 standard errors: a false alarm has probability 6e-7 per
// comparison for a newly chosen seed.

TEST(random_stream, uniform_numbers_fill_the_unit_interval_evenly) {
  const random_stream stream(random_purpose::spiral, {7});
  constexpr int n = 100'000;
  constexpr int bins = 20;
  std::array<int, bins> histogram{};
  for (int i = 0; i < n; ++i) {
    const float u = stream.uniform(static_cast<std::uint64_t>(i));
    ASSERT_GE(u, 0.0F);
    ASSERT_LT(u, 1.0F);
    ++histogram.at(static_cast<std::size_t>(u * bins));
  }
  const double sigma = std::sqrt(n * (1.0 / bins) * (1 - 1.0 / bins));
  for (const int count : histogram)
    EXPECT_NEAR(count, n / static_cast<double>(bins), 5 * sigma);
}

TEST(random_stream, normal_numbers_have_the_moments_and_tails_of_the_normal_distribution) {
  const random_stream stream(random_purpose::spiral, {8});
  constexpr int n = 100'000;
  double sum = 0;
  double squares = 0;
  double fourth = 0;
  int beyond_two = 0;
  for (int i = 0; i < n; ++i) {
    const double x = stream.normal(static_cast<std::uint64_t>(i));
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
    beyond_two += std::abs(x) > 2 ? 1 : 0;
  }
  EXPECT_NEAR(sum / n, 0.0, 5 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1.0, 5 * std::sqrt(2.0 / n));
  EXPECT_NEAR(fourth / n, 3.0, 5 * std::sqrt(96.0 / n));
  constexpr double p = 0.0455003;
  EXPECT_NEAR(beyond_two, n * p, 5 * std::sqrt(n * p * (1 - p)));
}

TEST(random_stream, streams_of_neighbouring_keys_are_uncorrelated) {
  constexpr int n = 20'000;
  const random_stream base(random_purpose::spiral, {1, 2});
  for (const auto& other :
       {random_stream(random_purpose::spiral, {1, 3}), random_stream(random_purpose::spiral, {2, 2}),
        random_stream(random_purpose::spiral, {2, 1}), random_stream(random_purpose::glyphs, {1, 2})})
    for (const std::uint64_t lag : {0U, 1U}) {
      double correlation = 0;
      for (std::uint64_t i = 0; i < n; ++i)
        correlation += 12.0 * (base.uniform(i) - 0.5) * (other.uniform(i + lag) - 0.5) / n;
      EXPECT_NEAR(correlation, 0.0, 5 / std::sqrt(n));
    }
}

TEST(kaiming_uniform, fills_its_interval) {
  std::vector<float> w(50'000);
  kaiming_uniform(3, 0, 784, w);
  constexpr double bound = 1.0 / 28.0;
  const double mean = std::accumulate(w.begin(), w.end(), 0.0) / static_cast<double>(w.size());
  double variance = 0;
  for (const float v : w) {
    ASSERT_LE(std::abs(v), bound * (1 + 1e-6));
    variance += static_cast<double>(v) * v / static_cast<double>(w.size());
  }
  const double deviation = bound / std::sqrt(3.0);
  const auto n = static_cast<double>(w.size());
  EXPECT_NEAR(mean, 0.0, 5 * deviation / std::sqrt(n));
  EXPECT_NEAR(variance / (deviation * deviation), 1.0, 5 * std::sqrt(0.8 / n)); // var(x^2)/var(x)^2 = 4/5
}

TEST(kaiming_uniform, an_element_depends_on_seed_layer_and_number_only) {
  std::array<float, 100> whole{};
  std::array<float, 10> piece{};
  kaiming_uniform(3, 1, 256, whole);
  kaiming_uniform(3, 1, 256, piece, 40);
  EXPECT_TRUE(std::ranges::equal(piece, std::span(whole).subspan(40, 10)));
  kaiming_uniform(4, 1, 256, piece, 40);
  EXPECT_NE(piece[0], whole[40]);
  kaiming_uniform(3, 2, 256, piece, 40);
  EXPECT_NE(piece[0], whole[40]);
  EXPECT_THROW(kaiming_uniform(3, 0, 0, piece), std::invalid_argument);
}

TEST(initial_weights, have_the_moments_of_their_distribution) {
  constexpr std::uint32_t inputs = 300;
  constexpr std::uint32_t outputs = 200;
  constexpr double n = inputs * outputs;
  // excess kurtosis decides how well the variance is known: var(x^2) / var(x)^2 = kurtosis + 2
  for (const auto& [distribution, variance, spread] :
       {std::tuple{initial_distribution::kaiming_uniform, 1 / (3.0 * inputs), 0.8},
        std::tuple{initial_distribution::xavier_uniform, 2.0 / (inputs + outputs), 0.8},
        std::tuple{initial_distribution::xavier_normal, 2.0 / (inputs + outputs), 2.0}}) {
    std::vector<float> w(inputs * outputs);
    initial_weights(distribution, {.seed = 3, .inputs = inputs, .outputs = outputs}, w);
    double mean = 0;
    double second = 0;
    double fourth = 0;
    for (const double v : w) {
      mean += v / n;
      second += v * v / n;
      fourth += v * v * v * v / n;
    }
    EXPECT_NEAR(mean, 0, 5 * std::sqrt(variance / n)); // false alarm 6e-7 each
    EXPECT_NEAR(second / variance, 1, 5 * std::sqrt(spread / n));
    EXPECT_NEAR(fourth / (second * second), spread + 1, 0.1 * (spread + 1)); // 1.8 or 3: the shape
  }
}

TEST(initial_weights, that_fabrication_leaves_are_normal_and_every_copys_own) {
  constexpr std::size_t n = 40000;
  const initial_layer layer{.seed = 3, .inputs = 200, .outputs = 200};
  std::vector<float> first(n);
  std::vector<float> second(n);
  fabricated_weights(layer, 0, 0.4F, first, 0);
  fabricated_weights(layer, 1, 0.4F, second, 0);
  double squares = 0;
  double products = 0;
  for (std::size_t k = 0; k < n; ++k) {
    squares += double{first[k]} * first[k];
    products += double{first[k]} * second[k];
  }
  EXPECT_NEAR(squares / n, 0.16, 5 * 0.16 * std::sqrt(2.0 / n));
  EXPECT_NEAR(products / n, 0, 5 * 0.16 / std::sqrt(n));
  std::vector<float> piece(10);
  fabricated_weights(layer, 1, 0.4F, piece, 50);
  EXPECT_TRUE(std::equal(piece.begin(), piece.end(), second.begin() + 50));
}

TEST(initial_weights, have_the_deviation_that_is_stated) {
  const initial_layer layer{.seed = 3, .inputs = 200, .outputs = 100};
  std::vector<float> w(20000);
  for (const auto& [name, distribution] : names_of(initial_distribution{})) {
    initial_weights(distribution, layer, w);
    double squares = 0;
    for (const float e : w)
      squares += double{e} * e;
    EXPECT_NEAR(std::sqrt(squares / 20000), deviation_of(distribution, layer), 0.03 * deviation_of(distribution, layer))
        << name;
  }
}

TEST(initial_weights, do_not_depend_on_pieces_and_end_with_the_biases) {
  using enum initial_distribution;
  const initial_layer layer{.seed = 3, .layer = 1, .inputs = 20, .outputs = 4};
  for (const auto distribution : {kaiming_uniform, xavier_uniform, xavier_normal}) {
    std::array<float, 84> whole{};
    std::array<float, 10> piece{};
    initial_weights(distribution, layer, whole);
    for (const std::size_t first : {0U, 33U, 74U}) { // the last one reaches into the biases
      initial_weights(distribution, layer, piece, first);
      EXPECT_TRUE(std::ranges::equal(piece, std::span(whole).subspan(first, 10)));
    }
    initial_weights(distribution, layer, std::span(piece).first(4), 80);
    EXPECT_TRUE(std::ranges::equal(std::span(piece).first(4), std::span(whole).last(4)));
    for (const float bias : std::span(whole).last(4))
      EXPECT_EQ(bias == 0, distribution != kaiming_uniform);
    EXPECT_THROW(initial_weights(distribution, {.inputs = 0}, piece), std::invalid_argument);
  }
  std::array<float, 84> expected{};
  std::array<float, 84> w{};
  numerics::kaiming_uniform(3, 1, 20, expected);
  initial_weights(kaiming_uniform, layer, w);
  EXPECT_EQ(w, expected);
}

TEST(initial_weights, distributions_have_names) {
  EXPECT_EQ(names_of(initial_distribution{}).size(), 3U);
  EXPECT_EQ(names_of(initial_distribution{})[2].first, "xavier_normal");
  EXPECT_EQ(names_of(initial_distribution{})[2].second, initial_distribution::xavier_normal);
}

TEST(shuffled_order, is_a_permutation_that_changes_with_seed_and_epoch) {
  const auto order = shuffled_order(1, 0, 1000);
  auto sorted = order;
  std::ranges::sort(sorted);
  for (std::uint32_t i = 0; i < 1000; ++i)
    ASSERT_EQ(sorted[i], i);
  EXPECT_EQ(order, shuffled_order(1, 0, 1000));
  EXPECT_NE(order, shuffled_order(1, 1, 1000));
  EXPECT_NE(order, shuffled_order(2, 0, 1000));
  EXPECT_TRUE(shuffled_order(1, 0, 0U).empty());
}

TEST(shuffled_order, is_the_same_on_every_platform) {
  // from an independent implementation that reproduces the published first outputs of SplitMix64 for seed 1234567
  EXPECT_EQ(shuffled_order(1, 0, 8), (std::vector<std::uint32_t>{0, 2, 5, 3, 1, 6, 7, 4}));
}

TEST(shuffled_order, every_permutation_is_equally_likely) {
  std::array<int, 24> histogram{};
  constexpr int n = 24'000;
  for (std::uint64_t epoch = 0; epoch < n; ++epoch) {
    const auto p = shuffled_order(5, epoch, 4);
    std::size_t rank = 0;
    for (std::size_t i = 0; i < 4; ++i)
      rank = rank * (4 - i) + static_cast<std::size_t>(std::count_if(p.begin() + static_cast<std::ptrdiff_t>(i),
                                                                     p.end(), [&](auto v) { return v < p[i]; }));
    ++histogram.at(rank);
  }
  const double sigma = std::sqrt(n / 24.0 * (1 - 1 / 24.0));
  for (const int count : histogram)
    EXPECT_NEAR(count, n / 24.0, 5 * sigma);
}

} // namespace
} // namespace tilework::numerics
