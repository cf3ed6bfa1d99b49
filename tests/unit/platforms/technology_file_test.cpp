// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/core/pricing.h>
#include <tilework/platforms/technology_file.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace tilework::platform {
namespace {

std::filesystem::path shipped(const std::string& name) {
  const char* const source = std::getenv("TILEWORK_SOURCE");
  if (source == nullptr)
    throw std::runtime_error("TILEWORK_SOURCE must name the source tree");
  return std::filesystem::path(source) / "platforms/technologies" / name;
}

/// The study's figures with zeros for what it leaves out.
technology gallo() {
  return merged(read_technology(shipped("gallo.yaml")), read_technology(shipped("gallo_left_out.yaml")));
}

/// "gallo", a complete file, or one that follows a complete one.
technology complete(const std::string& name) {
  if (name == "gallo")
    return gallo();
  const auto generic = read_technology(shipped("generic_14nm.yaml"));
  return name == "generic_14nm.yaml" ? generic : merged(generic, read_technology(shipped(name)));
}

std::vector<component_kind> analog_kinds() {
  std::vector<component_kind> kinds;
  for (std::size_t k = 0; k < component_kind_count; ++k)
    if (const auto kind = static_cast<component_kind>(k); kind != component_kind::mac_array)
      kinds.push_back(kind);
  return kinds;
}

machine_quantities typical_machine() {
  machine_quantities m;
  m.adc_bits = 8;
  m.dac_bits = 7;
  m.adc_rate_Hz = 5e6;
  m.integration_time_s = 128e-9;
  m.read_slot_s = 1e-9;
  m.drive_s = 1e-9;
  m.v_read_V = 0.2;
  m.v_write_V = 1;
  m.conductance_S = 0.5e-6;
  m.pulse_width_s = 5e-9;
  m.flit_width_bit = 64;
  m.router_ports = 5;
  m.line_F = 50e-15;
  m.buffer_bytes = 1 << 20;
  m.number_format = "fp16";
  return m;
}

class technology_files : public testing::Test {
protected:
  void TearDown() override {
    for (const auto& file : written_)
      std::filesystem::remove(file);
  }
  std::filesystem::path write(const std::string& name, const std::string& text) {
    written_.push_back(std::filesystem::path(testing::TempDir()) /
                       (std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + "_" + name));
    std::ofstream(written_.back()) << text;
    return written_.back();
  }
  /// The message without the file's folder.
  std::string error_of(const std::string& text) {
    const auto file = write("t.yaml", text);
    try {
      read_technology(file);
    } catch (const input_error& e) {
      const std::string message = e.what();
      return message.starts_with(file.string()) ? message.substr(file.string().size()) : message;
    }
    return "no error";
  }

private:
  std::vector<std::filesystem::path> written_;
};

class shipped_technology : public testing::TestWithParam<const char*> {};

TEST_P(shipped_technology, prices_every_action_and_unit_of_a_typical_machine) {
  const auto tech = complete(GetParam());
  for (const char* format : {"fp16", "fp32", "bf16"}) {
    auto machine = typical_machine();
    machine.number_format = format;
    const price_list prices(tech, machine, analog_kinds());
    for (std::size_t a = 0; a < action_count; ++a)
      if (static_cast<action>(a) != action::mac) {
        EXPECT_GE(prices.energy_J(static_cast<action>(a)), 0.0);
      }
  }
  for (const auto& price : tech.energies)
    EXPECT_FALSE(price.origin.source.empty());
}

TEST(generic_14nm_technology, prices_macs_of_every_number_format_and_never_as_nothing) {
  const auto tech = complete("generic_14nm.yaml");
  constexpr std::array digital{component_kind::mac_array};
  auto machine = typical_machine();
  double before = 0;
  for (const char* format : {"int8", "bf16", "fp32"}) {
    machine.mac_format = format;
    const price_list prices(tech, machine, digital);
    EXPECT_GT(prices.energy_J(action::mac), before) << format;
    EXPECT_GT(prices.area_m2(component_kind::mac_array), 0);
    EXPECT_GT(prices.leakage_W(component_kind::mac_array), 0);
    before = prices.energy_J(action::mac);
  }
  EXPECT_THROW(price_list(gallo(), machine, digital), input_error) << "the study has no matrix unit";
}

TEST_P(shipped_technology, says_why_a_figure_is_zero) {
  const auto tech = complete(GetParam());
  const auto check = [](const price_law& law, const provenance& origin) {
    const auto* constant = std::get_if<double>(&law);
    if (constant != nullptr && *constant == 0) {
      EXPECT_TRUE(origin.source.starts_with("zero: ")) << origin.location;
    }
  };
  for (const auto& price : tech.energies)
    check(price.value, price.origin);
  for (const auto& price : tech.areas)
    check(price.value, price.origin);
  for (const auto& price : tech.leakages)
    check(price.value, price.origin);
}

INSTANTIATE_TEST_SUITE_P(files, shipped_technology,
                         testing::Values("gallo", "generic_14nm.yaml", "survey_adc.yaml", "measured_adc.yaml",
                                         "neurosim_14nm.yaml", "hbm2.yaml", "gddr5.yaml", "sram_by_capacity.yaml",
                                         "ramp_adc.yaml", "router_by_ports.yaml", "isaac_bus.yaml", "wired_array.yaml",
                                         "isaac_32nm.yaml"));

TEST(converter_technologies, differ_by_a_factor_that_users_must_choose) {
  auto machine = typical_machine();
  const auto converted_J = [&](const std::string& name) {
    return price_list(complete(name), machine, analog_kinds()).energy_J(action::adc_conversion);
  };
  const double factor = converted_J("measured_adc.yaml") / converted_J("generic_14nm.yaml");
  EXPECT_GT(factor, 66);
  EXPECT_LT(factor, 80);
}

// What nobody read in its source is named, never used silently.
TEST(generic_14nm_technology, has_low_confidence_where_a_figure_is_recalled) {
  const auto tech = read_technology(shipped("generic_14nm.yaml"));
  std::size_t recalled = 0;
  for (const auto& price : tech.energies) {
    const bool horowitz = price.origin.source.find("Horowitz") != std::string::npos;
    EXPECT_EQ(horowitz, is_unchecked(price.origin.basis)) << price.name;
    recalled += horowitz ? 1 : 0;
  }
  EXPECT_GT(recalled, 0U);
}

struct study_layer {
  double inputs, outputs, forward_pJ, backward_pJ;
};
constexpr study_layer study_layers[] = {
    {784, 256, 2554.36, 14026.40}, {256, 128, 1185.88, 2318.04}, {128, 10, 94.93, 1137.41}};

TEST(gallo_technology, reproduces_the_forward_rows_and_all_backward_rows_but_the_first) {
  const price_list prices(gallo(), typical_machine(), analog_kinds());
  const auto mvm_pJ = [&](double driven, double read) {
    return 1e12 * (driven * prices.energy_J(action::dac_conversion) + read * prices.energy_J(action::adc_conversion) +
                   driven * read * prices.energy_J(action::cell_read));
  };
  for (const auto& layer : study_layers)
    EXPECT_NEAR(mvm_pJ(layer.inputs, layer.outputs) / layer.forward_pJ, 1, 1e-5);
  // Not used in the fit.
  EXPECT_NEAR(mvm_pJ(128, 256) / 2318.04, 1, 1e-3);
  EXPECT_NEAR(mvm_pJ(10, 128) / 1137.41, 1, 1e-3);
  EXPECT_NEAR(mvm_pJ(256, 784) / 14026.40, 0.514, 1e-3); // the study's outlier
}

TEST(gallo_technology, reproduces_the_sum_of_the_update_slots) {
  const price_list prices(gallo(), typical_machine(), analog_kinds());
  double slot_pJ = 0;
  for (const auto& layer : study_layers) // there each line pulses in half of the slots
    slot_pJ += 1e12 * (0.5 * layer.inputs * prices.energy_J(action::row_line_pulse) +
                       0.5 * layer.outputs * prices.energy_J(action::column_line_pulse) +
                       0.25 * layer.inputs * layer.outputs * prices.energy_J(action::update_pulse));
  EXPECT_NEAR(slot_pJ / 54641.96, 1, 1e-4);
}

TEST(generic_14nm_technology, follows_the_machine) {
  const auto tech = read_technology(shipped("generic_14nm.yaml"));
  const price_list prices(tech, typical_machine(), analog_kinds());
  EXPECT_NEAR(prices.energy_J(action::adc_conversion), 0.362e-12, 0.0005e-12);
  EXPECT_NEAR(prices.area_m2(component_kind::adc), 634e-12, 0.5e-12);
  EXPECT_DOUBLE_EQ(prices.energy_J(action::cell_drive), 0.02e-15);
  EXPECT_EQ(prices.energy_J(action::cell_read), 0); // part of the drive
  EXPECT_DOUBLE_EQ(prices.energy_J(action::flit_hop), 64 * 81e-15);
  EXPECT_EQ(prices.energy_J(action::router_arbitration), 0); // part of the hop
  EXPECT_DOUBLE_EQ(prices.energy_J(action::alu_add), 0.4e-12);
  EXPECT_NEAR(prices.leakage_W(component_kind::adc), 1.95 * 634e-12, 1.95 * 0.5e-12);
}

TEST_F(technology_files, report_mistakes_with_their_place) {
  EXPECT_EQ(error_of("energy:\n  - {covers: adc_conversion, value: 1 pJ}\n"), ":2:5: energy.0.source is missing");
  EXPECT_EQ(error_of("energy:\n  - {covers: adc_conversion, value: 1 pJ, source: ''}\n"),
            ":2:51: energy.0.source: expected where the figure comes from, got nothing");
  EXPECT_EQ(error_of("energy:\n  - {covers: adc_conversion, source: s}\n"), ":2:5: energy.0.value is missing");
  EXPECT_EQ(error_of("energy:\n  - {covers: adc_conversion, value: 1 um2, source: s}\n"),
            ":2:37: energy.0.value: expected an energy such as '0.36 pJ' (aJ, fJ, pJ, nJ, uJ, mJ, J, kJ), got '1 um2'");
  EXPECT_EQ(
      error_of("energy:\n  - {covers: [alu_add, alu_multiply], value: 1 pJ, source: s}\n"),
      ":2:14: energy.0.covers: a price that covers several actions needs 'per: ACTION' (which one it is charged on) "
      "or 'per: each'");
  EXPECT_EQ(error_of("energy:\n  - {covers: [alu_add, alu_multiply], per: sample, value: 1 pJ, source: s}\n"),
            ":2:44: energy.0.per: 'sample' must be one of the covered actions: alu_add, alu_multiply");
  EXPECT_TRUE(
      error_of("energy:\n  - {covers: adc_convrsion, value: 1 pJ, source: s}\n")
          .starts_with(":2:14: energy.0.covers: unknown action 'adc_convrsion'; did you mean 'adc_conversion'?"));
  EXPECT_TRUE(error_of("area:\n  - {of: adcs, value: 1 um2, source: s}\n")
                  .starts_with(":2:10: area.0.of: unknown component 'adcs'; did you mean 'adc'?"));
  EXPECT_TRUE(error_of("energy:\n  - {covers: sample, value: {formula: ohmic_red}, source: s}\n")
                  .starts_with(":2:39: energy.0.value.formula: unknown value 'ohmic_red'; did you mean 'ohmic_read'?"));
  EXPECT_TRUE(error_of("energy:\n  - {covers: sample, value: 1 pJ, source: s, sourec: t}\n")
                  .starts_with(":2:46: unknown key 'sourec' in energy.0; did you mean 'source'?"));
  EXPECT_EQ(error_of("energy:\n  - {covers: sample, value: -1 pJ, source: s}\n"),
            ":2:29: energy.0.value: expected a value of at least 0 J, got '-1 pJ'");
  EXPECT_EQ(
      error_of("energy:\n  - {covers: sample, value: nan pJ, source: s}\n"),
      ":2:29: energy.0.value: expected an energy such as '0.36 pJ' (aJ, fJ, pJ, nJ, uJ, mJ, J, kJ), got 'nan pJ'");
}

TEST_F(technology_files, do_not_trust_what_nobody_read) {
  for (const std::string basis : {"secondary", "recalled"})
    EXPECT_TRUE(
        error_of("energy:\n  - {covers: sample, value: 1 pJ, source: s, basis: " + basis + ", confidence: medium}\n")
            .ends_with("energy.0.confidence: a figure that is secondary or recalled has confidence low until "
                       "somebody reads it in its source"));
  const auto tech = read_technology(write(
      "recalled.yaml", "energy:\n  - {covers: sample, value: 1 pJ, source: s, basis: recalled}\n"
                       "area:\n  - {of: [adc, sram], value: 1 um2, source: s, basis: derived, confidence: high}\n"));
  EXPECT_EQ(tech.energies.at(0).origin.basis, figure_basis::recalled);
  EXPECT_EQ(tech.areas.at(1).origin.basis, figure_basis::derived);
  EXPECT_EQ(tech.areas.at(1).name, "adc+sram");
}

TEST_F(technology_files, scale_only_over_one_node_step) {
  const auto entry = [](const std::string& to) {
    return "energy:\n  - {covers: sample, value: {scaled: 1 pJ, from: 32 nm, to: " + to +
           ", rule: constant_voltage}, source: s}\n";
  };
  const auto tech = read_technology(write("scaled.yaml", entry("22 nm")));
  EXPECT_EQ(std::get<scaled_law>(tech.energies.at(0).value).to_m, 22e-9);
  EXPECT_EQ(error_of(entry("14 nm")),
            ":2:61: energy.0.value.to: more than one node step away from 32 nm: no rule is right over that distance; "
            "take the figure as it is, or one of a nearer node");
  EXPECT_TRUE(error_of("leakage:\n  - {of: adc, value: {scaled: 1 uW, from: 32 nm, to: 22 nm, rule: constant_voltage}, "
                       "source: s}\n")
                  .ends_with("leakage is not scaled between process nodes: it depends on threshold voltages"));
}

constexpr const char* ert = R"(ERT:
  version: '0.4'
  tables:
    - name: system.pe[1..8].adc
      actions:
        - {name: convert, arguments: {global_cycle_seconds: 1e-09}, energy: 1.7}
        - {name: leak, arguments: {global_cycle_seconds: 1e-09}, energy: 0.001}
    - name: system.buffer
      actions:
        - {name: read, arguments: {data_delta: 0, address_delta: 0}, energy: 0.5}
        - {name: read, arguments: {data_delta: 1, address_delta: 1}, energy: 8}
        - {name: write, arguments: null, energy: 16}
)";
constexpr const char* art = R"(ART:
  version: '0.4'
  tables:
    - {name: "system.pe[1..8].adc", area: 1200}
    - {name: system.buffer, area: 8192}
)";

