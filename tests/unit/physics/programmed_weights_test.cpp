// SPDX-License-Identifier: Apache-2.0
#include "statistics.h"

#include <tilework/core/error.h>
#include <tilework/physics/inference/drift_compensation.h>
#include <tilework/physics/inference/phase_change_noise.h>
#include <tilework/physics/inference/programmed_weights.h>
#include <tilework/physics/inference/resistive_noise.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <vector>

namespace tilework::physics {
namespace {

template <typename Noise>
programmed_weights make_weights(std::size_t cells, const Noise& noise,
                                const converter_parameters& pairs = device_pairs{}, std::uint64_t seed = 1) {
  const conductance_converter converter(pairs);
  return {cells, converter, make_noise(noise, converter.range()), seed, {}};
}

pcm_like without_noise() {
  pcm_like p;
  p.prog_noise_scale = p.read_noise_scale = 0;
  return p;
}

TEST(programmed_weights, without_noise_only_drift_remains) {
  pcm_like p = without_noise();
  p.drift_g_us = {10};
  p.drift_nu_mean = {.05F};
  p.drift_nu_std = {0};
  auto w = make_weights(4, p, device_pairs{.factors = {1, 1}});
  const std::vector<float> targets{.5F, -.25F, 0, .4F};
  w.program(targets, 0);
  for (std::size_t c = 0; c < 4; ++c)
    EXPECT_NEAR(w.weights()[c], targets[c], 1e-6F);
  w.drift_to(180, 0);
  for (std::size_t c = 0; c < 4; ++c)
    EXPECT_NEAR(w.weights()[c], targets[c] * std::pow(10.0F, -.05F), 1e-6F);
  w.drift_to(0, 1); // back in time: reads start from the programmed state
  for (std::size_t c = 0; c < 4; ++c)
    EXPECT_NEAR(w.weights()[c], targets[c], 1e-6F);
}

// 5 standard errors: false alarm 6e-7 per bound, 24 bounds.
TEST(programmed_weights, programming_error_of_all_conductances) {
  constexpr std::size_t n = 100'000;
  const auto noise = make_noise(pcm_like{}, {0, 25});
  for (const float target : {.25F, .5F, .75F, 1.0F}) {
    auto w = make_weights(n + 1, pcm_like{});
    std::vector<float> targets(n + 1, target);
    targets[n] = 1; // weight 1 is 25 uS
    w.program(targets, 0);
    // The other device of the pair has target 0; its error is cut off at 0.
    const double sigma = static_cast<double>(noise->programming_sigma_us(25 * target)) / 25;
    const double cut = static_cast<double>(noise->programming_sigma_us(0)) / 25;
    const double cut_mean = cut / std::sqrt(2 * M_PI);
    sample s;
    for (std::size_t c = 0; c < n; ++c)
      s.add(static_cast<double>(w.weights()[c]));
    EXPECT_NEAR(s.mean(), static_cast<double>(target) - cut_mean, 5 * s.error_of_mean()) << target;
    EXPECT_NEAR(s.variance(), sigma * sigma + cut * cut / 2 - cut_mean * cut_mean, 5 * s.error_of_variance()) << target;
  }
  // Both devices of weight 0.
  auto w = make_weights(n + 1, pcm_like{});
  std::vector<float> targets(n + 1);
  targets[n] = 1;
  w.program(targets, 0);
  sample s;
  for (std::size_t c = 0; c < n; ++c)
    s.add(static_cast<double>(w.weights()[c]));
  EXPECT_NEAR(s.mean(), 0, 5 * s.error_of_mean());
  EXPECT_NEAR(s.variance(), std::pow(.26348 / 25, 2) * (1 - 1 / M_PI), 5 * s.error_of_variance());
}

TEST(programmed_weights, values_follow_seed_and_event) {
  const std::vector<float> targets{.5F, -.25F, 0, 1};
  const auto run = [&](std::uint64_t seed, std::uint64_t programming, std::uint64_t read) {
    auto w = make_weights(4, pcm_like{}, device_pairs{}, seed);
    w.program(targets, programming);
    w.drift_to(100, read);
    return std::vector<float>(w.weights().begin(), w.weights().end());
  };
  EXPECT_EQ(run(1, 2, 3), run(1, 2, 3));
  EXPECT_NE(run(1, 2, 3), run(2, 2, 3));
  EXPECT_NE(run(1, 2, 3), run(1, 3, 3));
  EXPECT_NE(run(1, 2, 3), run(1, 2, 4));
}

TEST(programmed_weights, other_laws) {
  const std::vector<float> targets{.5F, -.25F, 0, 1};
  auto wan = make_weights(4, reram_wan_2022{.noise_scale = 0}, device_pairs{.g_max_us = 40});
  wan.program(targets, 0);
  EXPECT_THROW(wan.drift_to(10, 0), input_error);
  wan.drift_to(86'400, 0);
  for (std::size_t c = 0; c < 4; ++c)
    EXPECT_NEAR(wan.weights()[c], targets[c], 1e-6F);
  auto cmo =
      make_weights(4, reram_cmo{.prog_noise_scale = 0, .read_noise_scale = 0, .drift_scale = 0}, single_device{});
  cmo.program(targets, 0);
  cmo.drift_to(86'400, 0);
  for (std::size_t c = 0; c < 4; ++c)
    EXPECT_NEAR(cmo.weights()[c], targets[c], 1e-5F);
}

TEST(programmed_weights, resumes_from_a_checkpoint) {
  auto w = make_weights(3, pcm_like{});
  w.program(std::vector<float>{.5F, -.25F, 1}, 0);
  w.drift_to(10, 0);
  std::stringstream file;
  byte_writer out(file);
  w.save(out);
  auto resumed = make_weights(3, pcm_like{});
  byte_reader in(file);
  resumed.load(in);
  const auto equal = [&] { return std::equal(w.weights().begin(), w.weights().end(), resumed.weights().begin()); };
  EXPECT_TRUE(equal());
  w.drift_to(1000, 1);
  EXPECT_FALSE(equal());
  resumed.drift_to(1000, 1);
  EXPECT_TRUE(equal());

  std::stringstream again;
  byte_writer writer(again);
  w.save(writer);
  auto other = make_weights(4, pcm_like{});
  byte_reader reader(again);
  EXPECT_THROW(other.load(reader), input_error);
  EXPECT_THROW(other.program(std::vector<float>(3), 0), std::invalid_argument);
}

const noise_stream read_out_noise(1, purpose::forward_noise_evaluation, {});

io_parameters perfect_io() {
  io_parameters io;
  io.is_perfect = true;
  return io;
}

analog_mvm product(const io_parameters& io, array_shape shape) {
  return {io, shape, mvm_direction::forward, noise_stream(1, purpose::forward_lines, {})};
}

TEST(drift_compensation, perfect_read_out) {
  constexpr array_shape shape{2, 2};
  const auto mvm = product(perfect_io(), shape);
  const std::vector<float> before{.5F, -.25F, 1, .25F};
  const std::vector<float> after{.25F, -.125F, .8F, .2F}; // outputs lost 1/2 and 1/5
  const weight_view fresh{before.data(), shape};
  const weight_view drifted{after.data(), shape};

  drift_compensation columns(compensation_kind::per_column, shape);
  EXPECT_EQ(columns.factors()[1], 1);
  EXPECT_THROW(columns.update(mvm, drifted, read_out_noise, 0), std::logic_error);
  columns.set_baseline(mvm, fresh, read_out_noise, 0);
  columns.update(mvm, drifted, read_out_noise, 0);
  ASSERT_EQ(columns.factors().size(), 2U);
  EXPECT_NEAR(columns.factors()[0], 2, 1e-6F);
  EXPECT_NEAR(columns.factors()[1], 1.25F, 1e-6F);

  drift_compensation global(compensation_kind::global, shape);
  global.set_baseline(mvm, fresh, read_out_noise, 0);
  global.update(mvm, drifted, read_out_noise, 0);
  ASSERT_EQ(global.factors().size(), 1U);
  EXPECT_NEAR(global.factors()[0], 2 / 1.375F, 1e-6F);
}

TEST(drift_compensation, weights_of_zero_have_a_factor) {
  constexpr array_shape shape{3, 1};
  const auto mvm = product(perfect_io(), shape);
  const std::vector<float> w(3);
  drift_compensation global(compensation_kind::global, shape);
  global.set_baseline(mvm, {w.data(), shape}, read_out_noise, 0);
  global.update(mvm, {w.data(), shape}, read_out_noise, 0);
  EXPECT_EQ(global.factors()[0], 1);
  EXPECT_THROW(global.update(mvm, {w.data(), {1, 3}}, read_out_noise, 0), std::invalid_argument);
}

TEST(drift_compensation, read_out_is_noisy) {
  constexpr array_shape shape{20, 10};
  const auto mvm = product({}, shape);
  const std::vector<float> w(200, .5F);
  drift_compensation global(compensation_kind::global, shape);
  global.set_baseline(mvm, {w.data(), shape}, read_out_noise, 0);
  global.update(mvm, {w.data(), shape}, read_out_noise, 0);
  EXPECT_EQ(global.factors()[0], 1); // the same noise
  global.update(mvm, {w.data(), shape}, read_out_noise, 20);
  EXPECT_NE(global.factors()[0], 1);
  // Deviation .06 of each of 200 answers of .5: 1.2 % of the factor. 5 deviations: false alarm 6e-7.
  EXPECT_NEAR(global.factors()[0], 1, 5 * .012);
}

} // namespace
} // namespace tilework::physics
