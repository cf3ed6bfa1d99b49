// SPDX-License-Identifier: Apache-2.0
// The books add up, and small cases can be counted by hand.
#include "support/small_runs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace tilework::test {
namespace {

constexpr std::uint64_t samples = 100;
constexpr std::uint64_t inputs = 784;
constexpr std::uint64_t outputs = 10;
constexpr std::uint64_t bytes_per_element = 4; // fp32

const std::vector<std::string> training_phases{"forward", "backward", "update", "transfer"};

/// One layer, no bias, every vector converted once, every update 31 slots long: nothing depends on data but the pulses.
const std::vector<std::string> countable{"--set", "dataset={name: glyphs, train_samples: 100, test_samples: 50}",
                                         "--set", "network.bias=none",
                                         "--set", "forward.bound_management=NONE",
                                         "--set", "training.update.update_management=false",
                                         "--set", "training.update.update_bl_management=false"};

json counted_run(std::vector<std::string> more = {}) {
  more.insert(more.begin(), countable.begin(), countable.end());
  return summary_of_run(more, "[784, 10]");
}

TEST(accounting, components_phases_and_rows_sum_to_the_total) {
  const temporary_directory folder;
  const auto result = run_program(small_run(folder / "run"));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto summary = summary_in(folder / "run");
  const double total_J = summary.at("energy_J");
  ASSERT_GT(total_J, 0);

  double components_J = 0;
  double area_mm2 = 0;
  for (const auto& [name, component] : summary.at("components").items()) {
    components_J += component.at("energy_J").get<double>();
    area_mm2 += component.at("area_mm2").get<double>();
  }
  EXPECT_EQ(components_J, total_J); // exact: the total is defined as this sum in this order
  EXPECT_NEAR(area_mm2, summary.at("area_mm2").get<double>(), 1e-12 * area_mm2);

  double phases_J = 0;
  std::int64_t exposed_fs = 0;
  for (const auto& phase : training_phases) {
    phases_J += summary.at("phases").at(phase).at("energy_J").get<double>();
    exposed_fs += summary.at("phases").at(phase).at("exposed_fs").get<std::int64_t>();
  }
  EXPECT_NEAR(phases_J, total_J, 1e-12 * total_J); // the same terms in another order
  EXPECT_EQ(exposed_fs, summary.at("simulated_time_fs").get<std::int64_t>());

  double rows_J = 0;
  std::map<std::string, std::uint64_t> row_counts;
  for (const auto& line : costs_in(folder / "run")) {
    if (is_training_phase(line.phase))
      rows_J += line.energy_J;
    if (line.action != "leakage")
      row_counts[line.phase + "/" + line.action] += line.count;
  }
  EXPECT_NEAR(rows_J, total_J, 1e-8 * total_J); // costs.csv has nine digits
  for (const auto& [phase, actions] : summary.at("actions").items())
    for (const auto& [action, count] : actions.items())
      EXPECT_EQ(row_counts[phase + "/" + action], count.get<std::uint64_t>()) << phase << "/" << action;
}

TEST(accounting, programming_and_evaluation_are_booked_but_not_in_the_totals) {
  const auto summary = summary_of_run();
  EXPECT_GT(summary.at("phases").at("program").at("energy_J").get<double>(), 0);
  EXPECT_GT(summary.at("phases").at("evaluate").at("exposed_fs").get<std::int64_t>(), 0);
  // Ten times as many test samples cost ten times the evaluation and nothing else.
  const auto longer = summary_of_run({"--set", "dataset={name: glyphs, train_samples: 600, test_samples: 2000}"});
  EXPECT_EQ(summary.at("energy_J"), longer.at("energy_J"));
  EXPECT_EQ(summary.at("simulated_time_fs"), longer.at("simulated_time_fs"));
  EXPECT_GT(longer.at("phases").at("evaluate").at("energy_J").get<double>(),
            5 * summary.at("phases").at("evaluate").at("energy_J").get<double>());
}

TEST(accounting, one_layer_counts_by_closed_form) {
  const auto actions = counted_run().at("actions");
  const auto& forward = actions.at("forward");
  EXPECT_EQ(forward.at("dac_conversion"), samples * inputs);
  EXPECT_EQ(forward.at("cell_read"), samples * inputs * outputs);
  EXPECT_EQ(forward.at("sample"), samples * outputs);
  EXPECT_EQ(forward.at("adc_conversion"), samples * outputs);
  EXPECT_EQ(forward.at("output_scale"), samples * outputs);
  // Noise management: inputs comparisons, one division, inputs products. Bias: outputs sums. Loss: maximum,
  // differences, exponentials, sum, reciprocal, probabilities, logarithm, gradient.
  EXPECT_EQ(forward.at("alu_compare"), samples * (inputs + outputs));
  EXPECT_EQ(forward.at("alu_multiply"), samples * (inputs + outputs));
  EXPECT_EQ(forward.at("alu_divide"), samples * 2);
  EXPECT_EQ(forward.at("alu_add"), samples * 4 * outputs);
  EXPECT_EQ(forward.at("alu_special"), samples * (outputs + 1));
  EXPECT_EQ(forward.at("dram_read_byte"), samples * (inputs + 1)); // one byte per pixel and one for the label
  EXPECT_EQ(forward.at("sram_write_byte"),
            samples * bytes_per_element * ((inputs + 1) + 1 + outputs + outputs + (outputs + 2)));
  EXPECT_EQ(forward.at("sram_read_byte"),
            samples * bytes_per_element * (inputs + (inputs + 1) + 2 * outputs + (outputs + 1)));
  EXPECT_EQ(actions.at("program").at("program_pulse"), inputs * outputs);
  EXPECT_FALSE(actions.contains("backward")) << "the gradient of the network's input is not needed";
}

TEST(accounting, pulses_and_half_selected_cells_agree) {
  for (const std::string type : {"STOCHASTIC_COMPRESSED", "STOCHASTIC", "MEAN_COUNT", "DETERMINISTIC_IMPLICIT"}) {
    const auto update = counted_run({"--set", "training.update.pulse_type=" + type}).at("actions").at("update");
    const auto count = [&](const char* action) {
      return update.contains(action) ? update.at(action).get<std::uint64_t>() : 0;
    };
    EXPECT_GT(count("update_pulse"), 0U) << type;
    // In a slot with r input and c output pulses, r c cells coincide and r outputs + c inputs - 2 r c see one line
    // only.
    EXPECT_EQ(count("half_select_pulse"),
              outputs * count("row_line_pulse") + inputs * count("column_line_pulse") - 2 * count("update_pulse"))
        << type;
    EXPECT_EQ(count("random_bit") > 0, type.starts_with("STOCHASTIC")) << type;
    EXPECT_EQ(count("sram_read_byte"), samples * bytes_per_element * (inputs + outputs)) << type;
  }
}

TEST(accounting, busy_time_of_a_tile_by_closed_form) {
  const auto tile = counted_run().at("components");
  constexpr double nanosecond = 1e-9;
  constexpr double integration = 2 * 63;  // two signs, 2^(7-1) - 1 slots of 1 ns
  constexpr double conversions = 8 * 10;  // eight lines per converter, nine bits and one sampling cycle of 1 ns
  constexpr double pulses = 31 * 5.0 * 2; // slots of 5 ns, up and down separately
  const double n = samples;
  EXPECT_NEAR(tile.at("chip0.tile0.row_driver").at("busy_s").get<double>(), n * integration * nanosecond, 1e-15);
  EXPECT_NEAR(tile.at("chip0.tile0.adc").at("busy_s").get<double>(), n * conversions * nanosecond, 1e-15);
  EXPECT_NEAR(tile.at("chip0.tile0.crossbar").at("busy_s").get<double>(),
              n * (integration + conversions + pulses) * nanosecond, 1e-15);
  EXPECT_EQ(tile.at("chip0.tile1.crossbar").at("busy_s").get<double>(), 0.0);
}

TEST(accounting, network_traffic_by_closed_form) {
  // From the hub to tile 1 is one link; a packet is a head flit and 64-bit flits.
  const auto actions = counted_run({"--set", "mapping.tiles=[1]"}).at("actions");
  const auto flits = [](std::uint64_t elements) { return 1 + (elements * bytes_per_element * 8 + 63) / 64; };
  EXPECT_EQ(actions.at("forward").at("flit_hop"), samples * (flits(inputs + 1) + flits(outputs)));
  EXPECT_EQ(actions.at("forward").at("router_arbitration"), samples * 2 * 2); // request and response, two routers each
  EXPECT_EQ(actions.at("update").at("flit_hop"), samples * flits(inputs + outputs));
  EXPECT_EQ(actions.at("update").at("router_arbitration"), samples * 2);
}

TEST(accounting, conversions_do_not_depend_on_the_batch) {
  const auto one = counted_run().at("actions").at("forward");
  const auto many = counted_run({"--set", "training.batch_size=20"}).at("actions").at("forward");
  for (const std::string action :
       {"dac_conversion", "cell_read", "sample", "adc_conversion", "output_scale", "dram_read_byte"})
    EXPECT_EQ(one.at(action), many.at(action)) << action;
}

TEST(accounting, samples_that_are_no_multiple_of_the_batch_are_all_trained) {
  const auto summary = counted_run({"--set", "training.batch_size=32"}); // 32 + 32 + 32 + 4
  EXPECT_EQ(summary.at("actions").at("forward").at("adc_conversion"), samples * outputs);
  EXPECT_EQ(summary.at("operations").at("outer_product_update"), 4);
}

} // namespace
} // namespace tilework::test
