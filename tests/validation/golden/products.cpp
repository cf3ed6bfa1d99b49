// SPDX-License-Identifier: Apache-2.0
#include "support/golden.h"
#include "validation/golden/compare_sample.h"
#include "validation/golden/families.h"

#include <tilework/physics/crossbar/analog_mvm.h>
#include <tilework/physics/periphery/input_scale.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace tilework::golden {
namespace {

using physics::mvm_direction;
using test::number;

constexpr std::uint64_t repeats = 160'000; // ten times the reference
constexpr double tiles = 16;               // 1,000 repeats each

/// Rows of one case, weight matrix, direction and input: one vector of outputs.
using row_group = std::span<const test::csv_row>;

bool same_group(const test::csv_row& a, const test::csv_row& b) {
  return std::ranges::all_of(std::array{"case", "weights", "direction", "input_row"},
                             [&](const char* column) { return a.at(column) == b.at(column); });
}

/// Variance of a mean of standard normals that the reference's tables add. Each output takes one normal per read, so
/// any mean has an error from the sample of reads and one from the sample that the tables are.
double table_error(const physics::io_parameters& io) {
  const bool normals = io.out_noise > 0 || io.inp_noise > 0 || io.w_noise > 0;
  return normals ? 1 / (tiles * table_size) : 0;
}

class product_case {
public:
  product_case(const test::golden_products& golden, row_group rows, std::uint64_t seed, std::uint64_t index)
      : rows_(rows),
        io_(test::golden_io(rows[0].at("case"))),
        direction_(rows[0].at("direction") == "forward" ? mvm_direction::forward : mvm_direction::backward),
        in_((direction_ == mvm_direction::forward ? golden.x : golden.d).at(std::stoul(rows[0].at("input_row")))),
        weights_{golden.weights.at(rows[0].at("weights")).data(), test::golden_products::shape, direction_},
        mvm_(io_, test::golden_products::shape, direction_, {seed, physics::purpose::forward_lines, {}}),
        noise_(seed + (index << 32U), physics::purpose::forward_noise, {}),
        scratch_(mvm_.scratch_size()),
        y_(rows.size()) {}

  void compare_exactly(family& f) {
    const auto effort = read(0);
    for (std::size_t i = 0; i < y_.size(); ++i)
      f.exact(name(i), y_[i], number(rows_[i], "mean_y"), 1e-5 * std::max(1.0, std::abs(double{y_[i]})),
              step(effort.rounds));
  }

  void compare_statistics(family& f, pooled_comparison& pooled) {
    std::vector<reference_moments> reference;
    for (const auto& r : rows_) {
      const double deviation = number(r, "std_y");
      reference.push_back({.mean = number(r, "mean_y"),
                           .variance = deviation * deviation,
                           .n = 1 / (1 / number(r, "n_samples") + table_error(io_)),
                           .mean_rounding = half_last_digit(number(r, "mean_y"), 9),
                           .variance_rounding = 2 * deviation * half_last_digit(deviation)});
    }
    std::vector<std::size_t> busy; // outputs that change their code often
    for (std::size_t i = 0; i < y_.size(); ++i)
      if (reference[i].variance > step(1) * step(1) / 16)
        busy.push_back(i);

    std::vector<sample> samples(y_.size());
    std::vector<value_counts> values(y_.size());
    pooled_comparison::group group{.n_reference = number(rows_[0], "n_samples"),
                                   .table_shift = std::sqrt(table_error(io_)),
                                   .table_change = std::sqrt(2 * table_error(io_))};
    for (std::uint64_t v = 0; v < repeats; ++v) {
      read(v);
      for (std::size_t i = 0; i < y_.size(); ++i) {
        samples[i].add(y_[i]);
        values[i].add(y_[i]);
      }
      double shift = 0;
      double square = 0;
      for (const auto i : busy) {
        const double u = (y_[i] - reference[i].mean) / std::sqrt(reference[i].variance);
        shift += u;
        square += u * u;
      }
      group.shifts.add(shift / static_cast<double>(busy.size()));
      group.squares.add(square / static_cast<double>(busy.size()));
    }
    for (std::size_t i = 0; i < y_.size(); ++i)
      compare_sample(f, name(i), samples[i], values[i], reference[i], number(rows_[i], "n_samples"), step(1));
    if (busy.empty())
      return;
    const auto n = static_cast<double>(busy.size());
    for (const auto i : busy) {
      group.shift += (samples[i].mean() - reference[i].mean) / samples[i].deviation() / n;
      group.change += (1 - reference[i].variance / samples[i].variance()) / n;
    }
    pooled.add(group);
  }

private:
  physics::mvm_effort read(std::uint64_t vector) {
    return mvm_.run(weights_, in_, y_, input_scale(io_, in_), noise_, vector, scratch_);
  }
  /// ADC step in units of the result, in the last round of bound management.
  [[nodiscard]] double step(std::uint32_t rounds) const {
    const bool worst_case = rounds > 1 && io_.bound_management == physics::bound_management::iterative_worst_case;
    const float scale = worst_case ? worst_case_scale(io_, in_) : input_scale(io_, in_);
    const double reduction = std::ldexp(1.0, static_cast<int>(rounds) - (worst_case ? 2 : 1));
    return double{scale} * reduction * physics::converter::make(io_.out_res, io_.out_bound, false).step;
  }
  [[nodiscard]] std::string name(std::size_t i) const {
    const auto& r = rows_[i];
    return r.at("case") + " " + r.at("weights") + " " + r.at("direction") + " input " + r.at("input_row") + " output " +
           r.at("output");
  }

  row_group rows_;
  physics::io_parameters io_;
  mvm_direction direction_;
  std::span<const float> in_;
  physics::weight_view weights_;
  physics::analog_mvm mvm_;
  physics::noise_stream noise_;
  std::vector<float> scratch_;
  std::vector<float> y_;
};

} // namespace

void compare_products(acceptance& all, std::uint64_t seed) {
  const std::string file = "forward_stats.csv";
  const auto golden = test::golden_products::read();
  const auto rows = test::read_golden(file);
  auto& exact = all.add("products without noise", file);
  family* statistical = nullptr;
  std::map<std::string, pooled_comparison> pooled; // of the present family, by direction
  std::string name;
  const auto finish = [&] {
    for (const auto& [direction, p] : pooled)
      p.report(*statistical, direction);
    pooled.clear();
  };
  std::uint64_t index = 0;
  for (std::size_t first = 0; first < rows.size();) {
    std::size_t last = first;
    while (last < rows.size() && same_group(rows[first], rows[last]))
      ++last;
    const row_group group(rows.data() + first, last - first);
    first = last;
    product_case product(golden, group, seed, index++);
    const auto& now = group[0].at("case");
    const bool without_noise = now.starts_with("det_");
    if (!without_noise && now != name) {
      finish();
      name = now;
      statistical = &all.add("products, " + name, file);
    }
    auto& f = without_noise ? exact : *statistical;
    for (std::size_t i = 0; i < group.size(); ++i)
      f.add_row();
    if (without_noise)
      product.compare_exactly(f);
    else
      product.compare_statistics(f, pooled[group[0].at("direction")]);
  }
  finish();
}

} // namespace tilework::golden
