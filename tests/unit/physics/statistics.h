// SPDX-License-Identifier: Apache-2.0
/// \file Sample statistics for tests with random numbers.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

namespace tilework::physics {

/// Running mean and central moments up to the sixth of a sample, in double precision.
class sample {
public:
  void add(double value) {
    if (count_ == 0)
      origin_ = value;
    const double v = value - origin_; // keeps the sums small: little cancellation
    ++count_;
    double power = 1;
    for (auto& sum : sums_)
      sum += power *= v;
  }
  [[nodiscard]] double count() const { return count_; }
  [[nodiscard]] double mean() const { return origin_ + shifted_mean(); }
  [[nodiscard]] double variance() const { return std::fmax(central_moment(2), 0) * count_ / (count_ - 1); }
  [[nodiscard]] double deviation() const { return std::sqrt(variance()); }
  [[nodiscard]] double error_of_mean() const { return deviation() / std::sqrt(count_); }
  /// Standard error of variance(), from the fourth central moment.
  [[nodiscard]] double error_of_variance() const { return std::sqrt(variance_of_square() / count_); }

  /// Mean of (value - mean)^order. \param order 2 to 6
  [[nodiscard]] double central_moment(std::size_t order) const {
    double moment = 0;
    double binomial = 1;
    double power = 1; // (-mean)^k
    for (std::size_t k = 0; k <= order; ++k) {
      const double raw = k == order ? 1 : sums_[order - k - 1] / count_;
      moment += binomial * power * raw;
      binomial *= static_cast<double>(order - k) / static_cast<double>(k + 1);
      power *= -shifted_mean();
    }
    return moment;
  }
  /// Variance of (value - mean)^2.
  [[nodiscard]] double variance_of_square() const { return std::fmax(central_moment(4) - variance() * variance(), 0); }
  /// Third central moment of (value - mean)^2.
  [[nodiscard]] double third_moment_of_square() const {
    const double v = central_moment(2);
    return central_moment(6) - 3 * v * central_moment(4) + 2 * v * v * v;
  }

private:
  [[nodiscard]] double shifted_mean() const { return sums_[0] / count_; }

  double origin_ = 0;
  double count_ = 0;
  std::array<double, 6> sums_{}; ///< of v, v^2, ..., v^6
};

} // namespace tilework::physics
