// SPDX-License-Identifier: Apache-2.0
#include "validation/golden/compare_sample.h"

#include "validation/golden/two_sample.h"

#include <cmath>

namespace tilework::golden {
namespace {

/// If only the reference has a second value, its moments tell which.
void add_unseen_value(std::vector<double>& support, std::vector<std::uint64_t>& counts,
                      const reference_moments& reference) {
  const double mean = reference.mean - support[0];
  if (reference.variance == 0 || mean == 0)
    return;
  const double value = support[0] + mean + reference.variance / mean;
  const bool above = value > support[0];
  support.insert(above ? support.end() : support.begin(), value);
  counts.insert(above ? counts.end() : counts.begin(), 0);
}

} // namespace

void compare_sample(family& f, const std::string& what, const sample& ours, const value_counts& values,
                    const reference_moments& reference, double n_published, double step) {
  std::vector<double> support;
  std::vector<std::uint64_t> counts;
  if (values.few())
    for (const auto& [value, count] : values.counts()) {
      support.push_back(value);
      counts.push_back(count);
    }
  const auto n = static_cast<std::uint64_t>(n_published);
  if (support.size() == 1)
    add_unseen_value(support, counts, reference);
  const auto published = support.empty() ? std::vector<std::uint64_t>{}
                                         : counts_from_moments(support, n, reference.mean, reference.variance, step);
  if (published.empty()) {
    f.mean(what, ours, reference);
    f.deviation(what, ours, reference);
    return;
  }
  if (support.size() == 1)
    f.exact(what, support[0], reference.mean, step / 1000);
  std::uint64_t above = 0;
  std::uint64_t published_above = 0;
  for (std::size_t v = support.size() - 1; v > 0; --v) {
    above += counts[v];
    published_above += published[v];
    f.rate(what, above, static_cast<std::uint64_t>(ours.count()), published_above, n, reference.n / n_published);
  }
}

void pooled_comparison::add(const group& g) {
  ++groups_;
  shift_ += g.shift;
  change_ += g.change;
  const double sizes = 1 / g.shifts.count() + 1 / g.n_reference;
  shift_variance_ += g.shifts.variance() * sizes;
  change_variance_ += g.squares.variance() * sizes;
  table_shift_ += g.table_shift;
  table_change_ += g.table_change;
}

void pooled_comparison::report(family& f, const std::string& what) const {
  if (groups_ == 0)
    return;
  const auto error = [&](double variance, double table) { return std::sqrt(variance + table * table) / groups_; };
  f.pooled(kind::mean, what, shift_ / groups_, error(shift_variance_, table_shift_));
  f.pooled(kind::deviation, what, change_ / groups_, error(change_variance_, table_change_));
}

} // namespace tilework::golden
