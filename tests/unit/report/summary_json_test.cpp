// SPDX-License-Identifier: Apache-2.0
#include "example.h"

#include <tilework/core/error.h>
#include <tilework/report/summary_json.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

namespace tilework::report {
namespace {

using nlohmann::json;

TEST(summary_json, has_the_documented_keys_and_values) {
  const auto s = json::parse(summary_json(test::example_run()));
  EXPECT_EQ(s.at("schema"), summary_schema);
  EXPECT_EQ(s.at("experiment"), "example");
  EXPECT_EQ(s.at("machine"), "small");
  EXPECT_EQ(s.at("seed"), 7);
  EXPECT_EQ(s.at("epochs"), 1);
  EXPECT_EQ(s.at("interrupted"), false);
  EXPECT_EQ(s.at("test_accuracy"), 0.875);
  EXPECT_EQ(s.at("train_loss"), 0.5);
  EXPECT_EQ(s.at("simulated_time_fs"), 3'000'000'000) << "training phases only";
  EXPECT_DOUBLE_EQ(s.at("simulated_time_s"), 3e-6);
  EXPECT_DOUBLE_EQ(s.at("energy_J"), 2e-9);
  EXPECT_DOUBLE_EQ(s.at("area_mm2"), 3e-3);
  EXPECT_EQ(s.at("operations").at("forward_mvm"), 12);
  EXPECT_EQ(s.at("contention").at("delayed_requests"), 5);
  EXPECT_EQ(s.at("contention").at("out_of_order_requests"), 3);
  EXPECT_DOUBLE_EQ(s.at("contention").at("largest_skew_s"), 7e-9);
  EXPECT_EQ(s.at("network").at("topology"), "mesh 2 x 2");
  EXPECT_EQ(s.at("network").at("model"), "calendar");
  for (const char* key : {"wall_s", "systemc_s", "numerics_s", "peak_rss_bytes", "isa", "threads"})
    EXPECT_TRUE(s.at("host").contains(key)) << key;
  EXPECT_EQ(s.at("evaluations").size(), 1U);
}

TEST(metrics_row, is_what_the_line_was_made_of) {
  auto row = test::example_run().evaluations.front();
  row.train_loss = 1.0 / 3;
  row.digital_accuracy = 0.1;
  row.layers = {{.forward_snr_dB = 30.1, .mean_bl = 2.5, .roles = {{0.25, 1e6, 123'456'789'012}, {}}}, {}};
  const auto line = metrics_line(row);
  const auto read = metrics_row(line);
  EXPECT_EQ(metrics_line(read), line);
  EXPECT_EQ(read.train_loss, row.train_loss);
  EXPECT_EQ(read.digital_accuracy, row.digital_accuracy);
  EXPECT_EQ(read.averaged_accuracy, row.averaged_accuracy);
  EXPECT_EQ(read.layers, row.layers);
}

TEST(metrics_row, takes_a_loss_that_is_no_number) {
  auto row = test::example_run().evaluations.front();
  row.train_loss = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(metrics_row(metrics_line(row)).train_loss));
}

TEST(metrics_row, refuses_anything_else) {
  for (const char* text : {"", "{", "[]", "{\"epoch\": 1}", "{\"epoch\": \"one\"}"})
    EXPECT_THROW(metrics_row(text), input_error) << text;
}

TEST(summary_json, tells_a_replay) {
  auto run = test::example_run();
  EXPECT_FALSE(json::parse(summary_json(run)).contains("values"));
  run.replayed = run.evaluations.front().recorded = true;
  run.weights_digest.clear();
  const auto s = json::parse(summary_json(run));
  EXPECT_EQ(s.at("values"), "recorded");
  EXPECT_EQ(s.at("evaluations").front().at("values"), "recorded");
  EXPECT_TRUE(s.at("weights_digest").is_null());
}

TEST(summary_json, lists_all_phases) {
  const auto phases = json::parse(summary_json(test::example_run())).at("phases");
  EXPECT_EQ(phases.size(), phase_count);
  for (std::size_t p = 0; p < phase_count; ++p)
    for (const char* key : {"busy_s", "exposed_s", "energy_J"})
      EXPECT_TRUE(phases.at(std::string(name_of(static_cast<phase>(p)))).contains(key));
  EXPECT_DOUBLE_EQ(phases.at("forward").at("exposed_s"), 2e-6);
  EXPECT_DOUBLE_EQ(phases.at("evaluate").at("energy_J"), 0.25e-9);
}

TEST(summary_json, components_state_energy_area_and_use_in_training) {
  const auto adc = json::parse(summary_json(test::example_run())).at("components").at("chip0.tile0.adc");
  EXPECT_DOUBLE_EQ(adc.at("energy_J"), 1.5e-9);
  EXPECT_DOUBLE_EQ(adc.at("area_mm2"), 2e-3);
  EXPECT_DOUBLE_EQ(adc.at("busy_s"), 1.5e-6);
  EXPECT_DOUBLE_EQ(adc.at("utilisation"), 0.5);
}

TEST(summary_json, actions_are_summed_per_phase_and_never_mixed) {
  const auto actions = json::parse(summary_json(test::example_run())).at("actions");
  EXPECT_EQ(actions.at("forward").at("adc_conversion"), 1000);
  EXPECT_EQ(actions.at("evaluate").at("adc_conversion"), 500);
  EXPECT_FALSE(actions.contains("update"));
}

TEST(summary_json, run_without_evaluation_has_no_accuracy) {
  auto r = test::example_run();
  r.evaluations.clear();
  const auto s = json::parse(summary_json(r));
  EXPECT_TRUE(s.at("test_accuracy").is_null());
  EXPECT_TRUE(s.at("train_loss").is_null());
}

TEST(summary_json, names_that_are_no_utf8_are_repaired) {
  auto r = test::example_run();
  r.experiment = "caf\xE9";
  EXPECT_EQ(json::parse(summary_json(r)).at("experiment"), "caf\uFFFD");
}

TEST(metrics_line, is_one_line_of_json) {
  const auto line = metrics_line({3, 0.25, 0.5, 0.75, 1e-3, 1e-6});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto row = json::parse(line);
  EXPECT_EQ(row.at("epoch"), 3);
  EXPECT_EQ(row.at("train_loss"), 0.25);
  EXPECT_EQ(row.at("test_accuracy"), 0.75);
  EXPECT_EQ(row.at("simulated_time_s"), 1e-3);
  EXPECT_EQ(row.at("energy_J"), 1e-6);
}

TEST(metrics_line, has_the_health_of_every_layer) {
  evaluation_row row;
  row.layers = {{.forward_snr_dB = 20.5,
                 .adc_saturation = 0.125,
                 .roles = {{.share_at_bounds = 0.5, .pulses_per_cell = 2.5, .most_pulses_per_cell = 9}}},
                {.mean_bl = 3, .clip_rate = 0, .hidden_firing_rate = 0.25, .gradient_cosine = 0.75}};
  const auto layers = json::parse(metrics_line(row)).at("layers");
  ASSERT_EQ(layers.size(), 2U);
  EXPECT_EQ(layers[0].at("forward_snr_dB"), 20.5);
  EXPECT_EQ(layers[0].at("adc_saturation"), 0.125);
  for (const char* key :
       {"backward_snr_dB", "transfer_read_snr_dB", "mean_bl", "clip_rate", "hidden_firing_rate", "gradient_cosine"})
    EXPECT_TRUE(layers[0].at(key).is_null()) << key;
  EXPECT_EQ(layers[0].at("roles"), json::parse(R"([{"share_at_bounds": 0.5, "pulses_per_cell": 2.5,
                                                    "most_pulses_per_cell": 9}])"));
  EXPECT_EQ(layers[1].at("mean_bl"), 3);
  EXPECT_EQ(layers[1].at("clip_rate"), 0);
  EXPECT_EQ(layers[1].at("hidden_firing_rate"), 0.25);
  EXPECT_EQ(layers[1].at("gradient_cosine"), 0.75);
  EXPECT_TRUE(layers[1].at("roles").empty());
}

} // namespace
} // namespace tilework::report
