// SPDX-License-Identifier: Apache-2.0
#include "statistics.h"

#include <tilework/physics/crossbar/pulse_trains.h>

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <vector>

namespace tilework::physics {
namespace {

const_burst burst_of(const std::vector<float>& values, std::uint32_t vectors = 1) {
  const auto length = static_cast<std::uint32_t>(values.size()) / vectors;
  return {values.data(), vectors, length, length};
}

noise_stream stream_of(std::uint64_t seed = 1) {
  return {seed, purpose::pulse_trains, {}};
}

/// Coincidences of an input and an output for one vector; 0 if either line is silent.
int coincidences(const pulse_trains& trains, std::uint32_t vector, std::uint32_t output, std::uint32_t input) {
  const auto inputs = trains.inputs(vector);
  const auto outputs = trains.outputs(vector);
  int sum = 0;
  for (std::size_t j = 0; j < inputs.lines.size(); ++j)
    for (std::size_t i = 0; i < outputs.lines.size(); ++i)
      if (inputs.lines[j].line == input && outputs.lines[i].line == output)
        for (std::size_t w = 0; w < trains.words(); ++w)
          sum += inputs.lines[j].sign * outputs.lines[i].sign *
                 std::popcount(inputs.trains[j * trains.words() + w] & outputs.trains[i * trains.words() + w]);
  return sum;
}

TEST(plan_pulses, worked_examples) {
  const update_parameters p;
  const auto five = plan_pulses(p, .001F, .1F, 1, .05F);
  EXPECT_EQ(five.bit_length, 5U);
  EXPECT_NEAR(five.input_factor * 1, 1, 1e-6);
  EXPECT_NEAR(five.output_factor * .05F, 1, 1e-6);

  const auto saturated = plan_pulses(p, .001F, .1F, .8F, .5F);
  EXPECT_EQ(saturated.bit_length, 31U);
  EXPECT_NEAR(saturated.output_factor, 2.580645, 1e-5);
  EXPECT_NEAR(saturated.input_factor, 1.25, 1e-6);

  const auto rare = plan_pulses(p, .001F, .01F, 1, .02F);
  EXPECT_EQ(rare.bit_length, 1U);
  EXPECT_NEAR(rare.input_factor, .4472136, 1e-6);
  EXPECT_NEAR(rare.output_factor * .02F, .4472136, 1e-6);
}

TEST(plan_pulses, without_management) {
  update_parameters p;
  p.update_bl_management = p.update_management = false;
  const auto fixed = plan_pulses(p, .001F, .1F, 1, .05F);
  EXPECT_EQ(fixed.bit_length, 31U);
  EXPECT_NEAR(fixed.input_factor, 1.7960530, 1e-6);
  EXPECT_EQ(fixed.input_factor, fixed.output_factor);
  EXPECT_EQ(plan_pulses(p, .001F, .1F, 0, 0).bit_length, 31U); // trains run, no line fires
  p.fixed_bl = false;
  const auto stretched = plan_pulses(p, .001F, .1F, 1, .05F);
  EXPECT_EQ(stretched.bit_length, 100U);
  EXPECT_EQ(stretched.input_factor, 1);
  EXPECT_EQ(plan_pulses(p, .001F, .01F, 1, .05F).bit_length, 31U);
}

TEST(plan_pulses, zero_operands_make_no_pulses) {
  EXPECT_EQ(plan_pulses({}, .001F, .1F, 0, 1).bit_length, 0U);
  EXPECT_EQ(plan_pulses({}, .001F, .1F, 1, 0).bit_length, 0U);
}

const std::vector<float> x{1, -.5F, .1F};
const std::vector<float> d{.05F, -.02F, .004F};

/// Mean and deviation of the pulse counts, up positive, in 20000 updates: means within 4.5 standard errors (false alarm
/// 7e-6 per number), deviations within 0.01 + 3.5 % (more than 5 standard errors) of published two-digit figures.
void expect_counts(const update_parameters& p, const std::array<std::array<double, 2>, 9>& expected) {
  pulse_trains trains(p, .001F, {3, 3}, 1, stream_of());
  std::array<sample, 9> samples;
  for (std::uint64_t v = 0; v < 20'000; ++v) {
    trains.draw(burst_of(x), burst_of(d), .1F, v);
    for (std::uint32_t c = 0; c < 9; ++c)
      samples[c].add(-coincidences(trains, 0, c / 3, c % 3));
  }
  for (std::size_t c = 0; c < 9; ++c) {
    EXPECT_NEAR(samples[c].mean(), expected[c][0], 4.5 * samples[c].error_of_mean() + .005) << c;
    EXPECT_NEAR(samples[c].deviation(), expected[c][1], .01 + .035 * expected[c][1]) << c;
  }
}

TEST(pulse_trains, counts_with_both_managements) {
  expect_counts(
      {}, {{{-5, 0}, {2.5, 1.12}, {-.5, .67}, {2, 1.10}, {-1, .89}, {.2, .44}, {-.4, .61}, {.2, .44}, {-.04, .20}}});
}

TEST(pulse_trains, counts_with_update_management) {
  update_parameters p;
  p.update_bl_management = false;
  expect_counts(
      p, {{{-5, 2.04}, {2.5, 1.52}, {-.5, .72}, {2, 1.37}, {-1, .99}, {.2, .45}, {-.4, .63}, {.2, .45}, {-.04, .20}}});
}

TEST(pulse_trains, counts_without_management_saturate) {
  update_parameters p;
  p.update_bl_management = p.update_management = false;
  expect_counts(p, {{{-2.785, 1.59},
                     {2.5, 1.52},
                     {-.5, .72},
                     {1.113, 1.04},
                     {-1, .99},
                     {.2, .45},
                     {-.223, .47},
                     {.2, .45},
                     {-.04, .20}}});
}

TEST(pulse_trains, activity_equals_a_direct_count) {
  update_parameters p;
  p.update_bl_management = false;
  p.desired_bl = 150; // three words
  const std::vector<float> many_x{1, -.5F, .1F, 0, .3F, -1, 0, .9F, .2F, .01F};
  pulse_trains trains(p, .001F, {5, 3}, 2, stream_of());
  const std::vector<float> many_d{.05F, -.02F, .004F, 0, .1F, -.3F};
  trains.draw(burst_of(many_x, 2), burst_of(many_d, 2), .1F, 9);
  EXPECT_EQ(trains.words(), 3U);
  operation_activity expected;
  for (std::uint32_t v = 0; v < 2; ++v) {
    const auto fires = [&](const firing_lines& side, std::uint32_t line, std::uint32_t slot) {
      for (std::size_t l = 0; l < side.lines.size(); ++l)
        if (side.lines[l].line == line)
          return ((side.trains[l * 3 + slot / 64] >> (slot % 64)) & 1U) != 0;
      return false;
    };
    for (std::uint32_t slot = 0; slot < 192; ++slot)
      for (std::uint32_t j = 0; j < 5; ++j) {
        expected.input_line_pulses += fires(trains.inputs(v), j, slot);
        for (std::uint32_t i = 0; i < 3; ++i) {
          if (j == 0)
            expected.output_line_pulses += fires(trains.outputs(v), i, slot);
          const bool a = fires(trains.inputs(v), j, slot);
          const bool b = fires(trains.outputs(v), i, slot);
          expected.coincidences += a && b;
          expected.half_selected += a != b;
        }
      }
  }
  expected.pulse_slots = 300;
  expected.random_bits = 150 * (4 + 3 + 4 + 2);
  EXPECT_EQ(trains.activity(), expected);
  EXPECT_GT(expected.coincidences, 0U);
}

TEST(pulse_trains, trains_do_not_depend_on_the_burst) {
  std::vector<float> xs(64 * 7);
  std::vector<float> ds(64 * 5);
  noise_stream(5, purpose::dataset, {}).fill_normals(0, 0, xs);
  noise_stream(5, purpose::dataset, {}).fill_normals(1, 0, ds);
  pulse_trains burst({}, .01F, {7, 5}, 64, stream_of());
  pulse_trains single({}, .01F, {7, 5}, 1, stream_of());
  burst.draw({xs.data(), 64, 7, 7}, {ds.data(), 64, 5, 5}, .1F, 100);
  for (std::uint32_t v = 0; v < 64; ++v) {
    single.draw({xs.data() + v * 7, 1, 7, 7}, {ds.data() + v * 5, 1, 5, 5}, .1F, 100 + v);
    for (std::uint32_t c = 0; c < 35; ++c)
      ASSERT_EQ(coincidences(burst, v, c / 7, c % 7), coincidences(single, 0, c / 7, c % 7));
  }
}

TEST(pulse_trains, probability_steps) {
  // Two steps: probabilities below 1/4 vanish, those from 1/4 to 3/4 become 1/2.
  update_parameters p;
  p.res = 2;
  p.desired_bl = 1;
  const std::vector<float> one{1};
  const std::vector<float> ds{1, .2F, .3F, .7F, .8F};
  pulse_trains trains(p, .001F, {1, 5}, 1, stream_of());
  std::array<sample, 5> samples;
  for (std::uint64_t v = 0; v < 10'000; ++v) {
    trains.draw(burst_of(one), burst_of(ds), .001F, v);
    for (std::uint32_t i = 0; i < 5; ++i)
      samples[i].add(coincidences(trains, 0, i, 0));
  }
  EXPECT_EQ(samples[0].mean(), 1);
  EXPECT_EQ(samples[1].mean(), 0);
  EXPECT_NEAR(samples[2].mean(), .5, .02); // 4 standard errors: false alarm 6e-5
  EXPECT_NEAR(samples[3].mean(), .5, .02);
  EXPECT_EQ(samples[4].mean(), 1);
}

TEST(pulse_trains, stochastic_probability_steps_keep_the_mean) {
  update_parameters p;
  p.res = .5F;
  p.sto_round = true;
  p.desired_bl = 1;
  const std::vector<float> one{1};
  const std::vector<float> ds{1, .2F};
  pulse_trains trains(p, .001F, {1, 2}, 1, stream_of());
  sample s;
  for (std::uint64_t v = 0; v < 20'000; ++v) {
    trains.draw(burst_of(one), burst_of(ds), .001F, v);
    s.add(coincidences(trains, 0, 1, 0));
  }
  EXPECT_NEAR(s.mean(), .2, 4 * s.error_of_mean()); // false alarm 6e-5
}

} // namespace
} // namespace tilework::physics
