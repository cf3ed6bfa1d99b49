// SPDX-License-Identifier: Apache-2.0
#include "support/golden.h"
#include "validation/golden/compare_sample.h"
#include "validation/golden/families.h"

#include <tilework/core/error.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

namespace tilework::golden {
namespace {

using test::number;
using operands = test::golden_update_operands;

constexpr std::uint64_t stochastic_updates = 200'000; // ten times the reference
constexpr std::uint64_t deterministic_updates = 3;
constexpr std::uint32_t side = 8;
constexpr std::uint32_t cells = side * side;

std::uint32_t cell_of(float d, float x) {
  const auto index = [](std::span<const float> values, float v) {
    return static_cast<std::uint32_t>(std::ranges::find(values, v) - values.begin());
  };
  return index(operands::d, d) * side + index(operands::x, x);
}

bool available(const test::csv_row& r) {
  try {
    test::golden_update(r).validate();
    return true;
  } catch (const input_error&) {
    return false;
  }
}

bool is_stochastic(const test::csv_row& r) {
  return r.at("pulse_type").starts_with("STOCHASTIC");
}

std::string key_of(const test::csv_row& r) {
  std::string key;
  for (const auto* column : test::golden_update_columns)
    key += r.at(column) + " ";
  return key;
}

/// Weight changes of one parameter set: updates x cells.
std::vector<float> simulate(const test::csv_row& r, std::uint64_t seed, std::uint16_t index) {
  const std::uint64_t updates = is_stochastic(r) ? stochastic_updates : deterministic_updates;
  physics::analog_array array({side, side}, test::golden_update(r), seed, {.layer = index}, 1);
  const float rate = std::stof(r.at("lr"));
  const std::vector<float> zero(cells);
  std::vector<float> changes;
  changes.reserve(updates * cells);
  for (std::uint64_t v = 0; v < updates; ++v) {
    array.set_weights(zero);
    array.begin_update({operands::x.data(), 1, side, side}, {operands::d.data(), 1, side, side}, rate, v);
    run_inline(array);
    array.end();
    changes.insert(changes.end(), array.weights().begin(), array.weights().end());
  }
  return changes;
}

/// Published moments of a cell's change, with the error from the one table of normals of its tile: a shifted or
/// stretched table changes the size of all pulses alike.
reference_moments published(const test::csv_row& r, double step) {
  const double noise = number(r, "dw_min_std");
  reference_moments m{.mean = number(r, "dw_mean"), .variance = number(r, "dw_var"), .n = number(r, "n")};
  m.mean_rounding = half_last_digit(m.mean);
  m.variance_rounding = half_last_digit(m.variance);
  m.table_mean = std::pow(noise * m.mean, 2) / table_size;
  const double from_noise = std::min(std::abs(m.mean) * step * noise * noise, m.variance);
  const double from_counts = m.variance - from_noise;
  m.table_variance = (2 * from_noise * from_noise + std::pow(2 * noise * from_counts, 2)) / table_size;
  return m;
}

/// The reference draws the trains with the C library's rand(), in which number i is the sum of numbers i - 3 and i
/// - 31. With 31 slots that ties slot k of the first error line to its slot k - 3 and to slot k of the line drawn just
/// before, the last input line: the pulses of their cross-point vary less than independent ones (measured with rand():
/// standard deviation 2.51 instead of 2.60 pulses). There the law of independent trains replaces the published
/// variance.
std::optional<double> law_of_correlated_draws(const test::csv_row& r, double step) {
  constexpr double lag = 31;
  if (number(r, "desired_bl") != lag || number(r, "update_bl_management") != 0 ||
      cell_of(std::stof(r.at("d")), std::stof(r.at("x"))) != side - 1)
    return {};
  const double coincidence = number(r, "lr") / (step * lag); // both operands have magnitude 1
  if (coincidence >= 1)
    return {};
  const double noise = number(r, "dw_min_std");
  return lag * coincidence * (1 - coincidence + noise * noise) * step * step;
}

/// All rows of one parameter set.
void compare_changes(family& f, pooled_comparison& pooled, std::span<const test::csv_row> rows,
                     const std::vector<float>& changes) {
  constexpr double step = 0.001; // dw_min
  std::vector<sample> samples(cells);
  std::vector<value_counts> values(cells);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    samples[i % cells].add(changes[i]);
    values[i % cells].add(changes[i]);
  }
  std::vector<std::uint32_t> busy; // cells that change often enough for normal statistics
  pooled_comparison::group group{.n_reference = number(rows[0], "n")};
  const double noise = number(rows[0], "dw_min_std");
  for (const auto& r : rows) {
    f.add_row();
    const auto cell = cell_of(std::stof(r.at("d")), std::stof(r.at("x")));
    const auto& s = samples.at(cell);
    const auto reference = published(r, step);
    const auto what = key_of(r) + "d " + r.at("d") + " x " + r.at("x");
    if (!is_stochastic(r)) {
      f.exact(what, s.mean(), reference.mean, reference.mean_rounding + 1e-6 * std::abs(reference.mean), 1.001 * step);
      f.exact(what + " std", s.deviation(), std::sqrt(reference.variance), 1e-8);
      continue;
    }
    if (const auto variance = law_of_correlated_draws(r, step)) {
      f.mean(what, s, reference);
      f.deviation(what + " (law)", s, {.variance = *variance, .n = std::numeric_limits<double>::infinity()});
      continue;
    }
    compare_sample(f, what, s, values[cell], reference, reference.n, step);
    if (reference.variance > step * step / 20) {
      busy.push_back(cell);
      group.shift += (s.mean() - reference.mean) / s.deviation();
      group.change += 1 - reference.variance / s.variance();
      group.table_shift += noise * s.mean() / s.deviation() / std::sqrt(table_size);
      group.table_change += 2 * noise / std::sqrt(table_size);
    }
  }
  if (busy.empty() || !is_stochastic(rows[0]))
    return;
  const auto n = static_cast<double>(busy.size());
  for (auto* total : {&group.shift, &group.change, &group.table_shift, &group.table_change})
    *total /= n;
  for (std::size_t v = 0; v < changes.size(); v += cells) {
    double sum = 0;
    double sum2 = 0;
    for (const auto c : busy) {
      const double u = (changes[v + c] - samples[c].mean()) / samples[c].deviation();
      sum += u;
      sum2 += u * u;
    }
    group.shifts.add(sum / n);
    group.squares.add(sum2 / n);
  }
  pooled.add(group);
}

/// Products of the deviations of two cells that share a row, a column, or nothing.
void compare_covariance(family& f, const test::csv_row& r, const std::vector<float>& changes) {
  const std::map<std::string, std::pair<std::uint32_t, std::uint32_t>> pairs{
      {"same_row_d=.3:x=.5,x=.25", {cell_of(.3F, .5F), cell_of(.3F, .25F)}},
      {"same_col_x=.5:d=.3,d=.1", {cell_of(.3F, .5F), cell_of(.1F, .5F)}},
      {"diag", {cell_of(.3F, .5F), cell_of(.1F, .25F)}},
      {"same_row_d=1:x=1,x=.5", {cell_of(1, 1), cell_of(1, .5F)}}};
  const auto [a, b] = pairs.at(r.at("pair"));
  sample of_a;
  sample of_b;
  for (std::size_t v = 0; v < changes.size(); v += cells) {
    of_a.add(changes[v + a]);
    of_b.add(changes[v + b]);
  }
  sample products;
  for (std::size_t v = 0; v < changes.size(); v += cells)
    products.add((changes[v + a] - of_a.mean()) * (changes[v + b] - of_b.mean()));

  f.add_row();
  const auto what = key_of(r) + r.at("pair");
  const double covariance = number(r, "cov");
  if (!is_stochastic(r)) {
    f.exact(what, products.mean(), covariance, 1e-16);
    return;
  }
  // A shifted table changes all pulses by the same factor.
  const double table = std::pow(2 * number(r, "dw_min_std") * covariance, 2) / table_size;
  f.covariance(what, products,
               {.mean = covariance,
                .n = number(r, "n"),
                .table_mean = table,
                .mean_rounding = half_last_digit(covariance) + 1e-16});
}

std::string family_name(const test::csv_row& r) {
  return r.at("pulse_type") + (number(r, "dw_min_std") > 0 ? ", noisy pulses" : "");
}

} // namespace

