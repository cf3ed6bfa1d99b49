// SPDX-License-Identifier: Apache-2.0
#include "statistics.h"

#include <tilework/physics/crossbar/pulse_trains.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <string_view>
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

constexpr std::array pulsed_types{pulse_type::stochastic_compressed, pulse_type::stochastic, pulse_type::mean_count,
                                  pulse_type::deterministic_implicit};

std::string_view name_of(pulse_type type) {
  for (const auto& [name, known] : names_of(type))
    if (known == type)
      return name;
  return "unknown";
}

std::vector<pulse_run> runs(const pulse_trains& trains, std::uint32_t vector, std::size_t outputs) {
  std::vector<std::uint32_t> cells(trains.room_for(outputs));
  std::vector<std::int32_t> pulses(cells.size());
  const auto found = trains.find_pulses(vector, 0, outputs, {cells, pulses});
  std::vector<pulse_run> all;
  std::uint64_t sum = 0;
  for (std::size_t l = 0; l < found.list.size(); ++l) {
    all.push_back({found.list.cells[l], found.list.pulses[l]});
    sum += static_cast<std::uint64_t>(std::abs(found.list.pulses[l]));
  }
  EXPECT_EQ(found.pulses, sum);
  return all;
}

/// Pulses of all cross-points for one vector, up positive.
std::vector<int> counts(const pulse_trains& trains, std::uint32_t vector, array_shape shape) {
  std::vector<int> pulses(shape.cells());
  const std::size_t outputs = trains.outputs(vector).lines.size();
  for (const auto& run : runs(trains, vector, outputs))
    pulses[run.cell] = run.pulses;
  return pulses;
}

int sum_of_magnitudes(const std::vector<int>& pulses) {
  int sum = 0;
  for (const int n : pulses)
    sum += std::abs(n);
  return sum;
}

