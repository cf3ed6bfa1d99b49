// SPDX-License-Identifier: Apache-2.0
/// \file Families of comparisons between samples drawn here and published statistics of a reference.
///
/// A family collects comparisons; the threshold follows from the number of comparisons of all families together, so
/// that a correct program fails by chance with probability 1 % at most. Nothing is ever compared with a tolerance of
/// its own.
#pragma once

#include "unit/physics/statistics.h"

#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tilework::golden {

using physics::sample;

/// Chance that a correct program fails any comparison.
inline constexpr double family_wise_false_alarm = 0.01;
/// What a family should detect with a probability of 90 %: shift of a mean in units of sigma, relative change of a
/// standard deviation.
inline constexpr double target_shift = 0.01;
inline constexpr double target_change = 0.03;
inline constexpr double target_power = 0.9;

enum class kind : std::uint8_t { exact, mean, deviation, quantile, rate, covariance };
inline constexpr std::size_t kind_count = 6;
std::string_view name_of(kind k);

/// The reference picks its normals from a table of this many numbers; one table per tile.
inline constexpr double table_size = 32768;

/// A published mean and variance, and what is uncertain about them beyond the size of the sample.
struct reference_moments {
  double mean = 0;
  double variance = 0; ///< sum of squares / (n - 1)
  double n = 0;
  /// Variance of the published mean, of the published variance: what tables of pre-drawn normals add.
  double table_mean = 0;
  double table_variance = 0;
  /// Decimal places and single precision of the published numbers.
  double mean_rounding = 0;
  double variance_rounding = 0;
};

/// Standard error of a published mean that was itself estimated, with its degrees of freedom.
struct estimated_error {
  double value = 0;
  double degrees = 0;
};

/// Half a unit of the last of `digits` significant digits.
double half_last_digit(double value, int digits = 6);

struct comparison {
  std::string what;
  golden::kind kind = kind::exact;
  double ours = 0;
  double reference = 0;
  double z = 0;      ///< normal-equivalent score; 0 if exact
  double effect = 0; ///< size of the shift to detect in standard errors; 0 if there is no such target
  double degrees = std::numeric_limits<double>::infinity(); ///< of the standard error
  bool differs = false;                                     ///< exact comparisons
  bool pooled = false; ///< mean over many outputs or cells: what a common error of all of them would show in
};

class family {
public:
  /// \param source file that the reference figures come from
  family(std::string name, std::string source) : name_(std::move(name)), source_(std::move(source)) {}

  /// Counts a row of the file.
  void add_row() { ++rows_; }
  /// Equal up to rounding errors. A difference of one `code` is a rounding tie that fell to the other side; the family
  /// fails if there are more than 1 % of those. \param code 0: no ties
  void exact(std::string what, double ours, double reference, double tolerance, double code = 0);
  /// \param error replaces what the sizes of the samples say about the published mean
  void mean(std::string what, const sample& ours, const reference_moments& reference,
            std::optional<estimated_error> error = {});
  void deviation(std::string what, const sample& ours, const reference_moments& reference);
  /// How often `value` occurred or was exceeded. \param reference_share n_eff/n of the reference, 1 without a table
  void rate(std::string what, std::uint64_t ours, std::uint64_t n_ours, std::uint64_t reference,
            std::uint64_t n_reference, double reference_share = 1);
  /// Quantile of the reference against the distribution here. \param sorted our sample, ascending
  /// \param rounding of the published number \param error standard error of the published quantile beyond its sample
  /// size
  void quantile(std::string what, std::span<const float> sorted, double probability, double reference, double n,
                double rounding, estimated_error error);
  /// Mean of products of deviations. \param products ours \param reference, table_mean as for means
  void covariance(std::string what, const sample& products, const reference_moments& reference);
  /// Sum of independent means that are 0 under equal laws, in units of sigma (mean) or sigma^2 (deviation).
  void pooled(golden::kind kind, std::string what, double value, double error);

  /// A statistic of the whole experiment, repeated here: the spread of our repetitions is the standard error.
  /// \param effect change of the statistic that should be found
  void repeated(golden::kind kind, std::string what, const sample& ours, double reference, double effect, bool pooled);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& source() const { return source_; }
  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t ties() const { return ties_; }
  [[nodiscard]] const std::vector<comparison>& comparisons() const { return comparisons_; }

private:
  std::string name_;
  std::string source_;
  std::size_t rows_ = 0;
  std::size_t ties_ = 0;
  std::vector<comparison> comparisons_;
};

/// Outcome of one family.
struct verdict {
  const golden::family* family = nullptr;
  std::vector<const comparison*> failures;
  bool too_many_ties = false;
  const comparison* largest = nullptr; ///< score; null if there are only exact comparisons
  double threshold = 0;
};

class acceptance {
public:
  golden::family& add(std::string name, std::string source);
  /// A remark below the table, such as what was not compared and why.
  void note(std::string text) { notes_.push_back(std::move(text)); }

  /// Number of comparisons that can fail by chance.
  [[nodiscard]] std::size_t chances() const;
  [[nodiscard]] std::vector<verdict> verdicts() const;
  /// One line per family, as Markdown.
  [[nodiscard]] std::string table() const;

private:
  std::deque<golden::family> families_; ///< stays in place
  std::vector<std::string> notes_;
};

} // namespace tilework::golden
