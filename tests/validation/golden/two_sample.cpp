// SPDX-License-Identifier: Apache-2.0
#include "validation/golden/two_sample.h"

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

#include <algorithm>
#include <cmath>

namespace tilework::golden {
namespace {

constexpr double smallest_probability = 1e-300;

double log_binomial(std::uint64_t n, std::uint64_t k) {
  const auto log_factorial = [](std::uint64_t m) { return std::lgamma(static_cast<double>(m) + 1); };
  return log_factorial(n) - log_factorial(k) - log_factorial(n - k);
}

} // namespace

double normal_tail(double z) {
  return std::erfc(z / std::sqrt(2.0)) / 2;
}

double normal_quantile(double probability) {
  return boost::math::quantile(
      boost::math::complement(boost::math::normal(), std::clamp(probability, smallest_probability, 1 - 1e-16)));
}

double sidak_threshold(double family_wise, std::size_t comparisons) {
  const double each =
      -std::expm1(std::log1p(-family_wise) / static_cast<double>(std::max<std::size_t>(comparisons, 1)));
  return normal_quantile(each / 2);
}

double unskewed(double z, double skewness) {
  constexpr double mild = 0.5;
  if (std::abs(skewness) < 1e-6 || (std::abs(skewness) > mild && skewness * z < 0))
    return z;
  return 6 / skewness * (std::cbrt(skewness * z / 2 + 1) - 1) + skewness / 6;
}

double normal_score_of_student(double t, double degrees) {
  const double tail = boost::math::cdf(boost::math::complement(boost::math::students_t(degrees), std::abs(t)));
  return std::copysign(normal_quantile(tail), t);
}

double score_of_counts(std::uint64_t ours, std::uint64_t n_ours, std::uint64_t reference, std::uint64_t n_reference) {
  // Given the total, our count is hypergeometric.
  const std::uint64_t total = ours + reference;
  const std::uint64_t all = n_ours + n_reference;
  const double expected = static_cast<double>(total) * static_cast<double>(n_ours) / static_cast<double>(all);
  const bool above = static_cast<double>(ours) > expected;
  const std::uint64_t least = total > n_reference ? total - n_reference : 0;
  const std::uint64_t most = std::min(total, n_ours);
  double term = std::exp(log_binomial(n_ours, ours) + log_binomial(n_reference, reference) - log_binomial(all, total));
  double tail = term;
  for (std::uint64_t k = ours; (above ? k < most : k > least) && term > 1e-17 * tail;) {
    // ratio of neighbouring terms of the hypergeometric law
    const auto down = [&](std::uint64_t m) {
      return static_cast<double>(m) * static_cast<double>(n_reference + m - total) /
             (static_cast<double>(n_ours - m + 1) * static_cast<double>(total - m + 1));
    };
    if (above)
      term /= down(++k);
    else
      term *= down(k--);
    tail += term;
  }
  const double z = std::max(normal_quantile(std::min(tail, 0.5)), 0.0);
  return above ? z : -z;
}

std::vector<std::uint64_t> counts_from_moments(std::span<const double> values, std::uint64_t n, double mean,
                                               double variance, double step) {
  const auto size = static_cast<double>(n);
  const double origin = values.front();
  const double m1 = mean - origin;
  const double m2 = variance * (size - 1) / size + m1 * m1;
  std::vector<double> counts;
  if (values.size() == 1) {
    counts = {size};
  } else if (values.size() == 2) {
    const double upper = size * m1 / (values[1] - origin);
    counts = {size - upper, upper};
  } else {
    const double a = values[1] - origin;
    const double b = values[2] - origin;
    const double upper = size * (m2 - a * m1) / (b * (b - a));
    const double middle = size * (b * m1 - m2) / (a * (b - a));
    counts = {size - middle - upper, middle, upper};
  }

  std::vector<std::uint64_t> whole;
  double mean_back = 0;
  double square_back = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double rounded = std::round(counts[i]);
    if (rounded < 0 || std::abs(counts[i] - rounded) > 0.3)
      return {};
    whole.push_back(static_cast<std::uint64_t>(rounded));
    mean_back += rounded / size * (values[i] - origin);
    square_back += rounded / size * (values[i] - origin) * (values[i] - origin);
  }
  // Fewer than three values leave moments to check: another value occurred if they disagree by half of one event.
  const double span = values.size() > 1 ? values.back() - origin : step;
  const bool fits =
      std::abs(mean_back - m1) < 0.5 / size * span && std::abs(square_back - m2) < 0.5 / size * span * span;
  return fits ? whole : std::vector<std::uint64_t>{};
}

} // namespace tilework::golden
