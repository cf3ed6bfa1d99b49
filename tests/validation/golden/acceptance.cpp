// SPDX-License-Identifier: Apache-2.0
#include "validation/golden/acceptance.h"

#include "validation/golden/two_sample.h"

#include <boost/math/distributions/students_t.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace tilework::golden {
namespace {

constexpr std::array<std::string_view, kind_count> kind_names{"exact", "mean", "std", "quantile", "rate", "covariance"};
constexpr double tie_share = 0.01;

/// Part of a difference that rounding does not explain.
double beyond(double difference, double rounding) {
  return std::copysign(std::max(std::abs(difference) - rounding, 0.0), difference);
}

/// Score of a difference whose variance is 0: every difference counts.
double score(double difference, double variance, double skewness) {
  if (variance > 0)
    return unskewed(difference / std::sqrt(variance), skewness);
  return difference == 0 ? 0 : std::copysign(std::numeric_limits<double>::infinity(), difference);
}

/// Difference of two sample means of the same law. \param second, third its central moments
double score_of_means(double difference, double second, double third, double n_ours, double n_reference, double extra) {
  const double variance = second * (1 / n_ours + 1 / n_reference) + extra;
  const double third_cumulant = third * (1 / (n_ours * n_ours) - 1 / (n_reference * n_reference));
  return score(difference, variance, variance > 0 ? third_cumulant / std::pow(variance, 1.5) : 0);
}

double threshold_of(const comparison& c, double threshold) {
  if (!std::isfinite(c.degrees))
    return threshold;
  return boost::math::quantile(boost::math::complement(boost::math::students_t(c.degrees), normal_tail(threshold)));
}

/// What share of single or pooled comparisons of a kind has the power, and what their median detects.
struct power {
  std::size_t count = 0;
  double share = 0;
  double detects = 0; ///< relative to the target
};

power power_of(const family& f, kind what, bool pooled, double threshold) {
  std::vector<double> detectable;
  for (const auto& c : f.comparisons()) {
    const auto counted_as = c.kind == kind::rate ? kind::mean : c.kind;
    if (counted_as == what && c.pooled == pooled && c.effect > 0)
      detectable.push_back((threshold_of(c, threshold) + normal_quantile(1 - target_power)) / c.effect);
  }
  if (detectable.empty())
    return {};
  std::ranges::sort(detectable);
  const auto able = std::ranges::upper_bound(detectable, 1.0) - detectable.begin();
  const auto size = static_cast<double>(detectable.size());
  return {detectable.size(), static_cast<double>(able) / size, detectable[detectable.size() / 2]};
}

std::string power_cell(const power& p, double target) {
  if (p.count == 0)
    return "-";
  return fmt::format("{:.2g} % ({:.0f} %)", 100 * target * p.detects, 100 * p.share);
}

/// Whether single or pooled comparisons find the target; nothing if the family has none of the kind.
std::optional<bool> has_power(const family& f, kind what, double threshold) {
  const auto single = power_of(f, what, false, threshold);
  const auto pooled = power_of(f, what, true, threshold);
  if (single.count + pooled.count == 0)
    return {};
  return single.share >= target_power || pooled.share >= target_power;
}

std::string power_verdict(const family& f, double threshold) {
  const auto mean = has_power(f, kind::mean, threshold);
  const auto deviation = has_power(f, kind::deviation, threshold);
  if (!mean && !deviation)
    return "-";
  return mean.value_or(true) && deviation.value_or(true) ? "yes" : "weak";
}

} // namespace

std::string_view name_of(kind k) {
  return kind_names.at(static_cast<std::size_t>(k));
}

double half_last_digit(double value, int digits) {
  return value == 0 ? 0 : 0.5 * std::pow(10.0, std::floor(std::log10(std::abs(value))) - (digits - 1));
}

void family::exact(std::string what, double ours, double reference, double tolerance, double code) {
  comparison c{.what = std::move(what), .kind = kind::exact, .ours = ours, .reference = reference};
  const double difference = std::abs(ours - reference);
  c.differs = !(difference <= tolerance);
  if (c.differs && code > 0 && difference <= code + tolerance) {
    ++ties_;
    c.differs = false;
  }
  comparisons_.push_back(std::move(c));
}

