// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/core/technology.h>

#include <gtest/gtest.h>

#include <string>
#include <tuple>

namespace tilework {
namespace {

provenance from(std::string location) {
  provenance origin;
  origin.source = "test";
  origin.location = std::move(location);
  return origin;
}

double adc_pJ(int bits, double rate_Hz, double node_m) {
  machine_quantities machine;
  machine.adc_bits = bits;
  machine.adc_rate_Hz = rate_Hz;
  return evaluate(formula_law{formula::adc_survey, node_m}, priced_quantity::energy, machine, from("t:1:1")) * 1e12;
}

double adc_um2(int bits, double rate_Hz, double node_m) {
  machine_quantities machine;
  machine.adc_bits = bits;
  machine.adc_rate_Hz = rate_Hz;
  return evaluate(formula_law{formula::adc_survey, node_m}, priced_quantity::area, machine, from("t:1:1")) * 1e12;
}

// Reference values as published with the regression, to their printed digits.
TEST(adc_survey, gives_the_reference_energies) {
  EXPECT_NEAR(adc_pJ(6, 5e6, 14e-9), 0.225, 0.0005);
  EXPECT_NEAR(adc_pJ(6, 1e9, 14e-9), 0.225, 0.0005);
  EXPECT_NEAR(adc_pJ(8, 5e6, 14e-9), 0.362, 0.0005);
  EXPECT_NEAR(adc_pJ(8, 1e9, 14e-9), 0.362, 0.0005);
  EXPECT_NEAR(adc_pJ(10, 5e6, 14e-9), 0.70, 0.005);
  EXPECT_NEAR(adc_pJ(10, 1e9, 14e-9), 2.95, 0.005);
  EXPECT_NEAR(adc_pJ(8, 5e6, 32e-9), 1.714, 0.0005);
  EXPECT_NEAR(adc_pJ(10, 5e6, 32e-9), 3.31, 0.005);
  EXPECT_NEAR(adc_pJ(10, 1e9, 32e-9), 13.9, 0.05);
  EXPECT_NEAR(adc_pJ(8, 5e6, 65e-9), 6.49, 0.005);
}

TEST(adc_survey, gives_the_reference_areas) {
  EXPECT_NEAR(adc_um2(6, 5e6, 14e-9), 549, 0.5);
  EXPECT_NEAR(adc_um2(6, 1e9, 14e-9), 1432, 0.5);
  EXPECT_NEAR(adc_um2(8, 5e6, 14e-9), 634, 0.5);
  EXPECT_NEAR(adc_um2(8, 1e9, 14e-9), 1650, 0.5);
  EXPECT_NEAR(adc_um2(8, 5e6, 32e-9), 2292, 0.5);
  EXPECT_NEAR(adc_um2(8, 1e9, 32e-9), 5972, 0.5);
}

TEST(ohmic_laws, are_voltage_squared_times_conductance_times_time) {
  machine_quantities m;
  m.v_read_V = 0.2;
  m.v_write_V = 1;
  m.conductance_S = 0.5e-6;
  m.integration_time_s = 128e-9;
  m.read_slot_s = 1e-9;
  m.drive_s = 0.5e-9;
  m.pulse_width_s = 5e-9;
  const auto value = [&](formula f) { return evaluate(formula_law{f}, priced_quantity::energy, m, from("t:1:1")); };
  EXPECT_DOUBLE_EQ(value(formula::ohmic_read), 2.56e-15);
  EXPECT_DOUBLE_EQ(value(formula::ohmic_read_slot), 0.02e-15);
  EXPECT_DOUBLE_EQ(value(formula::ohmic_drive), 0.01e-15);
  EXPECT_DOUBLE_EQ(value(formula::ohmic_update), 2.5e-15);
  EXPECT_DOUBLE_EQ(value(formula::ohmic_half_select), 0.625e-15);
  EXPECT_THROW(value(formula::line_charge), input_error) << "no wires";
  m.line_F = 50e-15;
  EXPECT_DOUBLE_EQ(value(formula::line_charge), m.v_read_V * m.v_read_V * 50e-15);
}

TEST(adc_families, follow_their_sources) {
  machine_quantities m;
  m.adc_bits = 8;
  const auto value = [&](const formula_law& law) { return evaluate(law, priced_quantity::energy, m, from("t:1:1")); };
  EXPECT_DOUBLE_EQ(value({formula::adc_sar, 14e-9}), (0.471 * 8 + 1.95) * 9 * 1e-15);
  EXPECT_DOUBLE_EQ(value({formula::adc_cco}), 26.5e-12);
  m.adc_bits = 9;
  EXPECT_DOUBLE_EQ(value({formula::adc_cco}), 53e-12);
  EXPECT_DOUBLE_EQ(value({formula::adc_cco, 0, 2}), 106e-12); // factor
  EXPECT_THROW(value({formula::adc_sar, 28e-9}), input_error);
  EXPECT_DOUBLE_EQ(value({formula::adc_ramp}), 2.4e-12 + 512 * 0.55e-12);
  m.dac_bits = 7;
  EXPECT_DOUBLE_EQ(value({formula::dac_time}), 18.75e-15);
}

TEST(router_law, goes_through_the_tables_of_its_sources) {
  machine_quantities m;
  m.flit_width_bit = 256;
  const auto value = [&](priced_quantity quantity, double ports) {
    m.router_ports = ports;
    return evaluate(formula_law{formula::router}, quantity, m, from("t:1:1"));
  };
  EXPECT_NEAR(value(priced_quantity::energy, 5), 20.74e-12, 1e-17);
  for (const auto& [ports, mm2, mW] : {std::tuple{4, 0.047, 0.41}, std::tuple{8, 0.116, 1.04}}) {
    EXPECT_NEAR(value(priced_quantity::area, ports), mm2 * 1e-6, 1e-15);
    EXPECT_NEAR(value(priced_quantity::leakage, ports), mW * 1e-3, 1e-12);
  }
  // Twice the ports pass twice the flits: dynamic power goes 51.48 / 16.13.
  EXPECT_NEAR(2 * value(priced_quantity::energy, 8) / value(priced_quantity::energy, 4), 51.48 / 16.13, 1e-9);
  EXPECT_THROW(value(priced_quantity::energy, 0), input_error);
}

TEST(sram_access, goes_with_the_square_root_of_the_capacity) {
  machine_quantities m;
  const auto word_pJ = [&](double bytes) {
    m.buffer_bytes = bytes;
    return 8e12 * evaluate(formula_law{formula::sram_access}, priced_quantity::energy, m, from("t:1:1"));
  };
  EXPECT_NEAR(word_pJ(8192), 10, 1e-9);
  EXPECT_NEAR(word_pJ(32768), 20, 1e-9);
  EXPECT_NEAR(word_pJ(1048576) / 100, 1, 0.14);
}

TEST(price_laws, select_by_format_flit_width_and_area) {
  machine_quantities m;
  m.number_format = "fp16";
  m.flit_width_bit = 64;
  const auto origin = from("t:1:1");
  EXPECT_EQ(evaluate(number_format_law{{{"fp32", 2.0}, {"fp16", 1.0}}}, priced_quantity::energy, m, origin), 1.0);
  EXPECT_EQ(evaluate(flit_bit_law{0.5}, priced_quantity::energy, m, origin), 32.0);
  EXPECT_EQ(evaluate(area_law{3.0}, priced_quantity::leakage, m, origin, 2.0), 6.0);
}

TEST(price_laws, scale_over_one_node_step) {
  const scaled_law law{1.0, 32e-9, 22e-9, scaling_rule::constant_voltage};
  EXPECT_DOUBLE_EQ(evaluate(law, priced_quantity::energy, {}, from("t:1:1")), 22.0 / 32);
  EXPECT_DOUBLE_EQ(evaluate(law, priced_quantity::area, {}, from("t:1:1")), 22.0 * 22 / (32 * 32));
  EXPECT_THROW(evaluate(law, priced_quantity::leakage, {}, from("t:1:1")), input_error);
  EXPECT_TRUE(is_one_node_step(22e-9, 14e-9));
  EXPECT_TRUE(is_one_node_step(45e-9, 65e-9));
  EXPECT_FALSE(is_one_node_step(32e-9, 14e-9));
}

std::string error_of(const price_law& law, priced_quantity quantity, const machine_quantities& m = {}) {
  try {
    evaluate(law, quantity, m, from("tech.yaml:4:5"));
  } catch (const input_error& e) {
    return e.what();
  }
  return "no error";
}

TEST(price_laws, refuse_what_they_cannot_know) {
  EXPECT_EQ(error_of(formula_law{formula::ohmic_read}, priced_quantity::energy),
            "tech.yaml:4:5: ohmic_read needs the cell's conductance, which is not given");
  EXPECT_EQ(error_of(formula_law{formula::ohmic_read}, priced_quantity::area),
            "tech.yaml:4:5: ohmic_read gives energy only");
  EXPECT_EQ(error_of(formula_law{formula::adc_survey}, priced_quantity::leakage),
            "tech.yaml:4:5: formula adc_survey does not give leakage");
  EXPECT_EQ(error_of(area_law{1}, priced_quantity::energy), "tech.yaml:4:5: per_area gives leakage only");
  machine_quantities int8;
  int8.number_format = "int8";
  EXPECT_EQ(error_of(number_format_law{{{"fp32", 1.0}, {"fp16", 1.0}}}, priced_quantity::energy, int8),
            "tech.yaml:4:5: no value for number format 'int8', there are values for fp32, fp16");
}

energy_price energy(std::string name, std::vector<action> covers, double value) {
  const auto per = covers.front();
  const auto location = name + ".yaml:1:1";
  return {std::move(name), std::move(covers), per, value, from(location)};
}

TEST(merged_technology, replaces_whole_prices_and_keeps_the_rest) {
  technology base;
  base.name = "base";
  base.energies = {energy("read", {action::dac_conversion, action::adc_conversion}, 1),
                   energy("add", {action::alu_add}, 2)};
  base.areas = {{component_kind::adc, 1.0, from("a")}, {component_kind::sram, 2.0, from("b")}};
  technology later;
  later.name = "later";
  later.energies = {energy("dac", {action::dac_conversion}, 3), energy("adc", {action::adc_conversion}, 4)};
  later.areas = {{component_kind::adc, 5.0, from("c")}};
  const auto both = merged(base, later);
  EXPECT_EQ(both.name, "base + later");
  ASSERT_EQ(both.energies.size(), 3U);
  EXPECT_EQ(both.energies[0].name, "add");
  EXPECT_EQ(both.energies[1].name, "dac");
  ASSERT_EQ(both.areas.size(), 2U);
  EXPECT_EQ(std::get<double>(both.areas[1].value), 5.0);
}

TEST(merged_technology, does_not_tear_a_price_apart) {
  technology base;
  base.energies = {energy("read", {action::dac_conversion, action::adc_conversion}, 1)};
  technology later;
  later.energies = {energy("adc", {action::adc_conversion}, 4)};
  try {
    merged(base, later);
    FAIL() << "no error";
  } catch (const input_error& e) {
    EXPECT_STREQ(e.what(), "adc.yaml:1:1: price 'adc' replaces only a part of 'read' (read.yaml:1:1); dac_conversion "
                           "would be left without a price");
  }
}

} // namespace
} // namespace tilework