void compare_updates(acceptance& all, std::uint64_t seed) {
  const std::string file = "update_stats.csv";
  std::map<std::string, std::vector<test::csv_row>> sets; // by parameters
  std::map<std::string, std::vector<test::csv_row>> covariances;
  std::map<std::string, std::size_t> missing;
  for (const auto& r : test::read_golden(file)) {
    if (available(r))
      sets[key_of(r)].push_back(r);
    else
      ++missing[r.at("pulse_type")];
  }
  for (const auto& r : test::read_golden("update_covariance.csv"))
    covariances[key_of(r)].push_back(r);

  struct pulse_family {
    family& changes;
    family& covariances;
    pooled_comparison pooled;
  };
  std::map<std::string, pulse_family> families;
  std::uint16_t index = 0;
  for (const auto& [key, rows] : sets) {
    const auto name = family_name(rows[0]);
    if (!families.contains(name))
      families.insert(
          {name, {all.add("updates, " + name, file), all.add("covariances, " + name, "update_covariance.csv"), {}}});
    auto& f = families.at(name);
    const auto changes = simulate(rows[0], seed, index++);
    compare_changes(f.changes, f.pooled, rows, changes);
    for (const auto& r : covariances[key])
      compare_covariance(f.covariances, r, changes);
  }
  for (const auto& [name, f] : families)
    f.pooled.report(f.changes, name);
  for (const auto& [type, count] : missing)
    all.note(fmt::format("not compared: {} rows of {} for {}, which is not available here", count, file, type));
}

} // namespace tilework::golden