void family::mean(std::string what, const sample& ours, const reference_moments& reference,
                  std::optional<estimated_error> error) {
  comparison c{.what = std::move(what), .kind = kind::mean, .ours = ours.mean(), .reference = reference.mean};
  const double difference = beyond(c.ours - c.reference, reference.mean_rounding);
  const double variance = ours.variance();
  double total = variance * (1 / ours.count() + 1 / reference.n) + reference.table_mean;
  if (error) {
    const double published = error->value * error->value;
    total = variance / ours.count() + published;
    c.degrees = published > 0 ? error->degrees * total * total / (published * published) : c.degrees;
    c.z = total > 0 && std::isfinite(c.degrees) ? normal_score_of_student(difference / std::sqrt(total), c.degrees)
                                                : score(difference, total, 0);
  } else {
    c.z = score_of_means(difference, variance, ours.central_moment(3), ours.count(), reference.n, reference.table_mean);
  }
  if (total > 0 && reference.variance > 0)
    c.effect = target_shift * std::sqrt(reference.variance / total);
  comparisons_.push_back(std::move(c));
}

void family::deviation(std::string what, const sample& ours, const reference_moments& reference) {
  comparison c{.what = std::move(what), .kind = kind::deviation};
  c.ours = ours.deviation();
  c.reference = std::sqrt(reference.variance);
  const double difference = beyond(ours.variance() - reference.variance, reference.variance_rounding);
  c.z = score_of_means(difference, ours.variance_of_square(), ours.third_moment_of_square(), ours.count(), reference.n,
                       reference.table_variance);
  const double total = ours.variance_of_square() * (1 / ours.count() + 1 / reference.n) + reference.table_variance;
  if (total > 0)
    c.effect = target_change * (2 + target_change) * reference.variance / std::sqrt(total);
  comparisons_.push_back(std::move(c));
}

void family::rate(std::string what, std::uint64_t ours, std::uint64_t n_ours, std::uint64_t reference,
                  std::uint64_t n_reference, double reference_share) {
  comparison c{.what = std::move(what), .kind = kind::rate};
  const auto n1 = static_cast<double>(n_ours);
  const auto n2 = static_cast<double>(n_reference);
  c.ours = static_cast<double>(ours) / n1;
  c.reference = static_cast<double>(reference) / n2;
  const double wider = (1 / n1 + 1 / (n2 * reference_share)) / (1 / n1 + 1 / n2);
  c.z = score_of_counts(ours, n_ours, reference, n_reference) / std::sqrt(wider);
  c.effect = target_shift / std::sqrt((1 / n1 + 1 / n2) * wider);
  comparisons_.push_back(std::move(c));
}

void family::quantile(std::string what, std::span<const float> sorted, double probability, double reference, double n,
                      double rounding, estimated_error error) {
  comparison c{.what = std::move(what), .kind = kind::quantile, .reference = reference};
  const auto size = static_cast<double>(sorted.size());
  const auto below = [&](double v) {
    return static_cast<std::uint64_t>(std::ranges::lower_bound(sorted, v) - sorted.begin());
  };
  c.ours = sorted[static_cast<std::size_t>(probability * (size - 1))];
  // Where values coincide the quantile says only that the probability lies between P(< value) and P(<= value).
  const auto up_to = below(std::nextafter(reference + rounding, std::numeric_limits<double>::infinity()));
  const auto under = below(reference - rounding);
  const auto published = static_cast<std::uint64_t>(std::round(probability * n));
  std::optional<std::uint64_t> count;
  if (static_cast<double>(up_to) < probability * size)
    count = up_to;
  else if (static_cast<double>(under) > probability * size)
    count = under;
  if (count) {
    // A quantile that is uncertain by `error` is uncertain in probability by the density times that.
    const double window =
        std::abs(sorted[static_cast<std::size_t>(0.6 * size)] - sorted[static_cast<std::size_t>(0.4 * size)]) / 4.0;
    const double density =
        window > 0 ? static_cast<double>(below(reference + window) - below(reference - window)) / size / (2 * window)
                   : 0;
    const double sampling = probability * (1 - probability) * (1 / size + 1 / n);
    const double extra = std::pow(density * error.value, 2);
    if (std::isfinite(error.degrees))
      c.z = normal_score_of_student((static_cast<double>(*count) / size - probability) / std::sqrt(sampling + extra),
                                    error.degrees);
    else
      c.z = score_of_counts(*count, sorted.size(), published, static_cast<std::uint64_t>(n)) /
            std::sqrt(1 + extra / sampling);
  }
  comparisons_.push_back(std::move(c));
}