/// Rate 1.25, granularity 0.125 and 10 slots without management: factors are exactly 1, operands are probabilities.
update_parameters plain(pulse_type type) {
  update_parameters p;
  p.pulse_type = type;
  p.desired_bl = 10;
  p.update_bl_management = p.update_management = false;
  return p;
}
std::vector<int> plain_counts(const update_parameters& p, const std::vector<float>& x, const std::vector<float>& d,
                              float learning_rate = 1.25F) {
  const array_shape shape{static_cast<std::uint32_t>(x.size()), static_cast<std::uint32_t>(d.size())};
  pulse_trains trains(p, .125F, shape, 1, stream_of());
  trains.draw(burst_of(x), burst_of(d), learning_rate, 0);
  return counts(trains, 0, shape);
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

TEST(plan_pulses, bit_length_management_includes_update_management) {
  update_parameters p;
  p.update_management = false;
  const auto alone = plan_pulses(p, .001F, .1F, .3F, .05F);
  const auto both = plan_pulses({}, .001F, .1F, .3F, .05F);
  EXPECT_EQ(alone.bit_length, both.bit_length);
  EXPECT_EQ(alone.input_factor, both.input_factor);
  EXPECT_EQ(alone.output_factor, both.output_factor);
}

TEST(plan_pulses, gradient_scale_moves_the_saturation) {
  update_parameters p;
  p.um_grad_scale = .5F; // the largest error counts half: half the slots, and its line saturates at 1.41
  const auto half = plan_pulses(p, .001F, .1F, 1, .1F);
  EXPECT_EQ(half.bit_length, 5U);
  EXPECT_NEAR(half.input_factor, 1, 1e-6);
  EXPECT_NEAR(half.output_factor, 20, 1e-5);
}

// 0.1 x 0.3 x 0.1 / 0.001 is 3 in single precision; of the same operands in double precision it is 3.00000007.
TEST(plan_pulses, single_precision_decides_the_ceiling) {
  EXPECT_EQ(plan_pulses({}, .001F, .1F, .3F, .1F).bit_length, 3U);
  EXPECT_EQ(std::ceil(double{.1F} * double{.3F} * double{.1F} / double{.001F}), 4);
}

TEST(plan_pulses, zero_operands_make_no_pulses) {
  EXPECT_EQ(plan_pulses({}, .001F, .1F, 0, 1).bit_length, 0U);
  EXPECT_EQ(plan_pulses({}, .001F, .1F, 1, 0).bit_length, 0U);
}

const std::vector<float> x{1, -.5F, .1F};
const std::vector<float> d{.05F, -.02F, .004F};

/// Mean and deviation of the pulse counts, up positive, in 20000 updates: means within 4.5 standard errors (false alarm
/// 7e-6 per number), deviations within 0.01 + 3.5 % (more than 5 standard errors) of published two-digit figures.
void expect_counts(update_parameters p, const std::array<std::array<double, 2>, 9>& expected) {
  for (const auto type : {pulse_type::stochastic_compressed, pulse_type::stochastic}) {
    p.pulse_type = type;
    pulse_trains trains(p, .001F, {3, 3}, 1, stream_of());
    std::array<sample, 9> samples;
    for (std::uint64_t v = 0; v < 20'000; ++v) {
      trains.draw(burst_of(x), burst_of(d), .1F, v);
      const auto pulses = counts(trains, 0, {3, 3});
      for (std::uint32_t c = 0; c < 9; ++c)
        samples[c].add(pulses[c]);
    }
    for (std::size_t c = 0; c < 9; ++c) {
      EXPECT_NEAR(samples[c].mean(), expected[c][0], 4.5 * samples[c].error_of_mean() + .005) << c;
      EXPECT_NEAR(samples[c].deviation(), expected[c][1], .01 + .035 * expected[c][1]) << c;
    }
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

/// The same for dense types, where counts are certain; in all types they do not depend on the noise index.
void expect_exact_counts(const update_parameters& p, const std::vector<int>& expected,
                         const operation_activity& expected_activity) {
  pulse_trains trains(p, .001F, {3, 3}, 1, stream_of());
  for (std::uint64_t v = 0; v < 3; ++v) {
    trains.draw(burst_of(x), burst_of(d), .1F, v);
    const auto pulses = counts(trains, 0, {3, 3});
    EXPECT_EQ(pulses, expected);
    EXPECT_EQ(trains.activity(static_cast<std::uint64_t>(sum_of_magnitudes(pulses))), expected_activity);
  }
}

TEST(dense_pulses, counts_with_both_managements) {
  // Lines fire 5, 2 (of 2.5) and 0 (of 0.5), and 5, 2 and 0 (of 0.4) of 5 slots.
  const operation_activity activity{.pulse_slots = 5,
                                    .input_line_pulses = 7,
                                    .output_line_pulses = 7,
                                    .coincidences = 10,
                                    .half_selected = 7 * 3 + 7 * 3 - 2 * 10,
                                    .update_vectors = 1};
  update_parameters p;
  for (const auto type : {pulse_type::mean_count, pulse_type::deterministic_implicit}) {
    p.pulse_type = type;
    expect_exact_counts(p, {-5, 2, 0, 2, -1, 0, 0, 0, 0}, activity);
  }
}

TEST(dense_pulses, counts_without_management) {
  // Factors 1.796: lines fire 31 (clipped), 28 (of 27.8) and 6 (of 5.6), and 3 (of 2.8), 1 (of 1.1) and 0 (of 0.2).
  operation_activity activity{.pulse_slots = 31,
                              .input_line_pulses = 65,
                              .output_line_pulses = 4,
                              .coincidences = 9,
                              .half_selected = 65 * 3 + 4 * 3 - 2 * 9,
                              .update_vectors = 1};
  update_parameters p;
  p.update_bl_management = p.update_management = false;
  p.pulse_type = pulse_type::mean_count;
  expect_exact_counts(p, {-3, 3, -1, 1, -1, 0, 0, 0, 0}, activity);
  p.pulse_type = pulse_type::deterministic_implicit;
  activity.coincidences = 7;
  activity.half_selected += 2 * (9 - 7);
  expect_exact_counts(p, {-3, 2, 0, 1, -1, 0, 0, 0, 0}, activity);
}

TEST(dense_pulses, mean_count_rounds_half_to_even_twice) {
  const auto p = plain(pulse_type::mean_count);
  // Lines of 5 and of 1, 3, 5, 7 and 9 pulses: 0.5, 1.5, 2.5, 3.5, 4.5.
  EXPECT_EQ(plain_counts(p, {-.5F}, {.1F, .3F, .5F, .7F, .9F}), (std::vector{0, 2, 2, 4, 4}));
  // A full line shows the pulses of the other: 2.5 and 7.5; more than all slots is all slots.
  EXPECT_EQ(plain_counts(p, {-1}, {.25F, .75F, 3}), (std::vector{2, 8, 10}));
}

TEST(dense_pulses, deterministic_implicit_rounds_half_to_even_once) {
  const auto p = plain(pulse_type::deterministic_implicit);
  // 0.5, 0.625, 1.5, 2.5, 3.5 and 5: the lines themselves are not rounded.
  EXPECT_EQ(plain_counts(p, {-.5F}, {.1F, .125F, .3F, .5F, .7F, 3}), (std::vector{0, 1, 2, 2, 4, 5}));
}

// Small products never fire, however often they come: the systematic dead zone of both types.
TEST(dense_pulses, have_a_dead_zone) {
  std::vector<float> values;
  for (int n = 1; n <= 32; ++n)
    values.push_back(static_cast<float>(n) / 32);
  const auto pulses = plain_counts(plain(pulse_type::deterministic_implicit), values, values);
  for (std::size_t i = 0; i < 32; ++i)
    for (std::size_t j = 0; j < 32; ++j)
      EXPECT_EQ(pulses[i * 32 + j] == 0, values[i] * values[j] * 10 <= .5F) << i << " " << j;
  const auto counted = plain_counts(plain(pulse_type::mean_count), values, values);
  for (std::size_t i = 0; i < 32; ++i)
    for (std::size_t j = 0; j < 32; ++j)
      EXPECT_EQ(counted[i * 32 + j] == 0, std::rint(values[i] * 10) * std::rint(values[j] * 10) <= 5) << i << " " << j;
}

TEST(dense_pulses, implicit_resolutions_are_widths_or_numbers_of_steps) {
  const std::vector<float> xs{-.2F, -.3F, -.7F, -.8F, -3};
  auto p = plain(pulse_type::deterministic_implicit);
  p.res = .01F; // of the other types
  p.sto_round = true;
  for (const float half : {.5F, 2.0F}) {
    p.x_res_implicit = half;
    p.d_res_implicit = 0;
    EXPECT_EQ(plain_counts(p, xs, {.9F}), (std::vector{0, 4, 4, 9, 9})); // 4.5 is half-way
    p.x_res_implicit = 0;
    p.d_res_implicit = half;
    EXPECT_EQ(plain_counts(p, xs, {.3F}), (std::vector{1, 2, 4, 4, 5})); // 1.5 and 3.5 too
  }
}

TEST(dense_pulses, mean_count_uses_the_common_resolution) {
  auto p = plain(pulse_type::mean_count);
  p.res = 2;
  EXPECT_EQ(plain_counts(p, {-1}, {.2F, .3F, .7F, .8F}), (std::vector{0, 5, 5, 10}));
  p.sto_round = true; // 0 or 5 pulses, 2 on average
  pulse_trains trains(p, .125F, {1, 1}, 1, stream_of());
  sample s;
  for (std::uint64_t v = 0; v < 20'000; ++v) {
    trains.draw(burst_of({-1}), burst_of({.2F}), 1.25F, v);
    s.add(counts(trains, 0, {1, 1})[0]);
  }
  EXPECT_NEAR(s.mean(), 2, 4 * s.error_of_mean()); // false alarm 6e-5
  EXPECT_NEAR(s.variance(), 6, 4 * s.error_of_variance());
}

TEST(dense_pulses, activity_equals_a_direct_count_for_long_trains) {
  auto p = plain(pulse_type::mean_count);
  p.desired_bl = 1000;
  std::vector<float> xs(300);
  std::vector<float> ds(7);
  noise_stream(5, purpose::dataset, {}).fill_uniforms(0, 0, xs);
  noise_stream(5, purpose::dataset, {}).fill_uniforms(1, 0, ds);
  for (const auto type : {pulse_type::mean_count, pulse_type::deterministic_implicit}) {
    p.pulse_type = type;
    pulse_trains trains(p, .125F, {300, 7}, 1, stream_of());
    trains.draw(burst_of(xs), burst_of(ds), 125, 0);
    const auto pulses = counts(trains, 0, {300, 7});
    operation_activity expected{.pulse_slots = 1000, .update_vectors = 1};
    for (const float v : xs)
      expected.input_line_pulses += static_cast<std::uint64_t>(std::rint(v * 1000));
    for (const float v : ds)
      expected.output_line_pulses += static_cast<std::uint64_t>(std::rint(v * 1000));
    for (std::size_t c = 0; c < pulses.size(); ++c) {
      const float q = ds[c / 300];
      const float p_ = xs[c % 300];
      const float n =
          type == pulse_type::mean_count ? std::rint(q * 1000) * std::rint(p_ * 1000) / 1000 : q * 1000 * p_;
      ASSERT_EQ(pulses[c], -static_cast<int>(std::rint(n)));
      const auto both = static_cast<std::uint64_t>(-pulses[c]);
      const auto a = static_cast<std::uint64_t>(std::rint(q * 1000));
      const auto b = static_cast<std::uint64_t>(std::rint(p_ * 1000));
      ASSERT_LE(both, std::min(a, b)) << "more coincidences than pulses of a line";
      expected.coincidences += both;
      expected.half_selected += a + b - 2 * both;
    }
    EXPECT_EQ(trains.activity(expected.coincidences), expected);
  }
}

// Management cuts what exceeds desired_bl; without it a train has no more slots. Vectors of zeros take no part.
TEST(pulse_trains, clipped_updates_are_counted) {
  for (const bool managed : {true, false})
    for (const auto type : pulsed_types) {
      update_parameters p;
      p.pulse_type = type;
      p.update_bl_management = p.update_management = managed;
      pulse_trains trains(p, .001F, {1, 1}, 4, stream_of());
      trains.draw(burst_of({1, 1, .5F, 0}, 4), burst_of({.30F, -.32F, 1, 0}, 4), .1F, 0); // 30, 32, 50 and 0 pulses
      EXPECT_EQ(trains.activity(0).clipped_updates, 2U);
      EXPECT_EQ(trains.activity(0).update_vectors, managed ? 3U : 4U); // without management trains run anyhow
    }
}

TEST(pulse_trains, a_negative_learning_rate_flips_all_directions) {
  for (const auto type : pulsed_types) {
    const std::vector<float> xs{1, -.5F, .3F, 0};
    const std::vector<float> ds{.9F, -.6F, 0};
    const auto down = plain_counts(plain(type), xs, ds);
    auto up = plain_counts(plain(type), xs, ds, -1.25F);
    EXPECT_GT(sum_of_magnitudes(up), 0) << name_of(type);
    for (int& n : up)
      n = -n;
    EXPECT_EQ(up, down) << name_of(type);
  }
}

// Counts are binomial, and cross-points that share a line are correlated: with p and p' of two inputs, q of the output
// and N slots the covariance is N p p' q (1 - q), and likewise for two outputs. Tolerances are 4.5 standard errors
// (false alarm 7e-6 per number, 1e-3 for the test) from the exact moments.
class binomial : public testing::TestWithParam<int> {};

TEST_P(binomial, mean_variance_and_covariance) {
  const int slots = GetParam();
  auto p = plain(pulse_type::stochastic_compressed);
  p.desired_bl = slots;
  const std::vector<float> ps{1, .7F, .2F, .05F};
  const std::vector<float> qs{.9F, .4F, .1F};
  const array_shape shape{4, 3};
  pulse_trains trains(p, .125F, shape, 1, stream_of(static_cast<std::uint64_t>(slots)));
  constexpr std::uint32_t updates = 20'000;
  std::array<sample, 12> single;
  std::array<sample, 144> product;
  const auto mean = [&](std::size_t c) { return slots * double{ps[c % 4]} * double{qs[c / 4]}; };
  for (std::uint32_t v = 0; v < updates; ++v) {
    trains.draw(burst_of(ps), burst_of(qs), .125F * static_cast<float>(slots), v);
    const auto pulses = counts(trains, 0, shape);
    for (std::size_t a = 0; a < 12; ++a) {
      single[a].add(-pulses[a]);
      for (std::size_t b = 0; b < a; ++b)
        product[a * 12 + b].add((-pulses[a] - mean(a)) * (-pulses[b] - mean(b)));
    }
  }
  for (std::size_t a = 0; a < 12; ++a) {
    const double pa = ps[a % 4];
    const double qa = qs[a / 4];
    const double variance = slots * pa * qa * (1 - pa * qa);
    EXPECT_NEAR(single[a].mean(), mean(a), 4.5 * std::sqrt(variance / updates)) << a;
    EXPECT_NEAR(single[a].variance(), variance, 4.5 * single[a].error_of_variance()) << a;
    for (std::size_t b = 0; b < a; ++b) {
      const double pb = ps[b % 4];
      const double qb = qs[b / 4];
      const double both = (a % 4 == b % 4 ? pa : pa * pb) * (a / 4 == b / 4 ? qa : qa * qb); // fire in one slot
      const double covariance = slots * (both - pa * qa * pb * qb);
      const auto& s = product[a * 12 + b];
      EXPECT_NEAR(s.mean(), covariance, 4.5 * s.error_of_mean()) << a << " " << b;
      if (a == 6 && b == 2) { // one input, two outputs: independent cross-points would give 0
        EXPECT_GT(s.mean(), 20 * s.error_of_mean());
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(slots, binomial, testing::Values(1, 31, 64, 150));

TEST(pulse_trains, activity_equals_a_direct_count) {
  update_parameters p;
  p.update_bl_management = false;
  p.desired_bl = 150; // five words
  const std::vector<float> many_x{1, -.5F, .1F, 0, .3F, -1, 0, .9F, .2F, .01F};
  pulse_trains trains(p, .001F, {5, 3}, 2, stream_of());
  const std::vector<float> many_d{.05F, -.02F, .004F, 0, .1F, -.3F};
  trains.draw(burst_of(many_x, 2), burst_of(many_d, 2), .1F, 9);
  EXPECT_EQ(trains.words(), 5U);
  operation_activity expected;
  for (std::uint32_t v = 0; v < 2; ++v) {
    const auto fires = [&](const firing_lines& side, std::uint32_t line, std::uint32_t slot) {
      for (std::size_t l = 0; l < side.lines.size(); ++l)
        if (side.lines[l] == line)
          return slot < 160 && side.fires(l, slot);
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
  expected.update_vectors = 2;
  EXPECT_EQ(trains.activity(expected.coincidences), expected);
  EXPECT_GT(expected.coincidences, 0U);
}

TEST(pulse_trains, runs_equal_a_direct_count) {
  for (const int slots : {1, 31, 64, 65, 200}) {
    update_parameters p;
    p.update_bl_management = false;
    p.desired_bl = slots;
    const array_shape shape{700, 3}; // more lines than are looked at together
    std::vector<float> xs(shape.inputs);
    noise_stream(5, purpose::dataset, {}).fill_normals(0, 0, xs);
    pulse_trains trains(p, .001F, shape, 2, stream_of());
    std::vector<float> twice(xs);
    twice.insert(twice.end(), xs.begin(), xs.end());
    trains.draw(burst_of(twice, 2), burst_of({.5F, -.1F, .02F, -.02F, .1F, 0}, 2), .01F, 3);
    std::size_t found = 0;
    for (std::uint32_t v = 0; v < 2; ++v) {
      const auto in = trains.inputs(v);
      const auto out = trains.outputs(v);
      std::vector<pulse_run> expected;
      for (std::size_t o = 0; o < out.lines.size(); ++o)
        for (std::size_t k = 0; k < in.lines.size(); ++k) {
          int both = 0;
          for (std::uint32_t slot = 0; slot < static_cast<std::uint32_t>(slots); ++slot)
            both += in.fires(k, slot) && out.fires(o, slot);
          if (both > 0)
            expected.push_back({out.lines[o] * shape.inputs + in.lines[k], -out.signs[o] * in.signs[k] * both});
        }
      const auto all = runs(trains, v, out.lines.size());
      std::vector<pulse_run> pulsed;
      std::ranges::copy_if(all, std::back_inserter(pulsed), [](const pulse_run& run) { return run.pulses != 0; });
      EXPECT_TRUE(std::ranges::equal(pulsed, expected, [](const pulse_run& a, const pulse_run& b) {
        return a.cell == b.cell && a.pulses == b.pulses;
      })) << slots;
      EXPECT_TRUE(std::ranges::is_sorted(all, {}, &pulse_run::cell));
      found += pulsed.size();
    }
    EXPECT_GT(found, 100U) << slots;
  }
}

TEST(pulse_trains, pulses_do_not_depend_on_the_burst) {
  std::vector<float> xs(64 * 7);
  std::vector<float> ds(64 * 5);
  noise_stream(5, purpose::dataset, {}).fill_normals(0, 0, xs);
  noise_stream(5, purpose::dataset, {}).fill_normals(1, 0, ds);
  for (const auto type : pulsed_types) {
    update_parameters p;
    p.pulse_type = type;
    p.res = .01F;
    p.sto_round = true;
    pulse_trains burst(p, .01F, {7, 5}, 1, stream_of()); // has to make room
    pulse_trains single(p, .01F, {7, 5}, 1, stream_of());
    burst.draw({xs.data(), 64, 7, 7}, {ds.data(), 64, 5, 5}, .1F, 100);
    for (std::uint32_t v = 0; v < 64; ++v) {
      single.draw({xs.data() + v * 7, 1, 7, 7}, {ds.data() + v * 5, 1, 5, 5}, .1F, 100 + v);
      ASSERT_EQ(counts(burst, v, {7, 5}), counts(single, 0, {7, 5})) << name_of(type);
    }
  }
}

// Without a fixed length the trains grow with the learning rate: 100 slots, probabilities are the operands.
TEST(pulse_trains, long_trains_for_every_type) {
  for (const auto type : pulsed_types) {
    update_parameters p;
    p.pulse_type = type;
    p.update_bl_management = p.update_management = p.fixed_bl = false;
    pulse_trains trains(p, .125F, {1, 1}, 1, stream_of());
    sample s;
    for (std::uint64_t v = 0; v < 1000; ++v) {
      trains.draw(burst_of({.5F}), burst_of({-.5F}), 12.5F, v);
      s.add(counts(trains, 0, {1, 1})[0]);
    }
    EXPECT_EQ(trains.activity(0).pulse_slots, 100U) << name_of(type);
    EXPECT_NEAR(s.mean(), 25, 4.5 * s.error_of_mean()) << name_of(type); // binomial or exact; false alarm 7e-6
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
      samples[i].add(-counts(trains, 0, {1, 5})[i]);
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
    s.add(-counts(trains, 0, {1, 2})[1]);
  }
  EXPECT_NEAR(s.mean(), .2, 4 * s.error_of_mean()); // false alarm 6e-5
}

} // namespace
} // namespace tilework::physics
