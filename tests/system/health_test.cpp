// SPDX-License-Identifier: Apache-2.0
// Training health: what metrics.jsonl says about every layer, and what the program says about a run that does not
// learn.
#include "support/small_runs.h"

#include <gtest/gtest.h>

#include <array>

namespace tilework::test {
namespace {

std::vector<std::string> set(const std::vector<std::string>& settings) {
  std::vector<std::string> arguments;
  for (const auto& setting : settings)
    arguments.insert(arguments.end(), {"--set", setting});
  return arguments;
}

/// `layers` of the last line of metrics.jsonl.
json layers_in(const std::filesystem::path& run_directory) {
  return json::parse(lines_of(read_file(run_directory / "metrics.jsonl")).back()).at("layers");
}

json layers_of_run(const std::vector<std::string>& settings) {
  const temporary_directory folder;
  const auto result = run_program(small_run(folder / "run", set(settings)));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return result.exit_code == 0 ? layers_in(folder / "run") : json::array();
}

void expect_between(const json& value, double low, double high, const std::string& name) {
  ASSERT_TRUE(value.is_number()) << name;
  EXPECT_GE(value.get<double>(), low) << name;
  EXPECT_LE(value.get<double>(), high) << name;
}

std::string all_warnings(const json& summary) {
  std::string text;
  for (const auto& warning : summary.at("warnings"))
    text += warning.get<std::string>() + "\n";
  return text;
}

TEST(health, of_plain_sgd) {
  const auto layers = layers_of_run({});
  ASSERT_EQ(layers.size(), 2U);
  for (const auto& layer : layers) {
    expect_between(layer.at("forward_snr_dB"), 5, 60, "forward_snr_dB");
    expect_between(layer.at("adc_saturation"), 0, 0.1, "adc_saturation");
    expect_between(layer.at("mean_bl"), 1, 31, "mean_bl");
    expect_between(layer.at("clip_rate"), 0, 1, "clip_rate");
    EXPECT_TRUE(layer.at("transfer_read_snr_dB").is_null());
    EXPECT_TRUE(layer.at("hidden_firing_rate").is_null());
    ASSERT_EQ(layer.at("roles").size(), 1U);
    const auto& role = layer.at("roles")[0];
    expect_between(role.at("share_at_bounds"), 0, 0.5, "share_at_bounds");
    expect_between(role.at("pulses_per_cell"), 0.1, 1e5, "pulses_per_cell");
    EXPECT_GT(role.at("most_pulses_per_cell"), role.at("pulses_per_cell"));
  }
  EXPECT_TRUE(layers[0].at("backward_snr_dB").is_null()) << "nothing needs backward products of the first layer";
  expect_between(layers[1].at("backward_snr_dB"), -10, 60, "backward_snr_dB");
}

TEST(health, follows_what_limits_the_products) {
  const auto forward_snr = [](const std::string& noise) {
    return layers_of_run({"forward.out_noise=" + noise})[0].at("forward_snr_dB").get<double>();
  };
  EXPECT_GT(forward_snr("0.01"), forward_snr("0.3") + 10);
  const auto perfect = layers_of_run({"forward.is_perfect=true"});
  EXPECT_EQ(perfect[0].at("forward_snr_dB"), 100);
  const auto narrow = layers_of_run({"forward={out_bound: 0.01, bound_management: NONE}"});
  expect_between(narrow[0].at("adc_saturation"), 0.3, 1, "adc_saturation");
}

TEST(health, pulses_of_the_summary_are_those_of_the_cells) {
  const auto summary = summary_of_run();
  const auto& layers = summary.at("evaluations").back().at("layers");
  const std::array cells{784.0 * 32, 32.0 * 10};
  double pulses = 0;
  for (std::size_t l = 0; l < layers.size(); ++l)
    pulses += layers[l].at("roles")[0].at("pulses_per_cell").get<double>() * cells[l];
  const auto counted = summary.at("actions").at("update").at("update_pulse").get<double>();
  EXPECT_NEAR(pulses / counted, 1, 1e-9);
}

TEST(health, of_transfers) {
  const auto layers = layers_of_run(
      {"machine=" + (source_folder() / "platforms/machines/mesh_4x2.yaml").string(), "training.algorithm.name=TTv2"});
  ASSERT_EQ(layers.size(), 2U);
  for (const auto& layer : layers) {
    expect_between(layer.at("transfer_read_snr_dB"), -60, 60, "transfer_read_snr_dB");
    expect_between(layer.at("hidden_firing_rate"), 0, 1, "hidden_firing_rate");
    ASSERT_EQ(layer.at("roles").size(), 2U);
    EXPECT_GT(layer.at("roles")[0].at("pulses_per_cell"), layer.at("roles")[1].at("pulses_per_cell"));
  }
}

TEST(health, gradient_cosine_on_request) {
  for (const auto& layer : layers_of_run({}))
    EXPECT_TRUE(layer.at("gradient_cosine").is_null());
  // Exact updates go where the gradient points; single precision of weights near 1 is all that remains.
  for (const auto& layer : layers_of_run({"evaluate.gradient_cosine=true", "training.device={model: Ideal}"}))
    expect_between(layer.at("gradient_cosine"), 0.9999, 1.0001, "exact");
  // Stochastic pulses of both signs of a mini-batch: the direction is right on average only.
  for (const auto& layer : layers_of_run({"evaluate.gradient_cosine=true", "training.batch_size=10"}))
    expect_between(layer.at("gradient_cosine"), 0.05, 0.99, "pulsed");
}

TEST(health, gradient_cosine_changes_nothing_and_survives_an_interrupt) {
  const temporary_directory folder;
  const auto asked = set({"evaluate.gradient_cosine=true", "training.epochs=4"});
  const auto plain = summary_of_run(set({"training.epochs=4"}));
  ASSERT_EQ(run_program(small_run(folder / "whole", asked)).exit_code, 0);
  EXPECT_EQ(summary_in(folder / "whole").at("weights_digest"), plain.at("weights_digest"));
  const auto parts = folder / "parts";
  const auto stopped =
      run_program({.arguments = small_run(parts, asked), .interrupt = interruption{parts / "metrics.jsonl"}});
  ASSERT_EQ(stopped.exit_code, 130) << stopped.err;
  ASSERT_EQ(run_program({"run", "--resume", parts.string()}).exit_code, 0);
  EXPECT_EQ(read_file(parts / "metrics.jsonl"), read_file(folder / "whole/metrics.jsonl"));
}

TEST(health, a_run_below_one_pulse_is_told_so) {
  const temporary_directory folder;
  const auto result = run_program(small_run(folder / "run", set({"training.learning_rate=1e-7"})));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("updates are below one pulse"), std::string::npos) << result.out;
  const auto warnings = all_warnings(summary_in(folder / "run"));
  EXPECT_NE(warnings.find("raise the learning rate"), std::string::npos) << warnings;
}

TEST(health, nothing_is_said_about_a_run_that_learns) {
  const auto summary = summary_of_run(set({"training.epochs=3"}));
  ASSERT_GT(summary.at("test_accuracy"), 0.5);
  EXPECT_EQ(all_warnings(summary).find("does not learn"), std::string::npos);
}

} // namespace
} // namespace tilework::test
