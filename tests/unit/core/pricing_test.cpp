// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/core/pricing.h>

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

namespace tilework {
namespace {

energy_price energy(std::string name, std::vector<action> covers, double value) {
  const auto per = covers.front();
  provenance origin;
  origin.location = name + ":1:1";
  return {std::move(name), std::move(covers), per, value, origin};
}

unit_price unit(component_kind of, double value) {
  return {of, value, {}};
}

constexpr std::array adc_and_drivers{component_kind::row_driver, component_kind::adc};

technology two_kinds() {
  technology tech;
  tech.name = "two";
  tech.energies = {energy("dac", {action::dac_conversion}, 2e-12), energy("adc", {action::adc_conversion}, 3e-12)};
  tech.areas = {unit(component_kind::row_driver, 1e-12), unit(component_kind::adc, 5e-12)};
  tech.leakages = {unit(component_kind::row_driver, 0.0), unit(component_kind::adc, 1e-6)};
  return tech;
}

std::string error_of(const technology& tech) {
  try {
    const price_list prices(tech, {}, adc_and_drivers);
  } catch (const input_error& e) {
    return e.what();
  }
  return "no error";
}

TEST(price_list, names_everything_without_a_price) {
  auto tech = two_kinds();
  tech.energies.pop_back();
  tech.leakages.pop_back();
  EXPECT_EQ(error_of(tech),
            "technology 'two' has no price for: energy of adc.adc_conversion, leakage of adc; add them to "
            "a technology file, an explicit zero with its reason as source if they cost nothing");
}

TEST(price_list, names_both_prices_of_a_doubly_covered_action) {
  auto tech = two_kinds();
  tech.energies.push_back(energy("read", {action::dac_conversion, action::adc_conversion}, 1));
  EXPECT_EQ(error_of(tech), "read:1:1: dac_conversion is covered twice, by price 'read' here and by 'dac' at dac:1:1");
}

TEST(price_list, needs_the_action_that_a_price_is_charged_on) {
  auto tech = two_kinds();
  tech.energies = {energy("adc", {action::adc_conversion}, 1),
                   energy("read", {action::cell_read, action::dac_conversion}, 1)};
  EXPECT_EQ(
      error_of(tech),
      "read:1:1: price 'read' covers dac_conversion but is charged per cell_read, which this machine never counts");
}

TEST(price_list, charges_a_joint_price_once) {
  auto tech = two_kinds();
  tech.energies = {energy("read", {action::adc_conversion, action::dac_conversion}, 7e-12)};
  const price_list prices(tech, {}, adc_and_drivers);
  EXPECT_EQ(prices.energy_J(action::adc_conversion), 7e-12);
  EXPECT_EQ(prices.energy_J(action::dac_conversion), 0.0);
  EXPECT_THROW(static_cast<void>(prices.energy_J(action::alu_add)), input_error); // not needed, so not priced
}

TEST(price_list, knows_which_entry_every_figure_comes_from) {
  auto tech = two_kinds();
  auto shared = energy("converters", {action::dac_conversion}, 2e-12);
  tech.energies = {shared, shared}; // one entry of a file that says "per: each"
  tech.energies[1].covers = {action::adc_conversion};
  tech.energies[1].per = action::adc_conversion;
  for (auto& leakage : tech.leakages) {
    leakage.value = area_law{1.0};
    leakage.name = "all";
  }
  const price_list prices(tech, {}, adc_and_drivers);
  ASSERT_EQ(prices.entries().size(), 4U); // converters, two areas, one leakage
  EXPECT_EQ(prices.energy_entry(action::dac_conversion), prices.energy_entry(action::adc_conversion));
  const auto& converters = prices.entries()[prices.energy_entry(action::adc_conversion)];
  EXPECT_EQ(converters.covers, (std::vector{action::dac_conversion, action::adc_conversion}));
  EXPECT_EQ(title_of(converters), "converters");
  EXPECT_EQ(title_of(prices.entries()[prices.area_entry(component_kind::adc)]), "area of adc");
  const auto leakage = prices.leakage_entry(component_kind::adc);
  EXPECT_EQ(leakage, prices.leakage_entry(component_kind::row_driver));
  EXPECT_EQ(title_of(prices.entries()[leakage]), "leakage of all");
  EXPECT_TRUE(prices.entries()[leakage].follows_area);
  EXPECT_EQ(prices.entries()[leakage].components, (std::vector{component_kind::row_driver, component_kind::adc}));
  EXPECT_THROW(static_cast<void>(prices.energy_entry(action::alu_add)), input_error);
}

TEST(price_assumptions, name_what_nobody_checked_and_what_was_scaled) {
  auto tech = two_kinds();
  tech.energies[0].origin.basis = figure_basis::recalled;
  tech.energies[1].value = scaled_law{1e-12, 32e-9, 22e-9, scaling_rule::constant_voltage};
  tech.areas[0].origin.basis = figure_basis::secondary;
  tech.leakages[0].origin.basis = figure_basis::recalled; // no leakage at all, so it is not in the result
  ledger books;
  books.open("dac", component_kind::row_driver, 10).counts.add(phase::forward, action::dac_conversion, 1);
  auto& adc = books.open("adc", component_kind::adc, 1);
  const auto sentences = [&] { return price_assumptions(price(books, price_list(tech, {}, kinds_of(books)), {})); };
  constexpr auto unchecked = "prices that are known second hand or from memory only: 'dac', 'area of row_driver'";
  EXPECT_EQ(sentences(), (std::vector<std::string>{unchecked})); // nothing was converted
  adc.counts.add(phase::forward, action::adc_conversion, 1);
  EXPECT_EQ(sentences(),
            (std::vector<std::string>{unchecked,
                                      "prices that are scaled from another process node at constant voltage: 'adc'"}));
  EXPECT_EQ(price_assumptions(price(books, price_list(two_kinds(), {}, kinds_of(books)), {})),
            std::vector<std::string>{});
}

TEST(price_list, prices_macs_in_their_own_number_format) {
  const number_format_law by_format{{{"int8", 1.0}, {"fp16", 2.0}, {"fp32", 4.0}}};
  technology tech;
  auto price_of = [&](std::string name, std::vector<action> covers) {
    auto price = energy(std::move(name), std::move(covers), 0);
    price.value = by_format;
    tech.energies.push_back(price);
  };
  price_of("mac", {action::mac});
  for (const auto a :
       {action::alu_add, action::alu_multiply, action::alu_compare, action::alu_divide, action::alu_special})
    price_of(std::string(name_of(a)), {a});
  for (const auto kind : {component_kind::mac_array, component_kind::vector_unit}) {
    tech.areas.push_back({kind, by_format, {}});
    tech.leakages.push_back({kind, by_format, {}});
  }
  const std::array needed{component_kind::vector_unit, component_kind::mac_array};
  machine_quantities machine;
  machine.number_format = "fp32";
  machine.mac_format = "int8";
  const price_list prices(tech, machine, needed);
  EXPECT_EQ(prices.energy_J(action::mac), 1.0);
  EXPECT_EQ(prices.energy_J(action::alu_add), 4.0);
  EXPECT_EQ(prices.area_m2(component_kind::mac_array), 1.0);
  EXPECT_EQ(prices.area_m2(component_kind::vector_unit), 4.0);
  EXPECT_EQ(prices.leakage_W(component_kind::mac_array), 1.0);
  machine.mac_format = "bf16";
  EXPECT_THROW(price_list(tech, machine, needed), input_error);
}

TEST(pricing, adds_dynamic_energy_and_leakage_per_phase) {
  ledger books;
  auto& adc = books.open("tile0.adc", component_kind::adc, 4);
  auto& dac = books.open("tile0.dac", component_kind::row_driver, 10);
  adc.counts.add(phase::forward, action::adc_conversion, 100);
  adc.counts.add(phase::evaluate, action::adc_conversion, 1000);
  dac.counts.add(phase::update, action::dac_conversion, 50);
  std::array<femtoseconds, phase_count> exposed{};
  exposed[static_cast<std::size_t>(phase::forward)] = {1'000'000};  // 1 ns
  exposed[static_cast<std::size_t>(phase::evaluate)] = {2'000'000}; // 2 ns
  EXPECT_EQ(kinds_of(books), (std::vector{component_kind::row_driver, component_kind::adc}));

  const auto sheet = price(books, price_list(two_kinds(), {}, kinds_of(books)), exposed);
  ASSERT_EQ(sheet.components.size(), 2U);
  EXPECT_DOUBLE_EQ(sheet.components[0].training_energy_J, 100 * 3e-12 + 4e-6 * 1e-9);
  EXPECT_DOUBLE_EQ(sheet.components[1].training_energy_J, 50 * 2e-12);
  EXPECT_DOUBLE_EQ(sheet.phase_energy_J[static_cast<std::size_t>(phase::evaluate)], 1000 * 3e-12 + 4e-6 * 2e-9);
  EXPECT_DOUBLE_EQ(sheet.training_energy_J, 100 * 3e-12 + 4e-15 + 50 * 2e-12); // without evaluation
  EXPECT_DOUBLE_EQ(sheet.area_m2, 4 * 5e-12 + 10 * 1e-12);
  // adc: two rows of counts and two of leakage; dac: one of counts and two of leakage (zero joules are shown, too)
  ASSERT_EQ(sheet.rows.size(), 7U);
  EXPECT_EQ(sheet.rows[0].what, action::adc_conversion);
  EXPECT_EQ(sheet.rows[1].what, std::nullopt);
  EXPECT_EQ(sheet.rows[1].count, 1'000'000U);
  EXPECT_EQ(title_of(sheet.entries.at(sheet.rows[0].entry)), "adc");
  EXPECT_EQ(title_of(sheet.entries.at(sheet.rows[1].entry)), "leakage of adc");
  EXPECT_EQ(title_of(sheet.entries.at(sheet.components[1].area_entry)), "area of row_driver");
}

TEST(pricing, dynamic_energy_is_linear_in_counts) {
  std::mt19937_64 random(7);
  std::uniform_int_distribution<std::uint64_t> count(0, 1'000'000);
  for (int trial = 0; trial < 50; ++trial) {
    std::array<ledger, 3> books; // some counts, other counts, three times the first and twice the second
    std::array<std::uint64_t, 3> dac{count(random), count(random)};
    std::array<std::uint64_t, 3> adc{count(random), count(random)};
    dac[2] = 3 * dac[0] + 2 * dac[1];
    adc[2] = 3 * adc[0] + 2 * adc[1];
    std::array<double, 3> energies_J{};
    for (std::size_t i = 0; i < books.size(); ++i) {
      books[i].open("dac", component_kind::row_driver, 1).counts.add(phase::update, action::dac_conversion, dac[i]);
      books[i].open("adc", component_kind::adc, 1).counts.add(phase::forward, action::adc_conversion, adc[i]);
      energies_J[i] = price(books[i], price_list(two_kinds(), {}, adc_and_drivers), {}).training_energy_J;
    }
    EXPECT_NEAR(energies_J[2], 3 * energies_J[0] + 2 * energies_J[1], 1e-14 * energies_J[2]);
  }
}

TEST(pricing, totals_are_the_sum_of_their_parts) {
  std::mt19937_64 random(5);
  std::uniform_int_distribution<std::uint64_t> count(0, 1'000'000'000);
  ledger books;
  for (int i = 0; i < 40; ++i) {
    auto& account = books.open("adc" + std::to_string(i), component_kind::adc, 3);
    for (std::size_t p = 0; p < phase_count; ++p)
      account.counts.add(static_cast<phase>(p), action::adc_conversion, count(random));
  }
  std::array<femtoseconds, phase_count> exposed{};
  exposed.fill({123'456'789});
  const auto sheet = price(books, price_list(two_kinds(), {}, adc_and_drivers), exposed);
  double components_J = 0;
  double area_m2 = 0;
  double rows_J = 0;
  double phases_J = 0;
  for (const auto& c : sheet.components) {
    components_J += c.training_energy_J;
    area_m2 += c.area_m2;
  }
  for (const auto& row : sheet.rows)
    if (is_training(row.phase))
      rows_J += row.energy_J;
  for (std::size_t p = 0; p < phase_count; ++p)
    if (is_training(static_cast<phase>(p)))
      phases_J += sheet.phase_energy_J[p];
  EXPECT_EQ(components_J, sheet.training_energy_J); // to the last bit
  EXPECT_EQ(area_m2, sheet.area_m2);
  EXPECT_NEAR(rows_J / sheet.training_energy_J, 1, 1e-13); // other orders of summation differ by rounding only
  EXPECT_NEAR(phases_J / sheet.training_energy_J, 1, 1e-13);
}

} // namespace
} // namespace tilework
