// SPDX-License-Identifier: Apache-2.0
// Random numbers in large amounts: laws by Kolmogorov-Smirnov, tails by Poisson counts, independence of neighbouring
// streams. TILEWORK_SEED selects fresh streams.
#include "unit/physics/random_streams.h"
#include "unit/physics/statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

namespace tilework::physics {
namespace {

constexpr std::uint64_t draws = 100'000'000;
constexpr std::size_t lines = 10'000; ///< numbers per vector

std::uint64_t seed() {
  const char* const given = std::getenv("TILEWORK_SEED");
  return given == nullptr ? 1 : std::stoull(given);
}

double normal_distribution(double x) {
  return std::erfc(-x / std::sqrt(2.0)) / 2;
}

/// Calls use(vector) with the normals of `count / lines` vectors.
template <typename Use>
void for_normals(std::uint64_t count, Use use) {
  const noise_stream stream(seed(), purpose::forward_noise, {});
  std::vector<float> values(lines);
  for (std::uint64_t v = 0; v < count / lines; ++v) {
    stream.fill_normals(v, 0, values);
    use(values);
  }
}

/// Exact counts between edges at multiples of `width`, for numbers in [low, high).
class fine_histogram {
public:
  fine_histogram(double low, double high, double width)
      : low_(low), width_(width), counts_(static_cast<std::size_t>((high - low) / width) + 1) {}
  void add(float value) { ++counts_.at(static_cast<std::size_t>((static_cast<double>(value) - low_) / width_)); }
  /// Kolmogorov-Smirnov distance: exact at the edges, and between them at most one interval's probability more.
  template <typename Distribution>
  [[nodiscard]] double distance(Distribution distribution) const {
    std::uint64_t total = 0;
    for (const auto c : counts_)
      total += c;
    double largest = 0;
    double widest = 0;
    std::uint64_t below = 0;
    double before = distribution(low_);
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      below += counts_[i];
      const double now = distribution(low_ + width_ * static_cast<double>(i + 1));
      largest = std::max(largest, std::abs(static_cast<double>(below) / static_cast<double>(total) - now));
      widest = std::max(widest, now - before);
      before = now;
    }
    return largest + widest;
  }

private:
  double low_;
  double width_;
  std::vector<std::uint32_t> counts_;
};

// P(sqrt(n) D > 1.95) = 0.1 %. The intervals add at most 3 % to the distance at that limit.
TEST(random_quality, normals_follow_their_law) {
  fine_histogram histogram(-8, 8, 0x1p-16);
  for_normals(draws, [&](const std::vector<float>& values) {
    for (const float v : values)
      histogram.add(v);
  });
  EXPECT_LT(histogram.distance(normal_distribution) * std::sqrt(double{draws}), 1.95);
}

// As above; 2^20 intervals of [0, 1), whose edges are numbers that occur: 2^-24 apart.
TEST(random_quality, uniforms_follow_their_law) {
  fine_histogram histogram(0, 1, 0x1p-20);
  const noise_stream stream(seed(), purpose::forward_noise, {});
  std::vector<float> values(lines);
  for (std::uint64_t v = 0; v < draws / lines; ++v) {
    stream.fill_uniforms(v, 0, values);
    for (const float u : values)
      histogram.add(u);
  }
  EXPECT_LT(histogram.distance([](double u) { return std::min(u, 1.0); }) * std::sqrt(double{draws}), 1.95);
}

// 4 standard errors of each moment: false alarm 2.5e-4 in all.
TEST(random_quality, moments) {
  sample s;
  for_normals(draws, [&](const std::vector<float>& values) {
    for (const float v : values)
      s.add(v);
  });
  const auto n = static_cast<double>(draws);
  EXPECT_NEAR(s.mean(), 0, 4 / std::sqrt(n));
  EXPECT_NEAR(s.variance(), 1, 4 * std::sqrt(2 / n));
  EXPECT_NEAR(s.central_moment(3), 0, 4 * std::sqrt(6 / n));
  EXPECT_NEAR(s.central_moment(4), 3, 4 * std::sqrt(96 / n));
}

/// Two-sided p-value of a Poisson count.
double poisson_p_value(std::uint64_t count, double mean) {
  double at_most = 0;
  double below = 0;
  for (std::uint64_t k = 0; k <= count; ++k) {
    const auto c = static_cast<double>(k);
    below = at_most;
    at_most += std::exp(c * std::log(mean) - mean - std::lgamma(c + 1));
  }
  return 2 * std::min(at_most, 1 - below);
}

// Numbers beyond a limit, on either side; 1e9 draws, of which 38 should lie beyond 5.5 sigma and 2 beyond 6. Each of
// the eight tests has a false-alarm rate of 1e-4.
TEST(random_quality, tails_have_their_probability) {
  constexpr std::array<double, 4> limits{4.5, 5, 5.5, 6};
  std::array<std::uint64_t, limits.size()> above{};
  std::array<std::uint64_t, limits.size()> below{};
  for_normals(10 * draws, [&](const std::vector<float>& values) {
    for (const float v : values) {
      if (std::abs(v) < 4.5F)
        continue;
      for (std::size_t i = 0; i < limits.size(); ++i) {
        above[i] += v > limits[i];
        below[i] += v < -limits[i];
      }
    }
  });
  for (std::size_t i = 0; i < limits.size(); ++i) {
    const double mean = 10 * double{draws} * normal_distribution(-limits[i]);
    EXPECT_GT(poisson_p_value(above[i], mean), 1e-4) << above[i] << " above " << limits[i] << ", expected " << mean;
    EXPECT_GT(poisson_p_value(below[i], mean), 1e-4) << below[i] << " below -" << limits[i] << ", expected " << mean;
  }
  EXPECT_GT(above[2] + below[2], 0U) << "nothing beyond 5.5 sigma";
}

// Numbers and squares of 17 pairs of neighbouring streams, 1e7 pairs of numbers each along the lines and 4e6 along the
// vectors; 4.5 standard errors, false alarm 2.5e-4 for each of the two tests.
TEST(random_quality, neighbouring_streams_are_uncorrelated) {
  const auto base = stream_address{.seed = seed()}.normals(10'000'000);
  for (const auto& [what, neighbour] : neighbours) {
    auto address = neighbour;
    address.seed += seed() - 1;
    const auto c = correlate(base, address.normals(base.size()));
    EXPECT_LT(std::abs(c.of_numbers), 4.5) << what;
    EXPECT_LT(std::abs(c.of_squares), 4.5) << what;
  }
}

TEST(random_quality, neighbouring_streams_are_uncorrelated_along_vectors) {
  const auto along_vectors = [](const stream_address& a) {
    const noise_stream stream(a.seed, a.purpose, a.array);
    std::vector<float> values;
    for (std::uint64_t v = 0; v < 4'000'000; ++v)
      values.push_back(stream.normals(a.vector + v, a.first_element, a.slot)[0]);
    return values;
  };
  const auto base = along_vectors({.seed = seed()});
  for (const auto& [what, neighbour] : neighbours) {
    auto address = neighbour;
    address.seed += seed() - 1;
    const auto c = correlate(base, along_vectors(address));
    EXPECT_LT(std::abs(c.of_numbers), 4.5) << what;
    EXPECT_LT(std::abs(c.of_squares), 4.5) << what;
  }
}

} // namespace
} // namespace tilework::physics