void family::covariance(std::string what, const sample& products, const reference_moments& reference) {
  comparison c{.what = std::move(what), .kind = kind::covariance, .ours = products.mean(), .reference = reference.mean};
  c.z = score_of_means(beyond(c.ours - c.reference, reference.mean_rounding), products.variance(),
                       products.central_moment(3), products.count(), reference.n, reference.table_mean);
  comparisons_.push_back(std::move(c));
}

void family::pooled(golden::kind kind, std::string what, double value, double error) {
  comparison c{.what = std::move(what), .kind = kind, .ours = value, .pooled = true};
  c.z = score(value, error * error, 0);
  c.effect = (kind == kind::mean ? target_shift : target_change * (2 + target_change)) / error;
  comparisons_.push_back(std::move(c));
}

void family::repeated(golden::kind kind, std::string what, const sample& ours, double reference, double effect,
                      bool pooled) {
  comparison c{.what = std::move(what), .kind = kind, .ours = ours.mean(), .reference = reference, .pooled = pooled};
  const double error = ours.deviation() * std::sqrt(1 + 1 / ours.count());
  c.degrees = ours.count() - 1;
  const double skewness = ours.central_moment(3) / std::pow(ours.central_moment(2), 1.5);
  c.z = normal_score_of_student(unskewed((c.ours - reference) / error, -skewness), c.degrees);
  c.effect = effect / error;
  comparisons_.push_back(std::move(c));
}

family& acceptance::add(std::string name, std::string source) {
  return families_.emplace_back(std::move(name), std::move(source));
}

std::size_t acceptance::chances() const {
  std::size_t count = 0;
  for (const auto& f : families_)
    count += static_cast<std::size_t>(
        std::ranges::count_if(f.comparisons(), [](const comparison& c) { return c.kind != kind::exact; }));
  return count;
}

std::vector<verdict> acceptance::verdicts() const {
  const double threshold = sidak_threshold(family_wise_false_alarm, chances());
  std::vector<verdict> all;
  for (const auto& f : families_) {
    verdict v{.family = &f, .threshold = threshold};
    std::size_t exact = 0;
    for (const auto& c : f.comparisons()) {
      exact += c.kind == kind::exact;
      if (c.kind != kind::exact && (v.largest == nullptr || std::abs(c.z) > std::abs(v.largest->z)))
        v.largest = &c;
      if (c.differs || !(std::abs(c.z) <= threshold))
        v.failures.push_back(&c);
    }
    v.too_many_ties = static_cast<double>(f.ties()) > tie_share * static_cast<double>(exact);
    all.push_back(std::move(v));
  }
  return all;
}

std::string acceptance::table() const {
  std::string text = "| family | file | rows | comparisons | failures | largest \\|z\\| | mean: detects (share) | std: "
                     "detects (share) | pooled mean | pooled std | power |\n"
                     "|---|---|---|---|---|---|---|---|---|---|---|\n";
  std::size_t comparisons = 0;
  std::size_t failed = 0;
  for (const auto& v : verdicts()) {
    const auto& f = *v.family;
    std::array<std::size_t, kind_count> count{};
    for (const auto& c : f.comparisons())
      ++count.at(static_cast<std::size_t>(c.kind));
    std::string kinds;
    for (std::size_t k = 0; k < kind_count; ++k)
      if (count[k] > 0)
        kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", count[k], kind_names[k]);
    if (f.ties() > 0)
      kinds += fmt::format(" ({} ties)", f.ties());
    const auto cell = [&](kind what, bool pooled, double target) {
      return power_cell(power_of(f, what, pooled, v.threshold), target);
    };
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", f.name(), f.source(), f.rows(),
                        kinds, v.failures.size() + (v.too_many_ties ? 1 : 0),
                        v.largest != nullptr ? fmt::format("{:.2f}", std::abs(v.largest->z)) : "-",
                        cell(kind::mean, false, target_shift), cell(kind::deviation, false, target_change),
                        cell(kind::mean, true, target_shift), cell(kind::deviation, true, target_change),
                        v.largest == nullptr ? "exact" : power_verdict(f, v.threshold));
    comparisons += f.comparisons().size();
    failed += v.failures.size();
  }
  text += fmt::format("\n{} comparisons, {} of them statistical, {} failed; threshold {:.2f} standard errors.\n",
                      comparisons, chances(), failed, sidak_threshold(family_wise_false_alarm, chances()));
  for (const auto& n : notes_)
    text += "\n* " + n;
  return text + "\n";
}

} // namespace tilework::golden
