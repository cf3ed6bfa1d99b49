// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/health_warnings.h>

#include <gtest/gtest.h>

#include <limits>

namespace tilework::cli {
namespace {

constexpr learning_facts facts{.classes = 10};

layer_health healthy() {
  return {.forward_snr_dB = 25,
          .backward_snr_dB = 15,
          .transfer_read_snr_dB = 5,
          .adc_saturation = 0.01,
          .mean_bl = 4,
          .clip_rate = 0.1,
          .hidden_firing_rate = 0.3,
          .roles = {{.share_at_bounds = 0.1}, {.share_at_bounds = 0.1}}};
}

/// An evaluation of two layers, of which the second one is as given.
evaluation_row row(double accuracy, const layer_health& second, double train_loss = 2.3) {
  evaluation_row r;
  r.train_loss = train_loss;
  r.test_accuracy = accuracy;
  r.layers = {healthy(), second};
  return r;
}

std::vector<std::string> warnings_of(const layer_health& second, const learning_facts& f = facts) {
  return health_warnings(std::vector{row(0.1, second)}, f);
}

/// Expects exactly one sentence, about the second layer, that says what was found and what to change.
void expect_one(const std::vector<std::string>& found, std::string_view cause, std::string_view remedy) {
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].find("layer 1"), std::string::npos) << found[0];
  EXPECT_NE(found[0].find(cause), std::string::npos) << found[0];
  EXPECT_NE(found[0].find(remedy), std::string::npos) << found[0];
}

TEST(is_learning, compares_with_chance) {
  const auto at = [](double accuracy, std::uint32_t classes) {
    return is_learning(std::vector{row(accuracy, healthy())}, classes);
  };
  EXPECT_FALSE(at(0.1, 10));
  EXPECT_FALSE(at(0.149, 10));
  EXPECT_TRUE(at(0.151, 10));
  EXPECT_FALSE(at(0.74, 2));
  EXPECT_TRUE(at(0.76, 2));
  EXPECT_FALSE(at(std::numeric_limits<double>::quiet_NaN(), 2));
  EXPECT_TRUE(at(1, 1)) << "a single class needs no learning";
  EXPECT_TRUE(is_learning({}, 10));
}

TEST(is_learning, wants_progress_while_the_loss_is_large) {
  const auto run = [](std::initializer_list<double> accuracies, double loss) {
    std::vector<evaluation_row> rows;
    for (const double accuracy : accuracies)
      rows.push_back(row(accuracy, healthy(), loss));
    return is_learning(rows, 10);
  };
  EXPECT_FALSE(run({0.4, 0.4, 0.38, 0.39}, 2));
  EXPECT_TRUE(run({0.4, 0.41, 0.38, 0.39}, 2)) << "one of the last three is better";
  EXPECT_TRUE(run({0.4, 0.38, 0.39}, 2)) << "too early to tell";
  EXPECT_TRUE(run({0.97, 0.97, 0.96, 0.97}, 0.1)) << "there is nothing left to learn";
}

TEST(health_warnings, are_silent_without_a_cause_and_for_runs_that_learn) {
  EXPECT_TRUE(warnings_of(healthy()).empty());
  auto sick = healthy();
  sick.adc_saturation = 1;
  sick.clip_rate = 1;
  sick.roles[0].share_at_bounds = 1;
  EXPECT_TRUE(health_warnings(std::vector{row(0.9, sick)}, facts).empty());
  EXPECT_TRUE(health_warnings({}, facts).empty());
}

TEST(health_warnings, are_silent_about_what_did_not_occur) {
  EXPECT_TRUE(warnings_of({}).empty());
}

TEST(health_warnings, weights_at_their_bounds) {
  auto layer = healthy();
  layer.roles[1].share_at_bounds = 0.6;
  expect_one(warnings_of(layer), "60 % of the weights of its array with role 1", "lower the learning rate");
  layer.roles[1].share_at_bounds = 0.5;
  EXPECT_TRUE(warnings_of(layer).empty());
  layer.roles = {{.share_at_bounds = 0.7}};
  expect_one(warnings_of(layer), "70 % of its weights", "wider bounds");
}

TEST(health_warnings, updates_below_one_pulse) {
  auto layer = healthy();
  layer.mean_bl = 1.02;
  layer.clip_rate = 0;
  expect_one(warnings_of(layer), "below one pulse", "raise the learning rate");
  expect_one(warnings_of(layer, {.classes = 10, .transfers = true}), "below one pulse", "raise fast_lr");
  EXPECT_TRUE(warnings_of(layer, {.classes = 10, .bit_length_adapts = false}).empty()) << "trains are as configured";
  layer.mean_bl = 1.1;
  EXPECT_TRUE(warnings_of(layer).empty());
}

TEST(health_warnings, updates_that_are_cut) {
  auto layer = healthy();
  layer.clip_rate = 0.8;
  expect_one(warnings_of(layer), "80 % of its updates", "desired_bl");
}

TEST(health_warnings, converters_that_clip) {
  auto layer = healthy();
  layer.adc_saturation = 0.3;
  expect_one(warnings_of(layer), "30 % of its ADC conversions", "out_bound");
}

TEST(health_warnings, transfers_that_read_noise) {
  auto layer = healthy();
  layer.transfer_read_snr_dB = -14;
  expect_one(warnings_of(layer), "signal 14 dB below", "transfer_every");
}

TEST(health_warnings, hidden_matrices_that_never_or_always_give_pulses) {
  auto layer = healthy();
  layer.hidden_firing_rate = 0;
  expect_one(warnings_of(layer), "never gave a pulse", "raise fast_lr or transfer_lr");
  layer.hidden_firing_rate = 1;
  expect_one(warnings_of(layer), "on 100 % of its reads", "lower fast_lr or transfer_lr");
}

TEST(health_warnings, name_every_cause_of_every_layer) {
  auto layer = healthy();
  layer.adc_saturation = 0.3;
  layer.clip_rate = 0.9;
  auto evaluation = row(0.1, layer);
  evaluation.layers[0].adc_saturation = 0.5;
  const auto found = health_warnings(std::vector{evaluation}, facts);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_NE(found[0].find("layer 0"), std::string::npos);
}

} // namespace
} // namespace tilework::cli
