// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/uncertainty.h>

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace tilework {
namespace {

price_entry entry(priced_quantity quantity, const std::string& name, confidence trust, const std::string& file = "a") {
  provenance origin;
  origin.source = "paper";
  origin.trust = trust;
  origin.location = file + ":1:1";
  return {quantity, name, {}, {}, origin};
}

cost_row row(double energy_J, std::size_t e, phase p = phase::forward) {
  return {"x", component_kind::adc, action::adc_conversion, p, 1, energy_J, e};
}

/// One component; energies of the entries in order.
cost_sheet sheet_of(std::vector<price_entry> entries, const std::vector<double>& energies) {
  cost_sheet sheet;
  sheet.entries = std::move(entries);
  for (std::size_t e = 0; e < energies.size(); ++e) {
    sheet.rows.push_back(row(energies[e], e));
    sheet.training_energy_J += energies[e];
  }
  return sheet;
}

const auto energy = priced_quantity::energy;

TEST(uncertainty, of_one_entry_is_the_interval_of_its_confidence) {
  for (const auto& [name, trust] : confidence_names) {
    const auto total = uncertainty_of(sheet_of({entry(energy, "e", trust)}, {3.0})).energy_J;
    EXPECT_EQ(total.value, 3.0);
    const double spread = spread_of(trust);
    // Quantiles of 4096 draws: standard error sqrt(0.05 0.95 / 4096) / density(1.645) = 0.033 sigma; five of them.
    const double margin = std::pow(spread, 5 * 0.033 / 1.645);
    EXPECT_LT(total.range.low, 3 / spread * margin) << name;
    EXPECT_GT(total.range.low, 3 / spread / margin) << name;
    EXPECT_LT(total.range.high, 3 * spread * margin) << name;
    EXPECT_GT(total.range.high, 3 * spread / margin) << name;
    EXPECT_EQ(total.largest, "e");
    EXPECT_DOUBLE_EQ(total.largest_share, 1);
  }
}

TEST(uncertainty, of_independent_entries_partly_averages_out) {
  std::vector<price_entry> entries;
  for (int i = 0; i < 16; ++i)
    entries.push_back(entry(energy, "e" + std::to_string(i), confidence::medium));
  const auto one = uncertainty_of(sheet_of({entries[0]}, {16.0})).energy_J.range;
  const auto many = uncertainty_of(sheet_of(entries, std::vector<double>(16, 1.0))).energy_J.range;
  EXPECT_LT(many.high / many.low, std::sqrt(one.high / one.low));
}

TEST(uncertainty, names_the_entry_that_matters_most) {
  const auto total = uncertainty_of(
      sheet_of({entry(energy, "large", confidence::high), entry(energy, "vague", confidence::low)}, {3.0, 2.0}));
  EXPECT_EQ(total.energy_J.largest, "vague");
  const double large = 3 * std::log(1.2);
  const double vague = 2 * std::log(5.0);
  EXPECT_NEAR(total.energy_J.largest_share, vague * vague / (large * large + vague * vague), 1e-12);
}

TEST(uncertainty, leaves_out_what_is_no_training_and_keeps_zeros) {
  auto sheet = sheet_of({entry(energy, "e", confidence::low)}, {0.0});
  sheet.rows.push_back(row(5.0, 0, phase::evaluate));
  const auto total = uncertainty_of(sheet).energy_J;
  EXPECT_EQ(total.range.high, 0.0);
  EXPECT_EQ(total.largest, "");
}

TEST(uncertainty, of_leakage_per_area_has_both_factors) {
  auto leakage = entry(priced_quantity::leakage, "all", confidence::medium);
  auto sheet = sheet_of({leakage, entry(priced_quantity::area, "adc", confidence::medium)}, {1.0});
  sheet.rows[0].what = std::nullopt;
  sheet.components = {{.name = "x", .kind = component_kind::adc, .area_m2 = 1e-6, .area_entry = 1}};
  sheet.area_m2 = 1e-6;
  const auto alone = uncertainty_of(sheet);
  sheet.entries[0].follows_area = true;
  const auto both = uncertainty_of(sheet);
  EXPECT_GT(both.energy_J.range.high, 1.2 * alone.energy_J.range.high); // sqrt(2) wider in the logarithm
  EXPECT_EQ(both.area_m2.range.high, alone.area_m2.range.high);
  EXPECT_EQ(both.area_m2.largest, "area of adc");
}

TEST(comparison, of_a_run_with_itself_is_exactly_one) {
  const auto sheet =
      sheet_of({entry(energy, "a", confidence::low), entry(energy, "b", confidence::medium)}, {1e-3, 3e-4});
  auto elsewhere = sheet; // where the files lie does not matter
  for (auto& e : elsewhere.entries)
    e.origin.location = "elsewhere:9:9";
  const auto ratio = ratio_of(energy_parts(sheet), energy_parts(elsewhere));
  EXPECT_EQ(ratio.value, 1.0);
  EXPECT_EQ(ratio.range.low, 1.0);
  EXPECT_EQ(ratio.range.high, 1.0);
  EXPECT_EQ(ratio.ranking_survives, 1.0);
}

TEST(comparison, cancels_what_both_share) {
  const auto shared = entry(energy, "shared", confidence::low);
  const auto first = sheet_of({shared}, {2.0});
  const auto half = sheet_of({shared}, {1.0});
  const auto scaled = ratio_of(energy_parts(first), energy_parts(half));
  EXPECT_NEAR(scaled.range.low, 2.0, 1e-12);
  EXPECT_NEAR(scaled.range.high, 2.0, 1e-12);
  EXPECT_EQ(scaled.ranking_survives, 1.0);
  auto other = shared;
  other.origin.source = "another paper";
  const auto apart = ratio_of(energy_parts(first), energy_parts(sheet_of({other}, {1.0})));
  EXPECT_GT(apart.range.high, 5.0);
  EXPECT_LT(apart.range.low, 1.0);
  // P(Z > -ln 2 / (sqrt(2) ln(5) / 1.645)) = 0.69; standard error of 4096 draws 0.007
  EXPECT_NEAR(apart.ranking_survives, 0.69, 0.04);
}

TEST(uncertainty, is_the_same_every_time) {
  const auto sheet = sheet_of({entry(energy, "a", confidence::low)}, {1.0});
  EXPECT_EQ(uncertainty_of(sheet).energy_J.range.high, uncertainty_of(sheet).energy_J.range.high);
}

} // namespace
} // namespace tilework
