// SPDX-License-Identifier: Apache-2.0
/// \file Sample statistics for tests with random numbers.
#pragma once

#include <cmath>
#include <cstddef>

namespace tilework::physics {

/// Running mean, variance and fourth moment of a sample.
class sample {
public:
  void add(double value) {
    if (count_ == 0)
      origin_ = value;
    const double v = value - origin_; // keeps the sums small: little cancellation
    ++count_;
    sum_ += v;
    sum2_ += v * v;
    sum3_ += v * v * v;
    sum4_ += v * v * v * v;
  }
  [[nodiscard]] double count() const { return count_; }
  [[nodiscard]] double mean() const { return origin_ + shifted_mean(); }
  [[nodiscard]] double variance() const {
    return std::fmax(sum2_ / count_ - shifted_mean() * shifted_mean(), 0) * count_ / (count_ - 1);
  }
  [[nodiscard]] double deviation() const { return std::sqrt(variance()); }
  [[nodiscard]] double error_of_mean() const { return deviation() / std::sqrt(count_); }
  /// Standard error of variance(), from the fourth central moment.
  [[nodiscard]] double error_of_variance() const {
    const double m = shifted_mean();
    const double m4 = sum4_ / count_ - 4 * m * sum3_ / count_ + 6 * m * m * sum2_ / count_ - 3 * m * m * m * m;
    return std::sqrt(std::fmax(m4 - variance() * variance(), 0) / count_);
  }

private:
  [[nodiscard]] double shifted_mean() const { return sum_ / count_; }

  double origin_ = 0;
  double count_ = 0;
  double sum_ = 0;
  double sum2_ = 0;
  double sum3_ = 0;
  double sum4_ = 0;
};

} // namespace tilework::physics