class accelergy_import : public technology_files {
protected:
  /// A technology with one more list of entries.
  std::string with(const std::string& entries) {
    return "accelergy:\n  ert: " + write("ERT.yaml", ert).string() + "\n  art: " + write("ART.yaml", art).string() +
           "\n" + entries;
  }
};

TEST_F(accelergy_import, takes_energies_and_areas_from_tables) {
  const auto tech = read_technology(write("t.yaml", with(R"(  energy:
    - {component: "system.pe[1..8].adc", action: convert, covers: adc_conversion, confidence: medium}
    - {component: system.buffer, action: read, arguments: {data_delta: 1}, times: 0.125, covers: sram_read_byte}
    - {component: system.buffer, action: write, times: 0.125, covers: sram_write_byte, source: my plug-in}
  area:
    - {component: "system.pe[1..8].adc", of: adc}
    - {component: system.buffer, of: sram, times: 0.0001220703125}
)")));
  ASSERT_EQ(tech.energies.size(), 3U);
  EXPECT_DOUBLE_EQ(std::get<double>(tech.energies[0].value), 1.7e-12);
  EXPECT_EQ(tech.energies[0].origin.source, "Accelergy ERT, convert of system.pe[1..8].adc");
  EXPECT_EQ(tech.energies[0].origin.trust, confidence::medium);
  EXPECT_DOUBLE_EQ(std::get<double>(tech.energies[1].value), 1e-12);
  EXPECT_DOUBLE_EQ(std::get<double>(tech.energies[2].value), 2e-12);
  EXPECT_EQ(tech.energies[2].origin.source, "my plug-in");
  EXPECT_DOUBLE_EQ(std::get<double>(tech.areas.at(0).value), 1200e-12);
  EXPECT_DOUBLE_EQ(std::get<double>(tech.areas.at(1).value), 1e-12);
}

// Accelergy states leakage as an energy per cycle of the table's clock.
TEST_F(accelergy_import, takes_leakage_with_the_length_of_a_cycle) {
  const auto tech = read_technology(write("t.yaml", with(R"(  leakage:
    - {component: "system.pe[1..8].adc", action: convert, cycle: 2 ns, of: adc}
)")));
  ASSERT_EQ(tech.leakages.size(), 1U);
  EXPECT_DOUBLE_EQ(std::get<double>(tech.leakages[0].value), 1.7e-12 / 2e-9);
  EXPECT_NE(error_of(with("  leakage:\n    - {component: \"system.pe[1..8].adc\", action: convert, of: adc}\n"))
                .find("cycle is missing"),
            std::string::npos);
}

TEST_F(accelergy_import, says_where_an_entry_does_not_fit_the_tables) {
  const auto error = [&](const std::string& entry) { return error_of(with("  energy:\n    - {" + entry + "}\n")); };
  EXPECT_EQ(error("component: system.bufer, action: read, covers: sram_read_byte"),
            ":5:19: accelergy.energy.0.component: the ERT has no component 'system.bufer'; did you mean "
            "'system.buffer'? allowed: system.buffer, system.pe[1..8].adc");
  EXPECT_EQ(error("component: system.buffer, action: raed, covers: sram_read_byte"),
            ":5:42: accelergy.energy.0.action: the ERT has no action 'raed' of this component; did you mean 'read'? "
            "allowed: read, write");
  EXPECT_EQ(error("component: system.buffer, action: read, covers: sram_read_byte"),
            ":5:42: accelergy.energy.0.action: 2 of the 2 rows of 'read' in the ERT are possible; choose one with "
            "arguments: {address_delta: ..., data_delta: ...}");
  EXPECT_EQ(error("component: system.buffer, action: read, arguments: {data_delta: 7}, covers: sram_read_byte"),
            ":5:59: accelergy.energy.0.arguments: 0 of the 2 rows of 'read' in the ERT match; choose one with "
            "arguments: {address_delta: ..., data_delta: ...}");
  EXPECT_TRUE(error_of("accelergy:\n  energy:\n    - {component: a, action: b, covers: sample}\n")
                  .ends_with("there is no ERT to take it from"));
  EXPECT_NE(error_of("accelergy:\n  ert: " + write("ERT.yaml", "tables: []\n").string() + "\n")
                .find("expected a table of energies"),
            std::string::npos);
  EXPECT_NE(error_of("accelergy:\n  ert: " +
                     write("ERT.yaml", "ERT: {tables: [{name: a, actions: [{name: b, energy: -1}]}]}\n").string() +
                     "\n")
                .find("at least 0"),
            std::string::npos);
}

TEST_F(technology_files, later_files_override_earlier_ones) {
  const auto machine_file =
      write("machine.yaml", "technology:\n  - " + shipped("generic_14nm.yaml").string() + "\n  - " +
                                write("mine.yaml", "name: mine\nenergy:\n"
                                                   "  - {covers: adc_conversion, value: 25 pJ, "
                                                   "source: measured}\n")
                                    .string() +
                                "\n");
  const auto document = config::document::load(machine_file);
  config::reader machine(document);
  const auto tech = read_technologies(machine);
  machine.finish();
  EXPECT_EQ(tech.name, "generic-14nm + mine");
  const price_list prices(tech, typical_machine(), analog_kinds());
  EXPECT_DOUBLE_EQ(prices.energy_J(action::adc_conversion), 25e-12);
  EXPECT_NEAR(prices.area_m2(component_kind::adc), 634e-12, 0.5e-12); // untouched
}

TEST_F(technology_files, half_an_override_of_a_joint_price_is_refused) {
  const auto base = read_technology(shipped("generic_14nm.yaml"));
  const auto half = read_technology(write("half.yaml", "energy: [{covers: flit_hop, value: 1 pJ, source: s}]\n"));
  EXPECT_THROW(merged(base, half), input_error);
}

} // namespace
} // namespace tilework::platform
