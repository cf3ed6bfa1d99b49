// SPDX-License-Identifier: Apache-2.0
// Refresh of one-sided pairs, against a direct implementation that goes through the cross-points one by one.
#include "device_populations.h"

#include <tilework/core/worker_pool.h>
#include <tilework/physics/crossbar/analog_array.h>

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace tilework::physics {
namespace {

/// A pair of devices that all are alike: window 0 to 1, step .01.
std::string pair_text(const std::string& device, const std::string& cell) {
  return "devices: [{extends: ConstantStep, " + alike +
         "dw_min_std: 0, dw_min: 0.01, w_max: 1, w_min: 0, reset_std: 0, " + device + "}], refresh_every: 1, " + cell;
}
const std::string exact_reads = "refresh_forward: {is_perfect: true}";

device_spec pair_of(const std::string& device = "", const std::string& cell = exact_reads) {
  return test::device("OneSided", pair_text(device, cell));
}

struct pairs {
  std::vector<float> plus;
  std::vector<float> minus;
};

pairs weights_of_sides(const device_array& cell) {
  return {weights_of(*cell.parts()[0]), weights_of(*cell.parts()[1])};
}

/// Sides with weights between 0 and 1; many pairs have both sides above 1/4 and one above 3/4.
pairs random_pairs(std::size_t cells) {
  pairs p{std::vector<float>(cells), std::vector<float>(cells)};
  const noise_stream random(17, purpose::dataset, {});
  random.fill_uniforms(0, 0, p.plus);
  random.fill_uniforms(1, 0, p.minus);
  return p;
}

void set(device_array& cell, const pairs& p) {
  cell.parts()[0]->program(p.plus, 0);
  cell.parts()[1]->program(p.minus, 0);
  std::vector<std::uint32_t> all(p.plus.size());
  for (std::uint32_t c = 0; c < all.size(); ++c)
    all[c] = c;
  cell.combine(all);
}

struct refreshed {
  pairs sides;
  std::vector<float> weights;
  operation_activity activity;
};

refreshed refresh(const device_spec& device, array_shape shape, const pairs& before, std::uint64_t event,
                  bool backwards = false) {
  const auto* parameters = device.get_if<one_sided_cell>();
  const auto cell = device.make({.shape = shape, .seed = 1});
  set(*cell, before);
  cell_refresh work(*parameters, shape, 1, {});
  for (std::uint32_t b = 0; b < work.blocks(); ++b)
    work.run(backwards ? work.blocks() - 1 - b : b, *cell, event);
  return {weights_of_sides(*cell), weights_of(*cell), work.activity()};
}

/// Which pairs the description of the cell marks, straight from exact weights.
std::vector<bool> marked(const pairs& p, double upper, double lower, double w_max) {
  std::vector<bool> marks;
  for (std::size_t c = 0; c < p.plus.size(); ++c) {
    const double g = p.plus[c] / w_max;
    const double h = p.minus[c] / w_max;
    marks.push_back(g > h ? g > upper && h > lower : g > lower && h > upper);
  }
  return marks;
}

constexpr array_shape shape{40, 25}; // two blocks

TEST(refresh, resets_worn_pairs_only_and_keeps_their_difference) {
  const auto before = random_pairs(shape.cells());
  const auto marks = marked(before, .75, .25, 1);
  ASSERT_GT(std::ranges::count(marks, true), 100);
  std::vector<sample> plus(shape.cells());
  std::vector<sample> minus(shape.cells());
  // Differences up to .31 are within one train of 31 pulses of .01.
  for (std::uint64_t event = 0; event < 400; ++event) {
    const auto after = refresh(pair_of(), shape, before, event);
    for (std::size_t c = 0; c < shape.cells(); ++c) {
      if (!marks[c]) {
        ASSERT_EQ(after.sides.plus[c], before.plus[c]);
        ASSERT_EQ(after.sides.minus[c], before.minus[c]);
        continue;
      }
      ASSERT_EQ(std::min(after.sides.plus[c], after.sides.minus[c]), 0); // only one side is written again
      ASSERT_EQ(after.weights[c], after.sides.plus[c] - after.sides.minus[c]);
      plus[c].add(after.sides.plus[c]);
      minus[c].add(after.sides.minus[c]);
    }
  }
  int compared = 0;
  for (std::size_t c = 0; c < shape.cells(); ++c) {
    const double difference = static_cast<double>(before.plus[c]) - static_cast<double>(before.minus[c]);
    if (!marks[c])
      continue;
    const auto& written = difference > 0 ? plus[c] : minus[c];
    const auto& other = difference > 0 ? minus[c] : plus[c];
    EXPECT_EQ(other.mean(), 0);
    if (std::abs(difference) > .3)
      continue;
    ++compared;
    // 5 standard errors: false alarm 6e-7 per pair.
    EXPECT_NEAR(written.mean(), std::abs(difference), 5 * written.error_of_mean() + 1e-6) << c;
  }
  EXPECT_GT(compared, 50);
}

TEST(refresh, thresholds_are_shares_of_the_nominal_bound) {
  const auto before = random_pairs(shape.cells());
  for (const auto& [upper, lower] : {std::pair{.5, .1}, std::pair{.9, .6}, std::pair{.2, .5}}) {
    const auto cell = pair_of("", exact_reads + ", refresh_upper_thres: " + std::to_string(upper) +
                                      ", refresh_lower_thres: " + std::to_string(lower));
    const auto after = refresh(cell, shape, before, 0);
    const auto marks = marked(before, upper, lower, 1);
    for (std::size_t c = 0; c < shape.cells(); ++c)
      EXPECT_EQ(after.sides.plus[c] != before.plus[c] || after.sides.minus[c] != before.minus[c], marks[c]);
  }
  // PCM-like window: 0 to 2
  const auto wide = test::device("OneSided", "devices: [{extends: PCM, dw_min_dtod: 0, w_max_dtod: 0}], refresh_every: "
                                             "1, " +
                                                 exact_reads);
  auto twice = before;
  for (auto* side : {&twice.plus, &twice.minus})
    for (float& w : *side)
      w *= 2;
  const auto after = refresh(wide, shape, twice, 0);
  const auto marks = marked(twice, .75, .25, 2);
  for (std::size_t c = 0; c < shape.cells(); ++c)
    EXPECT_EQ(after.sides.minus[c] != twice.minus[c], marks[c]);
}

// Reset: to the bias plus noise, within the bounds. Pairs without a difference are reset and not written.
TEST(refresh, resets_to_the_bias_with_noise) {
  const pairs equal{std::vector<float>(shape.cells(), .9F), std::vector<float>(shape.cells(), .9F)};
  const auto cell =
      test::device("OneSided", "devices: [{extends: ConstantStep, " + alike +
                                   "dw_min_std: 0, dw_min: 0.01, w_max: 1, w_min: 0, reset: 0.2, reset_std: 0.03}], "
                                   "refresh_every: 1, " +
                                   exact_reads);
  sample s;
  for (std::uint64_t event = 0; event < 20; ++event) {
    const auto after = refresh(cell, shape, equal, event);
    for (const float w : after.sides.plus)
      s.add(w);
    for (const float w : after.sides.minus)
      s.add(w);
    EXPECT_EQ(after.activity.pulse_slots, 0U);
    EXPECT_EQ(after.activity.resets, 2 * shape.cells());
  }
  EXPECT_NEAR(s.mean(), .2, 4.5 * s.error_of_mean());
  EXPECT_NEAR(s.variance(), .03 * .03, 4.5 * s.error_of_variance());
}

// Differences beyond what one train can write are cut: 31 pulses at most.
TEST(refresh, writes_at_most_one_train) {
  const array_shape single{1, 1};
  const auto after = refresh(pair_of(), single, {{1}, {.26F}}, 0);
  EXPECT_FLOAT_EQ(after.sides.plus[0], .31F);
  EXPECT_EQ(after.sides.minus[0], 0);
}

// The dense types know the direction too.
TEST(refresh, every_pulse_type_writes_upwards) {
  for (const auto& [name, type] : names_of(pulse_type{})) {
    if (name.starts_with("NONE"))
      continue;
    const auto cell = pair_of("", exact_reads + ", refresh_update: {pulse_type: " + std::string(name) + "}");
    const auto after = refresh(cell, {1, 2}, {{.9F, .7F}, {.7F, .9F}}, 0);
    EXPECT_NEAR(after.weights[0], .2, .05) << name;
    EXPECT_NEAR(after.weights[1], -.2, .05) << name;
  }
}

TEST(refresh, what_is_read_decides) {
  // An ADC with steps of .5: selection and differences are those of the codes.
  const auto coarse = pair_of("", "refresh_forward: {inp_res: -1, out_res: 0.125, out_bound: 2, out_noise: 0}");
  const auto after = refresh(coarse, {1, 1}, {{.8F}, {.3F}}, 0); // read as 1 and .5
  EXPECT_EQ(after.activity.resets, 2U);
  EXPECT_FLOAT_EQ(after.sides.plus[0], .31F);                       // .5 asked for
  const auto unread = refresh(coarse, {1, 1}, {{.76F}, {.24F}}, 0); // 1 and 0
  EXPECT_EQ(unread.activity.resets, 0U);
}

TEST(refresh, activity) {
  pairs before{std::vector<float>(shape.cells(), .1F), std::vector<float>(shape.cells(), .1F)};
  for (const std::size_t line : {3U, 35U})
    for (const std::size_t output : {0U, 7U, 9U})
      before.plus[output * shape.inputs + line] = .9F, before.minus[output * shape.inputs + line] = .8F;
  const auto a = refresh(pair_of(), shape, before, 2).activity;
  EXPECT_EQ(a.vectors_in_round[0], 2 * shape.inputs); // both sides of every line
  EXPECT_EQ(a.active_inputs, 2 * shape.inputs);
  EXPECT_EQ(a.reset_lines, 2U);
  EXPECT_EQ(a.resets, 12U);
  // .1 with a step of .01: ten slots, all of them used by each of the three outputs of a line
  EXPECT_EQ(a.pulse_slots, 20U);
  EXPECT_EQ(a.input_line_pulses, 20U);
  EXPECT_EQ(a.coincidences, 60U);
}

TEST(refresh, depends_on_the_event_and_not_on_the_order_of_blocks) {
  const auto before = random_pairs(shape.cells());
  const auto noisy = test::device("OneSided", "devices: [{extends: PCM, w_max: 1}], refresh_every: 1");
  const auto forwards = refresh(noisy, shape, before, 5);
  const auto backwards = refresh(noisy, shape, before, 5, true);
  EXPECT_GT(forwards.activity.resets, 0U);
  EXPECT_EQ(forwards.weights, backwards.weights);
  EXPECT_EQ(forwards.activity, backwards.activity);
  EXPECT_NE(forwards.weights, refresh(noisy, shape, before, 6).weights);
}

TEST(refresh, of_an_array) {
  array_parameters p;
  p.device = test::device("PCMUnitCell");
  const auto refreshed_by = [&](unsigned threads) {
    analog_array array(shape, p, 3, {}, 1);
    std::vector<float> x(shape.inputs, 1);
    std::vector<float> d(shape.outputs);
    // Up and down again: both sides fill up.
    for (std::uint64_t v = 0; v < 30; ++v) {
      std::ranges::fill(d, v % 2 == 0 ? 1.0F : -1.0F);
      array.begin_update({x.data(), 1, shape.inputs, shape.inputs}, {d.data(), 1, shape.outputs, shape.outputs}, .4F,
                         v);
      run_inline(array);
      array.end();
    }
    const std::vector<float> before(array.weights().begin(), array.weights().end());
    array.begin_refresh(0);
    EXPECT_EQ(array.blocks(), 2U);
    worker_pool pool(threads);
    std::array<kernel*, 1> kernels{&array};
    pool.run(kernels);
    const auto activity = array.end();
    EXPECT_GT(activity.resets, shape.cells());
    EXPECT_NE(before, std::vector<float>(array.weights().begin(), array.weights().end()));
    return std::pair(std::vector<float>(array.weights().begin(), array.weights().end()), activity);
  };
  EXPECT_EQ(refreshed_by(1), refreshed_by(2));
  p.device = test::device("PCM");
  analog_array none(shape, p, 3, {}, 1);
  EXPECT_THROW(none.begin_refresh(0), std::logic_error);
  p.device = test::device("OneSided", "devices: [PCM]"); // refresh_every 0
  analog_array never(shape, p, 3, {}, 1);
  EXPECT_THROW(never.begin_refresh(0), std::logic_error);
}

} // namespace
} // namespace tilework::physics
