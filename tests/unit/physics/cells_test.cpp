// SPDX-License-Identifier: Apache-2.0
// Unit cells: which devices take which pulses, and how they add up. Statistical comparisons use 4.5 standard errors:
// false alarm 7e-6 per number.
#include "device_populations.h"

#include <tilework/core/error.h>
#include <tilework/physics/cells/one_sided_cell.h>
#include <tilework/physics/cells/vector_cell.h>
#include <tilework/physics/crossbar/analog_array.h>
#include <tilework/physics/devices/constant_step.h>

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

namespace tilework::physics {
namespace {

/// ConstantStep without spread or noise.
std::string exact_device(const std::string& step, const std::string& more = "w_max: 1") {
  return "{extends: ConstantStep, " + alike + "dw_min_std: 0, w_min: -1, dw_min: " + step + ", " + more + "}";
}

device_spec vector_of(const std::string& devices, const std::string& more = "") {
  return test::device("Vector", "devices: [" + devices + "], " + more);
}

/// Mean change of one update with x 1, d -.01 and learning rate .1: .001 if the devices were one of their mean step.
sample changes_by_update(const device_spec& device) {
  array_parameters p;
  p.device = device;
  analog_array array({1, 1}, p, 1, {}, 1);
  const std::vector<float> x{1};
  const std::vector<float> d{-.01F};
  const std::vector<float> zero{0};
  sample s;
  for (std::uint64_t v = 0; v < 40'000; ++v) {
    array.set_weights(zero);
    array.begin_update({x.data(), 1, 1, 1}, {d.data(), 1, 1, 1}, .1F, v);
    run_inline(array);
    array.end();
    s.add(array.weights()[0]);
  }
  return s;
}

// Two devices of step .001 and .003: pulses see .002, a single device moves by its own step times 1/2.
TEST(vector_cell, mean_update_of_every_policy) {
  const auto devices = exact_device("0.001") + ", " + exact_device("0.003");
  struct row {
    const char* policy;
    double exact;
    double published;
  };
  for (const auto& r : {row{"ALL", .001, .000997}, row{"SINGLE_FIXED", .00025, .000250},
                        row{"SINGLE_SEQUENTIAL", .0005, .000507}, row{"SINGLE_RANDOM", .0005, .000500}}) {
    const auto s = changes_by_update(vector_of(devices, "update_policy: " + std::string(r.policy)));
    EXPECT_NEAR(s.mean(), r.exact, 4.5 * s.error_of_mean()) << r.policy;
    EXPECT_NEAR(s.mean(), r.published, .02 * r.published) << r.policy; // published from fewer updates
  }
}

TEST(vector_cell, granularity_is_the_mean_of_all_devices) {
  const auto spec = vector_of(exact_device("0.001") + ", " + exact_device("0.003") + ", " + exact_device("0.005"),
                              "gamma_vec: [1, 0, 0], update_policy: SINGLE_FIXED");
  EXPECT_FLOAT_EQ(spec.granularity(), .003F);
  EXPECT_FLOAT_EQ(population(spec, 1)->granularity(), .003F);
  EXPECT_FLOAT_EQ(spec.states(), 2000); // of the first device
  EXPECT_TRUE(spec.is_unit_cell());
}

/// Weights of the devices of a cell.
std::vector<float> parts_of(const device_array& cell) {
  std::vector<float> weights;
  for (const auto& part : cell.parts())
    weights.push_back(part->weights()[0]);
  return weights;
}

/// Devices of steps .001, .01 and .1, whose changes tell them apart.
std::string three_devices() {
  return exact_device("0.001") + ", " + exact_device("0.01") + ", " + exact_device("0.1");
}

TEST(vector_cell, every_device_takes_every_pulse) {
  const auto cell = population(vector_of(three_devices()), 1);
  pulse_all(*cell, 2, 0);
  const auto parts = parts_of(*cell);
  EXPECT_FLOAT_EQ(parts[0], .002F);
  EXPECT_FLOAT_EQ(parts[1], .02F);
  EXPECT_FLOAT_EQ(parts[2], .2F);
  EXPECT_FLOAT_EQ(cell->weights()[0], .222F / 3);
}

TEST(vector_cell, fixed_device) {
  const auto cell = population(vector_of(three_devices(), "update_policy: SINGLE_FIXED, first_update_idx: 1"), 1);
  for (std::uint64_t v = 0; v < 5; ++v)
    pulse_all(*cell, -1, v);
  const auto parts = parts_of(*cell);
  EXPECT_EQ(parts[0], 0);
  EXPECT_FLOAT_EQ(parts[1], -.05F);
  EXPECT_EQ(parts[2], 0);
}

TEST(vector_cell, sequence_begins_after_the_first_device) {
  for (const std::size_t first : {0U, 2U}) {
    const auto cell = population(
        vector_of(three_devices(), "update_policy: SINGLE_SEQUENTIAL, first_update_idx: " + std::to_string(first)), 1);
    for (std::uint64_t v = 0; v < 7; ++v) {
      const auto before = parts_of(*cell);
      pulse_all(*cell, 1, v);
      const auto after = parts_of(*cell);
      for (std::size_t k = 0; k < 3; ++k)
        EXPECT_EQ(after[k] != before[k], k == (first + 1 + v) % 3) << "vector " << v << " device " << k;
    }
  }
}

TEST(vector_cell, random_devices_have_equal_shares) {
  const auto cell =
      population(vector_of(exact_device("0.00001") + ", " + exact_device("0.00001") + ", " + exact_device("0.00001"),
                           "update_policy: SINGLE_RANDOM"),
                 1);
  constexpr int vectors = 20'000;
  for (std::uint64_t v = 0; v < vectors; ++v)
    pulse_all(*cell, 1, v);
  double sum = 0;
  for (const float w : parts_of(*cell)) {
    const double pulses = static_cast<double>(w) / 1e-5;
    EXPECT_NEAR(pulses, vectors / 3.0, 4.5 * std::sqrt(vectors * 2.0 / 9) + 5); // and rounding of the sum
    sum += pulses;
  }
  EXPECT_NEAR(sum, vectors, 15);
}

TEST(vector_cell, all_lines_of_a_vector_use_the_same_random_device) {
  const auto cell = vector_of(three_devices(), "update_policy: SINGLE_RANDOM").make({{1, 50}, 1, {}});
  for (std::uint32_t i = 0; i < 50; ++i)
    cell->apply_pulses(i, std::array<pulse_run, 1>{{{i, 1}}}, 77);
  for (const auto& part : cell->parts())
    for (const float w : part->weights())
      EXPECT_EQ(w, part->weights()[0]);
}

TEST(vector_cell, programming_writes_every_device_or_the_fixed_one) {
  const auto all = population(vector_of(exact_device("0.01") + ", " + exact_device("0.01", "w_max: 0.2")), 1);
  program_all(*all, .6F);
  EXPECT_EQ(parts_of(*all), (std::vector<float>{.6F, .2F})); // each within its own bounds
  EXPECT_FLOAT_EQ(all->weights()[0], .4F);
  const auto fixed = population(
      vector_of(exact_device("0.01") + ", " + exact_device("0.01"), "update_policy: SINGLE_FIXED, first_update_idx: 1"),
      1);
  program_all(*fixed, .6F);
  EXPECT_EQ(parts_of(*fixed), (std::vector<float>{0, .6F}));
}

TEST(vector_cell, gamma_weighs_the_devices) {
  const auto cell =
      population(vector_of(exact_device("0.01") + ", " + exact_device("0.03"), "gamma_vec: [0.5, -2]"), 1);
  pulse_all(*cell, 1, 0);
  EXPECT_FLOAT_EQ(cell->weights()[0], .5F * .01F - 2 * .03F);
  program_all(*cell, .2F);
  EXPECT_FLOAT_EQ(cell->weights()[0], -.3F); // gammas do not add up to 1
}

TEST(vector_cell, lines_can_be_done_in_any_order) {
  for (const auto* policy : {"ALL", "SINGLE_FIXED", "SINGLE_SEQUENTIAL", "SINGLE_RANDOM"}) {
    const auto spec =
        vector_of("SoftBounds, EcRam, {extends: ReRamES, diffusion: 0.01}", "update_policy: " + std::string(policy));
    const auto upwards = spec.make({{10, 10}, 1, {}});
    const auto downwards = spec.make({{10, 10}, 1, {}});
    std::vector<pulse_run> runs;
    for (std::uint32_t c = 0; c < 100; ++c)
      runs.push_back({c, static_cast<std::int32_t>(c % 13) - 6});
    for (std::uint64_t v = 0; v < 4; ++v) {
      for (std::uint32_t i = 0; i < 10; ++i) {
        upwards->apply_pulses(i, {&runs[std::size_t{10} * i], 10}, v);
        upwards->relax(i, v, 1);
      }
      for (std::uint32_t i = 10; i-- > 0;) {
        downwards->apply_pulses(i, {&runs[std::size_t{10} * i], 10}, v);
        downwards->relax(i, v, 1);
      }
    }
    EXPECT_EQ(weights_of(*upwards), weights_of(*downwards)) << policy;
  }
}

TEST(vector_cell, devices_have_draws_and_noise_of_their_own) {
  const auto cell = population(vector_of("ConstantStep, ConstantStep"), 2000);
  pulse_all(*cell, 1, 0);
  const auto first = sample_of(cell->parts()[0]->weights());
  sample product;
  for (std::size_t c = 0; c < 2000; ++c)
    product.add((static_cast<double>(cell->parts()[0]->weights()[c]) - first.mean()) *
                (static_cast<double>(cell->parts()[1]->weights()[c]) - first.mean()));
  EXPECT_NEAR(product.mean(), 0, 4.5 * product.error_of_mean());
  EXPECT_GT(first.deviation(), 3e-4);
}

TEST(vector_cell, passive_laws_act_on_every_device) {
  const auto cell = population(vector_of(exact_device("0.01", "w_max: 1, lifetime: 2") + ", " +
                                         exact_device("0.01", "w_max: 1, drift: {nu: 0.5}")),
                               1);
  EXPECT_TRUE(cell->relaxes());
  EXPECT_TRUE(cell->drifts());
  program_all(*cell, .8F);
  cell->relax(0, 0, 1);
  EXPECT_EQ(parts_of(*cell), (std::vector<float>{.4F, .8F}));
  EXPECT_FLOAT_EQ(cell->weights()[0], .6F);
  cell->drift(4, 0);
  EXPECT_FLOAT_EQ(parts_of(*cell)[1], .4F);
  EXPECT_FLOAT_EQ(cell->weights()[0], .4F);
  cell->reset(std::array<std::uint32_t, 1>{0}, 0);
  EXPECT_LT(std::abs(cell->weights()[0]), .1F);
}

TEST(vector_cell, contradictions_are_refused) {
  const auto throws = [](const std::string& overrides) {
    EXPECT_THROW(test::device("Vector", overrides), input_error) << overrides;
  };
  throws("devices: []");
  throws("devices: [Ideal, ConstantStep]");
  throws("devices: [{model: Vector, devices: [EcRam]}]");
  throws("devices: [EcRam, EcRam], gamma_vec: [1]");
  throws("devices: [EcRam, EcRam], first_update_idx: 2");
}

TEST(reference_cell, subtracts_a_device_that_stands_still) {
  const auto cell =
      population(test::device("Reference", "devices: [" + exact_device("0.01") + ", " + exact_device("0.03") + "]"), 1);
  pulse_all(*cell, 3, 0);
  EXPECT_EQ(parts_of(*cell)[1], 0);
  EXPECT_FLOAT_EQ(cell->weights()[0], .03F);
  program_all(*cell, .5F);
  EXPECT_EQ(parts_of(*cell), (std::vector<float>{.5F, 0}));
  cell->parts()[1]->program(std::vector<float>{.2F}, 1);
  cell->combine(std::array<std::uint32_t, 1>{0});
  EXPECT_FLOAT_EQ(cell->weights()[0], .3F);
}

TEST(reference_cell, takes_two_devices) {
  const auto doubled = test::device("Reference", "devices: [EcRam]");
  EXPECT_EQ(population(doubled, 1)->parts().size(), 2U);
  EXPECT_FLOAT_EQ(doubled.granularity(), .002F);
  const auto three = test::device("Reference", "devices: [EcRam, GokmenVlasov, Capacitor]");
  EXPECT_EQ(population(three, 1)->parts().size(), 2U);
  EXPECT_FLOAT_EQ(three.granularity(), .0018F);
  EXPECT_EQ(doubled.get_if<reference_cell>()->devices.size(), 1U);
  EXPECT_THROW(test::device("Reference", "devices: []"), input_error);
}

device_spec pair_of(const std::string& device, const std::string& more = "") {
  return test::device("OneSided", "devices: [" + device + "], " + more);
}

TEST(one_sided_cell, pulses_only_ever_raise_a_side) {
  const auto cell = population(pair_of(exact_device("0.01")), 3);
  const std::array<pulse_run, 2> runs{{{0, 3}, {2, -2}}};
  cell->apply_pulses(0, runs, 0);
  const auto plus = weights_of(*cell->parts()[0]);
  const auto minus = weights_of(*cell->parts()[1]);
  EXPECT_FLOAT_EQ(plus[0], .03F);
  EXPECT_EQ(minus[0], 0);
  EXPECT_EQ(plus[1], 0);
  EXPECT_EQ(minus[1], 0);
  EXPECT_EQ(plus[2], 0);
  EXPECT_FLOAT_EQ(minus[2], .02F);
  EXPECT_FLOAT_EQ(cell->weights()[0], .03F);
  EXPECT_FLOAT_EQ(cell->weights()[2], -.02F);
}

TEST(one_sided_cell, programming_uses_the_side_of_the_sign) {
  const auto cell = population(pair_of(exact_device("0.01")), 3);
  cell->program(std::vector<float>{.3F, -.4F, -7}, 0);
  EXPECT_EQ(weights_of(*cell->parts()[0]), (std::vector<float>{.3F, 0, 0}));
  EXPECT_EQ(weights_of(*cell->parts()[1]), (std::vector<float>{0, .4F, 1}));
  EXPECT_EQ(weights_of(*cell), (std::vector<float>{.3F, -.4F, -1}));
}

TEST(one_sided_cell, sides_are_drawn_apart) {
  const auto cell = population(pair_of("PCM"), 50);
  EXPECT_NE(property(*cell->parts()[0], "max_bound"), property(*cell->parts()[1], "max_bound"));
}

TEST(one_sided_cell, many_cells_of_a_line_have_fresh_noise) {
  constexpr std::uint32_t count = 3000;
  const auto cell = population(pair_of("{extends: ConstantStep, " + alike + "dw_min_std: 0.3}"), count);
  pulse_all(*cell, 1, 5);
  auto weights = weights_of(*cell);
  const auto s = sample_of(weights);
  EXPECT_NEAR(s.mean(), .001, 4.5 * s.error_of_mean());
  EXPECT_NEAR(s.deviation(), .0003, .0003 * 4.5 / std::sqrt(2.0 * count));
  std::ranges::sort(weights);
  weights.erase(std::unique(weights.begin(), weights.end()), weights.end());
  EXPECT_GT(weights.size(), count - 20); // chance coincidences of single precision
}

// copy_inverted: g- is the drawn device of g+ seen in a mirror, so that a pulse down of the pair is a pulse down of the
// single device.
TEST(one_sided_cell, mirrored_copy_behaves_like_one_device) {
  const std::string spread = "dw_min_std: 0, up_down: 0.3, up_down_dtod: 0.1";
  for (const std::string model : {"ConstantStep", "LinearStep", "SoftBounds", "ExpStep", "PowStep", "PiecewiseStep",
                                  "SoftBoundsReference", "PowStepReference"}) {
    auto parameters = spread;
    if (model == "PiecewiseStep")
      parameters += ", piecewise_up: [1, 2], piecewise_down: [0.5, 1]";
    const auto pair = population(pair_of("{extends: " + model + ", " + parameters + "}", "copy_inverted: true"), 200);
    const auto single = population(test::device(model, parameters), 200);
    EXPECT_EQ(property(*pair->parts()[0], "max_bound"), property(*single, "max_bound"));
    for (const int direction : {-1, 1}) {
      program_all(*pair, 0);
      program_all(*single, 0);
      for (std::uint64_t v = 0; v < 30; ++v) {
        pulse_all(*pair, direction, v);
        pulse_all(*single, direction, v);
      }
      for (std::size_t c = 0; c < 200; ++c)
        ASSERT_NEAR(pair->weights()[c], single->weights()[c], 1e-6) << model << " " << direction;
    }
    // bounds are mirrored too
    program_all(*pair, -10);
    program_all(*single, -10);
    EXPECT_EQ(weights_of(*pair), weights_of(*single));
  }
}

TEST(one_sided_cell, exact_changes_raise_a_side) {
  const auto cell = population(pair_of(exact_device("0.01")), 2);
  cell->add_exactly(0, std::vector<float>{1, -2}, .1F, 0);
  EXPECT_EQ(weights_of(*cell->parts()[0]), (std::vector<float>{.1F, 0}));
  EXPECT_EQ(weights_of(*cell->parts()[1]), (std::vector<float>{0, .2F}));
}

TEST(one_sided_cell, contradictions_are_refused) {
  const auto throws = [](const std::string& overrides) {
    EXPECT_THROW(test::device("OneSided", overrides), input_error) << overrides;
  };
  throws("devices: [EcRam, EcRam]");
  throws("devices: [Ideal]");
  throws("devices: [ReRamES], refresh_every: 1"); // write noise
  EXPECT_NO_THROW(test::device("OneSided", "devices: [ReRamES]"));
  EXPECT_NO_THROW(test::device("OneSided", "devices: [{extends: ReRamES, write_noise_std: 0}], refresh_every: 1"));
  array_parameters exact;
  exact.device = test::device("PCMUnitCell");
  exact.update.pulse_type = pulse_type::none_with_device;
  EXPECT_THROW(exact.validate(), input_error);
}

} // namespace
} // namespace tilework::physics
