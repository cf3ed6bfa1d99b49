// SPDX-License-Identifier: Apache-2.0
#include "random_streams.h"
#include "statistics.h"

#include <tilework/physics/random/noise_stream.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>
#include <vector>

namespace tilework::physics {
namespace {

double normal_distribution(double x) {
  return std::erfc(-x / std::sqrt(2.0)) / 2;
}

std::vector<float> normals(const noise_stream& stream, std::size_t count, std::uint64_t vector = 0,
                           std::uint32_t slot = 0) {
  std::vector<float> values(count);
  stream.fill_normals(vector, slot, values);
  return values;
}

// Known answers of the Random123 distribution.
TEST(philox, known_answers) {
  constexpr std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (philox_block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({ones, ones, ones, ones}, {ones, ones}),
            (philox_block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (philox_block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(philox, lanes_equal_single_blocks) {
  const noise_stream stream(7, purpose::cycle_to_cycle, {});
  const std::array<std::uint32_t, 8> elements{0, 5, 2, 77, 5, 1U << 31U, 8, 9};
  const auto lanes = stream.words<8>(123456789012345ULL, elements, 3);
  for (std::size_t l = 0; l < 8; ++l)
    for (std::size_t q = 0; q < 4; ++q)
      EXPECT_EQ(lanes[q][l], stream.words(123456789012345ULL, elements[l], 3)[q]);
}

TEST(distributions, logarithm) {
  for (float v = 1e-9F; v <= 1; v *= 1.0007F)
    EXPECT_NEAR(logarithm(v), std::log(v), 2e-7 * std::max(1.0F, -std::log(v)));
  EXPECT_EQ(logarithm(1), 0);
}

TEST(distributions, exponential) {
  for (double v = -87; v <= 88; v += 1.7e-4) {
    const auto x = static_cast<float>(v);
    ASSERT_NEAR(static_cast<double>(exponential(x)) / std::exp(static_cast<double>(x)), 1, 3e-7) << x;
  }
  EXPECT_EQ(exponential(0), 1);
  EXPECT_EQ(exponential(-1e30F), exponential(-87)); // stays at its smallest and largest value
  EXPECT_EQ(exponential(1e30F), exponential(88));
}

TEST(distributions, power) {
  for (double base = 1e-6; base <= 1; base *= 1.0013)
    for (double exponent = 0; exponent <= 6; exponent += .037) {
      const auto b = static_cast<float>(base);
      const auto e = static_cast<float>(exponent);
      const double exact = std::pow(static_cast<double>(b), static_cast<double>(e));
      if (exact >= 1e-6) {
        ASSERT_NEAR(static_cast<double>(power(b, e)) / exact, 1, 3e-7 - 2e-7 * std::log(exact)) << b << "^" << e;
      }
    }
  for (const float e : {.3F, 1.0F, 5.0F})
    EXPECT_EQ(power(1, e), 1);
  EXPECT_EQ(power(0, 2), 0);
  EXPECT_EQ(power(-.1F, 2), 0); // a weight beyond its bound by rounding
  EXPECT_EQ(power(0, 0), 1);
  EXPECT_EQ(power(.3F, 0), 1);
}

TEST(distributions, angle_and_radius) {
  // Exact quarter turns and random angles against the library.
  for (std::uint32_t i = 0; i < 4096; ++i) {
    const std::uint32_t angle = i * 0x9E3779B9U;
    const auto pair = normals_from(0x80000000U, angle); // u = 1/2
    const double radius = std::sqrt(2 * std::log(2.0));
    const double turn = 2 * 3.14159265358979323846 * angle / 4294967296.0;
    EXPECT_NEAR(pair.first, radius * std::cos(turn), 1e-6);
    EXPECT_NEAR(pair.second, radius * std::sin(turn), 1e-6);
  }
}

TEST(distributions, tails_reach_beyond_five_and_a_half_sigma) {
  EXPECT_GT(normals_from(0, 0).first, 6.6F);
  EXPECT_GT(normals_from(100, 0).first, 5.5F);
  EXPECT_LT(std::abs(normals_from(0xffffffff, 0).first), 1e-3F);
}

TEST(distributions, uniform_is_in_unit_interval) {
  EXPECT_EQ(uniform_from(0), 0);
  EXPECT_LT(uniform_from(0xffffffff), 1);
  EXPECT_EQ(uniform_from(0x80000000U), 0.5F);
}

// Kolmogorov-Smirnov: P(sqrt(n) D > 1.95) = 0.1 %.
TEST(noise_stream, normals_are_normal) {
  auto values = normals({1, purpose::forward_noise, {}}, 200'000);
  std::ranges::sort(values);
  double distance = 0;
  const auto n = static_cast<double>(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double f = normal_distribution(values[i]);
    distance = std::max({distance, f - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - f});
  }
  EXPECT_LT(distance * std::sqrt(n), 1.95);
}

// 4 standard errors each: false alarm 6e-5 per line.
TEST(noise_stream, moments_and_tails) {
  const std::size_t n = 1'000'000;
  const auto values = normals({2, purpose::backward_noise, {}}, n);
  sample s;
  double beyond_three = 0;
  for (const float v : values) {
    s.add(v);
    beyond_three += std::abs(v) > 3;
  }
  EXPECT_NEAR(s.mean(), 0, 4 / std::sqrt(n));
  EXPECT_NEAR(s.variance(), 1, 4 * std::sqrt(2.0 / n));
  const double expected = 2 * normal_distribution(-3) * n;
  EXPECT_NEAR(beyond_three, expected, 4 * std::sqrt(expected));
}

// 34 correlations of 2e5 pairs each, 4.5 standard errors: false alarm 2e-4 for all of them.
TEST(noise_stream, neighbouring_streams_are_uncorrelated) {
  const std::size_t n = 200'000;
  const auto base = stream_address{}.normals(n);
  for (const auto& [what, address] : neighbours) {
    const auto c = correlate(base, address.normals(n));
    EXPECT_LT(std::abs(c.of_numbers), 4.5) << what;
    EXPECT_LT(std::abs(c.of_squares), 4.5) << what;
  }
}

// A million random words of 32 bits, or numbers of 24, coincide as often as a million random birthdays: a table of
// prepared numbers would repeat itself. 4 standard errors of a Poisson count: false alarm 6e-5 per line.
TEST(noise_stream, numbers_repeat_only_by_chance) {
  const std::size_t n = 1'000'000;
  const auto repetitions = [](auto values) {
    std::ranges::sort(values);
    return static_cast<double>(values.end() - std::unique(values.begin(), values.end()));
  };
  const auto expected = [&](double kinds) { return n - kinds * -std::expm1(n * std::log1p(-1 / kinds)); };

  const noise_stream stream(4, purpose::cycle_to_cycle, {});
  std::vector<std::uint32_t> words;
  for (std::uint32_t e = 0; e < n / 4; ++e)
    std::ranges::copy(stream.words(0, e, 0), std::back_inserter(words));
  EXPECT_NEAR(repetitions(words), expected(0x1p32), 4 * std::sqrt(expected(0x1p32)));

  std::vector<float> uniforms(n);
  stream.fill_uniforms(0, 0, uniforms);
  EXPECT_NEAR(repetitions(uniforms), expected(0x1p24), 4 * std::sqrt(expected(0x1p24)));

  // Normals: of single precision, the more numbers there are near a value the less often it repeats.
  double coincidence = 0; // probability that two normals are the same number
  for (float low = 0x1p-20F; low < 8; low *= 2) {
    const double spacing = low * 0x1p-23;
    for (int part = 0; part < 64; ++part) {
      const double x = low * (1 + (part + 0.5) / 64);
      coincidence += 2 * std::exp(-x * x) / (2 * std::numbers::pi) * spacing * (low / 64);
    }
  }
  const double pairs = coincidence * n * (n - 1) / 2;
  EXPECT_NEAR(repetitions(normals(stream, n)), pairs, 4 * std::sqrt(pairs));
}

TEST(noise_stream, filling_does_not_depend_on_the_length) {
  const noise_stream stream(3, purpose::forward_noise, {});
  const auto all = normals(stream, 1000, 5, 2);
  for (const std::size_t length : {1U, 3U, 31U, 32U, 33U, 999U}) {
    const auto some = normals(stream, length, 5, 2);
    EXPECT_TRUE(std::equal(some.begin(), some.end(), all.begin())) << length;
  }
  for (std::uint32_t e = 0; e < 1000; ++e)
    EXPECT_EQ(all[e], stream.normals(5, e / 4, 2)[e % 4]);
}

} // namespace
} // namespace tilework::physics
