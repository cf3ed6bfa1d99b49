// SPDX-License-Identifier: Apache-2.0
#include "ars_reference.h"
#include "random_streams.h"
#include "statistics.h"

#include <tilework/physics/random/noise_stream.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <numbers>
#include <string_view>
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

/// Calls f(name, kernels) for every instruction set of this processor.
template <typename F>
void for_each_instruction_set(F f) {
  for (const auto& [name, isa] : names_of(instruction_set{}))
    if (is_supported(isa))
      f(name, number_kernels_of(isa));
}

// FIPS 197, appendix B: rounds 1 and 10.
TEST(ars, reference_round_is_that_of_the_standard) {
  using reference::aes_state;
  const aes_state start{0x19, 0x3d, 0xe3, 0xbe, 0xa0, 0xf4, 0xe2, 0x2b, 0x9a, 0xc6, 0x8d, 0x2a, 0xe9, 0xf8, 0x48, 0x08};
  const aes_state key{0xa0, 0xfa, 0xfe, 0x17, 0x88, 0x54, 0x2c, 0xb1, 0x23, 0xa3, 0x39, 0x39, 0x2a, 0x6c, 0x76, 0x05};
  const aes_state end{0xa4, 0x9c, 0x7f, 0xf2, 0x68, 0x9f, 0x35, 0x2b, 0x6b, 0x5b, 0xea, 0x43, 0x02, 0x6a, 0x50, 0x49};
  EXPECT_EQ(reference::aes_round(start, key, false), end);
  const aes_state tenth{0xeb, 0x40, 0xf2, 0x1e, 0x59, 0x2e, 0x38, 0x84, 0x8b, 0xa1, 0x13, 0xe7, 0x1b, 0xc3, 0x42, 0xd2};
  const aes_state key10{0xd0, 0x14, 0xf9, 0xa8, 0xc9, 0xee, 0x25, 0x89, 0xe1, 0x3f, 0x0c, 0xc8, 0xb6, 0x63, 0x0c, 0xa6};
  const aes_state cipher{0x39, 0x25, 0x84, 0x1d, 0x02, 0xdc, 0x09, 0xfb,
                         0xdc, 0x11, 0x85, 0x97, 0x19, 0x6a, 0x0b, 0x32};
  EXPECT_EQ(reference::aes_round(tenth, key10, true), cipher);
}

TEST(ars, known_answers) {
  constexpr std::uint32_t ones = 0xffffffff;
  constexpr std::uint64_t all = ~std::uint64_t{0};
  const auto answers = [](const random_block& counter, const stream_key& key, const random_block& expected) {
    EXPECT_EQ(reference::ars(counter, key), expected);
    for_each_instruction_set([&](std::string_view name, const number_kernels& k) {
      EXPECT_EQ(k.block({key, counter[0] | std::uint64_t{counter[1]} << 32U, counter[2], counter[3]}), expected)
          << name;
    });
  };
  answers({0, 0, 0, 0}, {0, 0}, {0xdacf61ff, 0xc45798f3, 0x113c7eeb, 0x101e27f3});
  answers({ones, ones, ones, ones}, {all, all}, {0xfbaaff1f, 0xbb547ef9, 0x13d8cd78, 0x7aaa969b});
  answers({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0x299f31d0a4093822, 0xec4e6c89082efa98},
          {0xd1df87af, 0xf67d43ba, 0x4f66afdb, 0x393dcb2d});
}

// Any length, also where the number of the block passes 2^32 - 1, which must not carry into the slot.
TEST(ars, every_instruction_set_gives_the_words_of_the_reference) {
  const block_address first{{0x0123456789abcdefU, 0xfedcba9876543210U}, 123456789012345U, 0xfffffff0U, 3};
  std::vector<std::uint32_t> expected;
  for (std::uint32_t b = 0; b < 40; ++b)
    for (const auto w : reference::ars({static_cast<std::uint32_t>(first.vector),
                                        static_cast<std::uint32_t>(first.vector >> 32U), first.block + b, first.slot},
                                       first.key))
      expected.push_back(w);
  for_each_instruction_set([&](std::string_view name, const number_kernels& k) {
    for (const std::size_t length : {1U, 3U, 4U, 15U, 16U, 17U, 63U, 64U, 65U, 97U, 160U}) {
      std::vector<std::uint32_t> words(length + 1, 77);
      k.words(first, std::span(words).first(length));
      EXPECT_TRUE(std::equal(words.begin(), words.end() - 1, expected.begin())) << name << " " << length;
      EXPECT_EQ(words.back(), 77U) << name << " " << length;
    }
  });
}

// Among 2^20 normals 500 are in the tail.
TEST(ars, every_instruction_set_gives_the_numbers_of_the_scalar_functions) {
  const block_address first{{1, 2}, 3, 4, 5};
  const std::size_t n = (1U << 20U) + 3;
  std::vector<std::uint32_t> words(n);
  fastest_number_kernels().words(first, words);
  std::vector<float> numbers(n);
  const auto differing = [&](float (*of_word)(std::uint32_t)) {
    std::size_t count = 0;
    for (std::size_t e = 0; e < n; ++e)
      count += std::bit_cast<std::uint32_t>(numbers[e]) != std::bit_cast<std::uint32_t>(of_word(words[e]));
    return count;
  };
  for_each_instruction_set([&](std::string_view name, const number_kernels& k) {
    k.normals(first, numbers);
    EXPECT_EQ(differing(normal_from), 0U) << name;
    k.uniforms(first, numbers);
    EXPECT_EQ(differing(uniform_from), 0U) << name;
  });
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

// Distance from the quantile, by the law's slope there.
TEST(distributions, normal_is_the_inverse_of_the_law) {
  const auto error = [](std::uint32_t rest) {
    const double x = normal_from(rest);
    const double p = (rest + 0.5) * 0x1p-31;
    const double excess = p < 0.5 ? std::erfc(x / std::sqrt(2.0)) - p : 1 - p - std::erf(x / std::sqrt(2.0));
    const double slope = std::sqrt(2 / std::numbers::pi) * std::exp(-x * x / 2);
    return std::abs(excess / slope) / (x + 1e-4); // 5e-10 for the last words, where x is 0 for 1/2 of a step
  };
  double largest = 0;
  for (std::uint32_t rest = 0; rest < 0x80000000U; rest += 1 + rest / 4096) // all that are far out, then every 0.02 %
    largest = std::max(largest, error(rest));
  for (std::uint32_t rest = 0x7fffffff; rest > 0x40000000U; rest -= 1 + (0x7fffffff - rest) / 4096)
    largest = std::max(largest, error(rest));
  EXPECT_LT(largest, 5e-6);
  for (std::uint32_t word = 0; word < 0x80000000U; word += 0x00123457U)
    EXPECT_EQ(normal_from(word | 0x80000000U), -normal_from(word));
}

TEST(distributions, tails_reach_beyond_six_sigma) {
  EXPECT_GT(normal_from(0), 6.33F);
  EXPECT_LT(normal_from(0x80000000U), -6.33F);
  EXPECT_GT(normal_from(100), 5.4F);
  EXPECT_EQ(normal_from(0x7fffffff), 0);
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
