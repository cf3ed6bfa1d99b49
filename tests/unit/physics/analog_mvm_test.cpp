// SPDX-License-Identifier: Apache-2.0
// Published worked examples of the analog product: 3 outputs, 4 inputs, results of the reference simulator.
#include "statistics.h"

#include <tilework/core/error.h>
#include <tilework/physics/crossbar/analog_mvm.h>
#include <tilework/physics/periphery/converter_kernels.h>
#include <tilework/physics/periphery/input_scale.h>
#include <tilework/physics/simd/dispatch.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace tilework::physics {
namespace {

constexpr array_shape shape{4, 3};
constexpr std::array<float, 12> weights{.5F, -.3F, .8F, .1F, -.9F, .2F, .05F, .7F, .33F, .33F, -.6F, -1};
const std::vector<float> input{2, -1, .37F, .5F};
const std::vector<float> error{.1F, -.2F, .05F};

/// Without noise and bound management.
io_parameters base() {
  io_parameters p;
  p.out_noise = 0;
  p.bound_management = bound_management::none;
  return p;
}
/// Without quantisation either.
io_parameters continuous() {
  auto p = base();
  p.inp_res = p.out_res = -1;
  return p;
}

const std::vector<double> exact{1.6460, -1.6315, -0.3920};

struct outcome {
  std::vector<float> y;
  mvm_effort effort;
};

outcome compute(const io_parameters& p, mvm_direction direction = mvm_direction::forward, std::uint64_t vector = 0,
                const std::function<void(analog_mvm&)>& prepare = {}, const std::vector<float>* operand = nullptr) {
  const bool forward = direction == mvm_direction::forward;
  analog_mvm mvm(p, shape, direction, noise_stream(1, purpose::forward_lines, {}));
  if (prepare)
    prepare(mvm);
  const auto& x = operand != nullptr ? *operand : forward ? input : error;
  outcome result;
  result.y.resize(forward ? 3 : 4);
  std::vector<float> scratch(mvm.scratch_size());
  result.effort = mvm.run({weights.data(), shape, direction}, x, result.y, input_scale(p, x),
                          noise_stream(1, purpose::forward_noise, {}), vector, scratch);
  return result;
}

void expect_near(const std::vector<float>& actual, const std::vector<double>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i)
    EXPECT_NEAR(actual[i], expected[i], 1e-6) << "element " << i;
}

io_parameters with(io_parameters p, const std::function<void(io_parameters&)>& change) {
  change(p);
  return p;
}

TEST(analog_mvm, quantised) {
  expect_near(compute(base()).y, {1.694118, -1.600000, -0.376471});
  expect_near(compute(base(), mvm_direction::backward).y, {0.244706, -0.056471, 0.037647, -0.178824});
}

TEST(analog_mvm, perfect_is_exact) {
  const auto p = with(base(), [](auto& io) { io.is_perfect = true; });
  expect_near(compute(p).y, {1.6460, -1.6315, -0.3920});
  expect_near(compute(p, mvm_direction::backward).y, {.2465, -.0535, .04, -.18});
  expect_near(compute(with(base(), [](auto& io) { io.mv_type = mv_type::ideal; })).y, {1.6460, -1.6315, -0.3920});
}

TEST(analog_mvm, noise_management) {
  expect_near(compute(with(continuous(), [](auto& io) { io.noise_management = noise_management::none; })).y,
              {1.1460, -0.7315, -0.7220});
  const std::vector<double> clipped{1.3960, -1.1815, -0.5570};
  expect_near(compute(with(continuous(),
                           [](auto& io) {
                             io.noise_management = noise_management::constant;
                             io.nm_thres = 1.5F;
                           }))
                  .y,
              clipped);
  expect_near(compute(with(continuous(), [](auto& io) { io.nm_thres = 1.5F; })).y, clipped);
}

TEST(analog_mvm, bound_management) {
  const auto bounded = with(base(), [](auto& io) { io.out_bound = .5F; });
  const auto none = compute(bounded);
  expect_near(none.y, {1.0, -1.0, -.4});
  EXPECT_EQ(none.effort.rounds, 1U);
  EXPECT_EQ(none.effort.saturations, 2U);

  const auto iterative = compute(with(bounded, [](auto& io) { io.bound_management = bound_management::iterative; }));
  expect_near(iterative.y, {1.647059, -1.600000, -.423529});
  EXPECT_EQ(iterative.effort.rounds, 2U);
  expect_near(compute(with(bounded, [](auto& io) { io.bound_management = bound_management::iterative_worst_case; })).y,
              {1.661224, -1.654471, -.378165});
}

TEST(analog_mvm, bound_management_gives_up) {
  // Out of reach: reductions 1, 2, 4, 8, 16 with the 7-bit DAC (limit 15.75), up to 32 with 8 bits, 1024 without DAC.
  const auto rounds = [](float inp_res) {
    return compute(with(base(),
                        [&](auto& io) {
                          io.bound_management = bound_management::iterative;
                          io.out_bound = 1e-6F;
                          io.out_res = -1;
                          io.inp_res = inp_res;
                        }))
        .effort.rounds;
  };
  EXPECT_EQ(rounds(1.0F / 126), 5U);
  EXPECT_EQ(rounds(1.0F / 254), 6U);
  EXPECT_EQ(rounds(-1), 11U);
}

TEST(analog_mvm, half_code_ties_follow_single_precision) {
  // At reduction 2 the largest input is half of the range: code 31 of 63 with 7 bits, 64 of 127 with 8 bits.
  const auto dac7 = converter::make(1.0F / 126, 1, false);
  const auto dac8 = converter::make(1.0F / 254, 1, false);
  EXPECT_EQ(dac7.quantise(0.5F), 31 * dac7.step);
  EXPECT_EQ(dac8.quantise(0.5F), 64 * dac8.step);
}

TEST(analog_mvm, negative_bound_is_tested_on_request) {
  // One output clips above, the next one below: both must be seen (positive first or last).
  const auto p = with(base(), [](auto& io) {
    io.bound_management = bound_management::iterative;
    io.out_bound = .5F;
    io.bm_test_negative_bound = false;
  });
  EXPECT_EQ(compute(p).effort.rounds, 2U);
}

TEST(analog_mvm, backward_has_no_bound_management) {
  const auto p = with(base(), [](auto& io) {
    io.bound_management = bound_management::iterative;
    io.out_bound = .05F;
  });
  EXPECT_EQ(compute(p, mvm_direction::backward).effort.rounds, 1U);
}

TEST(analog_mvm, zero_vectors_are_answered_with_zeros) {
  const std::vector<float> zero(4);
  io_parameters noisy;
  const auto silent = compute(noisy, mvm_direction::forward, 0, {}, &zero);
  expect_near(silent.y, {0, 0, 0});
  EXPECT_EQ(silent.effort.rounds, 0U);
  noisy.inp_noise = .1F; // then the array is read as it is
  EXPECT_EQ(compute(noisy, mvm_direction::forward, 0, {}, &zero).effort.rounds, 1U);
  const std::vector<float> negative{-1, -2, -3, -4};
  const auto max = with(base(), [](auto& io) { io.noise_management = noise_management::max; });
  expect_near(compute(max, mvm_direction::forward, 0, {}, &negative).y, {0, 0, 0});
}

TEST(analog_mvm, effort_counts_non_zero_codes) {
  const std::vector<float> sparse{1, 0, .001F, -.5F}; // .001 is below half a step
  EXPECT_EQ(compute(base(), mvm_direction::forward, 0, {}, &sparse).effort.codes.active, 2U);
}

TEST(analog_mvm, effort_sums_codes) {
  const std::vector<float> some{1, 0, -.5F, .25F};
  const auto coded = with(base(), [](auto& io) { io.inp_res = 1.0F / 254; }); // codes up to 127
  EXPECT_EQ(compute(coded, mvm_direction::forward, 0, {}, &some).effort.codes,
            (input_codes{3, 127 + 64 + 32, 127 * 127 + 64 * 64 + 32 * 32}));
  const auto undigitised = with(coded, [](auto& io) { io.is_perfect = true; }); // no codes: as much as the DAC could
  EXPECT_EQ(compute(undigitised, mvm_direction::forward, 0, {}, &some).effort.codes,
            (input_codes{3, 3 * 127, 3 * 127 * 127}));
}

TEST(convert_inputs, sums_long_lines_of_large_codes) {
  const std::vector<float> ones(65536, -1.0F);
  std::vector<float> out(ones.size());
  const auto dac = converter::make(1.0F / 65534, 1, false); // 16 bits: codes up to 32767
  const auto codes = convert_inputs(dac, 1, ones, nullptr, out, dispatch_index(best_instruction_set()));
  EXPECT_EQ(codes, (input_codes{65536, 65536ULL * 32767, 65536ULL * 32767 * 32767}));
}

TEST(analog_mvm, ir_drop) {
  const auto p = with(continuous(), [](auto& io) {
    io.ir_drop = 1;
    io.ir_drop_g_ratio = 50;
  });
  expect_near(compute(p).y, {1.633169, -1.643110, -.366024});
  expect_near(compute(p, mvm_direction::backward).y, {.242383, -.053403, .040572, -.176420});
}

TEST(analog_mvm, series_resistance) {
  auto p = with(continuous(), [](auto& io) { io.r_series = .05F; });
  expect_near(compute(p).y, {1.445432, -1.549396, -.361148});
  p.slope_calibration = .5F;
  expect_near(compute(p).y, {2.442780, -2.618479, -.610340});
  p.slope_calibration = 0;
  p.v_offset_w_min = 0;
  expect_near(compute(p).y, {1.580944, -1.567563, -.388196});
}

TEST(analog_mvm, voltage_offsets) {
  const auto offsets = [](analog_mvm& m) { m.set_lines({{.1F, .05F, 0}, {}, {}}); };
  auto p = continuous();
  expect_near(compute(p, mvm_direction::forward, 0, offsets).y, {1.107400, -1.736925, -.392});
  p.r_series = .05F;
  expect_near(compute(p, mvm_direction::forward, 0, offsets).y, {.943592, -1.650574, -.361148});
  p.r_series = 0;
  p.v_offset_w_min = 0;
  expect_near(compute(p, mvm_direction::forward, 0, offsets).y, {1.481400, -1.549925, -.392});
}

TEST(analog_mvm, output_nonlinearity) {
  auto p = with(continuous(), [](auto& io) { io.out_nonlinearity = .5F; });
  expect_near(compute(p).y, {1.591427, -1.577869, -.388825});
  p.slope_calibration = .5F;
  expect_near(compute(p).y, {2.486605, -2.465420, -.607538});
}

TEST(analog_mvm, asymmetry) {
  expect_near(compute(with(continuous(), [](auto& io) { io.inp_asymmetry = .1F; })).y, {1.616, -1.6115, -.359});
  expect_near(compute(with(continuous(), [](auto& io) { io.out_asymmetry = .1F; })).y, {1.646, -1.46835, -.3528});
}

TEST(analog_mvm, signs_apart) {
  expect_near(compute(with(base(), [](auto& io) { io.mv_type = mv_type::pos_neg_separate; })).y,
              {1.694118, -1.6, -.376471});
  expect_near(compute(with(base(), [](auto& io) { io.mv_type = mv_type::pos_neg_separate_digital_sum; })).y,
              {1.600, -1.600, -.376471});
}

TEST(analog_mvm, bound_management_repeats_until_the_largest_output_fits) {
  // Without converters and noise the number of passes has a closed form: 1 + ceil(log2(max |y| / (alpha bound))).
  const noise_stream random(7, purpose::dataset, {});
  for (std::uint64_t trial = 0; trial < 200; ++trial) {
    std::vector<float> x(4);
    random.fill_normals(trial, 0, x);
    const auto y =
        compute(with(continuous(), [](auto& io) { io.is_perfect = true; }), mvm_direction::forward, 0, {}, &x).y;
    float largest = 0;
    for (const float v : y)
      largest = std::max(largest, std::abs(v));
    auto p = continuous();
    p.bound_management = bound_management::iterative;
    p.out_bound = .01F;
    const float ratio = largest / (input_scale(p, x) * p.out_bound);
    const auto outcome = compute(p, mvm_direction::forward, 0, {}, &x);
    EXPECT_EQ(outcome.effort.rounds, ratio <= 1 ? 1 : 1 + static_cast<std::uint32_t>(std::ceil(std::log2(ratio))));
    for (std::size_t i = 0; i < 3; ++i)
      EXPECT_NEAR(outcome.y[i], y[i], 2e-6);
  }
}

TEST(analog_mvm, worst_case_management_goes_on_while_outputs_clip) {
  // Weights above nm_assumed_wmax: the scale that the second pass assumes to be safe is not.
  auto p = with(continuous(), [](auto& io) {
    io.bound_management = bound_management::iterative_worst_case;
    io.out_bound = .5F;
    io.nm_assumed_wmax = .1F;
  });
  const auto outcome = compute(p);
  EXPECT_GT(outcome.effort.rounds, 2U);
  expect_near(outcome.y, exact);
  p.nm_assumed_wmax = 1;
  EXPECT_EQ(compute(p).effort.rounds, 2U);
}

TEST(analog_mvm, worst_case_scale_ignores_the_threshold_without_noise_management) {
  auto p = with(continuous(), [](auto& io) { io.nm_thres = .1F; });
  const auto limited = worst_case_scale(p, input);
  p.noise_management = noise_management::none;
  EXPECT_EQ(worst_case_scale(p, input), 2.0F);
  EXPECT_LT(limited, 2.0F);
}

TEST(analog_mvm, shift_is_refused_with_its_reason) {
  const auto p = with(base(), [](auto& io) { io.bound_management = bound_management::shift; });
  try {
    p.validate();
    FAIL();
  } catch (const input_error& e) {
    EXPECT_NE(std::string(e.what()).find("SHIFT"), std::string::npos);
    EXPECT_NE(std::string(e.what()).find("ITERATIVE"), std::string::npos);
  }
}

TEST(analog_mvm, ir_drop_of_a_long_line) {
  // 512 inputs with |w| |x| = .25: a = .1147, drop .0548 of the distance-weighted product.
  constexpr array_shape line{512, 1};
  auto p = with(continuous(), [](auto& io) {
    io.ir_drop = 1;
    io.noise_management = noise_management::none;
    io.out_bound = 0;
  });
  const std::vector<float> half(512, .5F);
  const analog_mvm mvm(p, line, mvm_direction::forward, noise_stream(1, purpose::forward_lines, {}));
  std::vector<float> y(1);
  std::vector<float> scratch(mvm.scratch_size());
  mvm.run({half.data(), line, mvm_direction::forward}, half, y, 1, noise_stream(1, purpose::forward_noise, {}), 0,
          scratch);
  double distances = 0;
  for (int j = 0; j < 512; ++j)
    distances += .25 * (1 - (1 - j / 512.) * (1 - j / 512.));
  EXPECT_NEAR((128 - static_cast<double>(y[0])) / distances, .0548, .00005);
}

TEST(analog_mvm, given_lists_replace_the_draws) {
  auto p = with(continuous(), [](auto& io) {
    io.v_offset = {.1F, .05F, 0, .7F}; // of a tile with more lines than this array
    io.v_offset_std = 3;
  });
  expect_near(compute(p).y, {1.107400, -1.736925, -.392});

  p = continuous();
  p.out_nonlinearity_values = {.5F / 12, .5F / 12, .5F / 12};
  p.slope_calibration = .5F;
  expect_near(compute(p).y, {2.486605, -2.465420, -.607538});

  p = continuous();
  p.out_noise_values = {0, .06F, 0};
  const auto noisy = compute(p).y;
  EXPECT_NEAR(noisy[0], 1.6460F, 1e-6);
  EXPECT_NE(noisy[1], -1.6315F);
  EXPECT_NEAR(noisy[2], -.3920F, 1e-6);

  p.out_noise_values = {0, .06F};
  EXPECT_THROW(compute(p), input_error);
}

TEST(analog_mvm, negative_inputs_see_weights_of_their_own) {
  auto p = with(continuous(), [](auto& io) {
    io.mv_type = mv_type::pos_neg_separate;
    io.w_read_asymmetry_dtod = .2F;
  });
  for (const auto direction : {mvm_direction::forward, mvm_direction::backward}) {
    const bool forward = direction == mvm_direction::forward;
    std::vector<float> k;
    const auto y = compute(p, direction, 0, [&](analog_mvm& m) {
                     k.assign(m.read_asymmetry().begin(), m.read_asymmetry().end());
                   }).y;
    ASSERT_EQ(k.size(), 12U);
    const auto& x = forward ? input : error;
    std::vector<double> expected(y.size());
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = 0; j < 4; ++j) {
        const auto cell = i * 4 + j;
        const float in = forward ? x[j] : x[i];
        expected[forward ? i : j] +=
            static_cast<double>(weights[cell]) * (in < 0 ? static_cast<double>(k[cell]) : 1.) * static_cast<double>(in);
      }
    expect_near(y, expected);
  }
  const analog_mvm large(p, {200, 200}, mvm_direction::forward, noise_stream(3, purpose::forward_lines, {}));
  sample s;
  for (const float v : large.read_asymmetry())
    s.add(v);
  EXPECT_NEAR(s.mean(), 1, .004);       // 4 standard errors of .001, false alarm 6e-5
  EXPECT_NEAR(s.deviation(), .2, .003); // 4 standard errors of .0007
  p.mv_type = mv_type::one_pass;        // not used, hence not stored
  compute(p, mvm_direction::forward, 0, [](analog_mvm& m) { EXPECT_TRUE(m.read_asymmetry().empty()); });
}

io_parameters in_parts(mv_type type, unsigned shift = 3) {
  return with(base(), [&](auto& io) {
    io.mv_type = type;
    io.split_mode_bit_shift = shift;
    io.out_res = -1;
  });
}

TEST(parts_of_codes, add_up_to_the_quantised_product) {
  const auto whole = [](mvm_direction direction) {
    return compute(with(base(), [](auto& io) { io.out_res = -1; }), direction);
  };
  for (const auto direction : {mvm_direction::forward, mvm_direction::backward}) {
    const auto expected = whole(direction).y;
    const std::vector<double> y(expected.begin(), expected.end());
    for (unsigned shift = 1; shift < 6; ++shift)
      expect_near(compute(in_parts(mv_type::split_mode, shift), direction).y, y);
    expect_near(compute(in_parts(mv_type::bit_wise), direction).y, y);
  }
}

/// Codes of `input` under ABS_MAX with 63 steps; half of the range is just below 31.5 steps in single precision.
constexpr std::array<int, 4> codes{63, -31, 12, 16};

TEST(parts_of_codes, are_converted_one_by_one) {
  for (const bool bit_wise : {false, true}) {
    auto p = in_parts(bit_wise ? mv_type::bit_wise : mv_type::split_mode);
    p.out_res = 1.0F / 510;
    const float dac = relative_step(p.inp_res) * 2;
    const float adc = relative_step(p.out_res) * 2 * p.out_bound;
    std::vector<double> expected(3);
    for (std::size_t i = 0; i < 3; ++i)
      for (const auto& part : plan_of(p).reads) {
        float sum = 0;
        for (std::size_t j = 0; j < 4; ++j) {
          const int magnitude = (std::abs(codes[j]) >> part.shift) & ((1 << part.bits) - 1);
          sum += weights[i * 4 + j] * dac * static_cast<float>(codes[j] < 0 ? -magnitude : magnitude);
        }
        expected[i] += 2. * (1U << part.shift) * static_cast<double>(adc * std::rint(sum / adc));
      }
    expect_near(compute(p).y, expected);
  }
}

TEST(parts_of_codes, count_the_lines_that_each_read_drives) {
  EXPECT_EQ(compute(in_parts(mv_type::split_mode)).effort.codes.active, 3U + 4U); // the low bits of 16 are zero
  EXPECT_EQ(compute(in_parts(mv_type::bit_wise)).effort.codes.active, 6U + 5U + 2U + 1U);
}

TEST(parts_of_codes, drive_as_long_as_each_part_says) {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  std::uint64_t squares = 0;
  std::uint64_t ones = 0;
  const auto split = in_parts(mv_type::split_mode);
  for (const int code : codes) {
    const auto magnitude = static_cast<unsigned>(std::abs(code));
    const unsigned part = magnitude & ((1U << split.split_mode_bit_shift) - 1);
    low += part;
    high += magnitude >> split.split_mode_bit_shift;
    squares += part * part + (magnitude >> split.split_mode_bit_shift) * (magnitude >> split.split_mode_bit_shift);
    ones += static_cast<std::uint64_t>(std::popcount(magnitude));
  }
  EXPECT_EQ(compute(split).effort.codes.sum, low + high);
  EXPECT_EQ(compute(split).effort.codes.squares, squares);
  EXPECT_EQ(compute(in_parts(mv_type::bit_wise)).effort.codes.sum, ones);
}

TEST(parts_of_codes, repeat_together_when_one_of_them_clips) {
  auto p = in_parts(mv_type::split_mode);
  p.bound_management = bound_management::iterative;
  p.out_bound = .05F; // the high part is at most 7 steps of 1/63
  const auto outcome = compute(p);
  EXPECT_GT(outcome.effort.rounds, 1U);
  EXPECT_GT(outcome.effort.saturations, 0U);
}

TEST(parts_of_codes, need_integer_codes_and_a_place_to_cut) {
  auto p = in_parts(mv_type::split_mode, 5);
  EXPECT_NO_THROW(p.validate());
  p.split_mode_bit_shift = 6;
  EXPECT_THROW(p.validate(), input_error);
  p.split_mode_bit_shift = 0;
  EXPECT_THROW(p.validate(), input_error);
  p = in_parts(mv_type::bit_wise);
  for (const float resolution : {-1.0F, .01F, 100.0F}) {
    p.inp_res = resolution;
    EXPECT_THROW(p.validate(), input_error) << resolution;
  }
  p.inp_res = 254;
  EXPECT_NO_THROW(p.validate());
  EXPECT_EQ(magnitude_bits(p), 7U);
}

std::vector<instruction_set> supported_sets() {
  std::vector<instruction_set> all;
  for (const auto& [name, isa] : names_of(instruction_set{}))
    if (is_supported(isa))
      all.push_back(isa);
  return all;
}

/// Calls f(view, absolute, random) for either direction, with and without factors, of weights and of their magnitudes.
template <typename F>
void for_each_product(array_shape grid, F f) {
  std::vector<float> w(grid.cells());
  std::vector<float> k(w.size());
  const noise_stream random(9, purpose::dataset, {});
  random.fill_normals(0, 0, w);
  random.fill_normals(1, 0, k);
  for (const auto direction : {mvm_direction::forward, mvm_direction::backward})
    for (const float* factors : {static_cast<const float*>(nullptr), static_cast<const float*>(k.data())})
      for (const bool absolute : {false, true})
        f(weight_view{w.data(), grid, direction, factors}, absolute, random);
}

TEST(products, have_the_same_bits_in_every_instruction_set) {
  for (const auto grid : {array_shape{1, 1}, {15, 3}, {16, 8}, {17, 9}, {64, 31}, {130, 33}})
    for_each_product(grid, [&](weight_view view, bool absolute, const noise_stream& random) {
      const auto [inputs, outputs] = grid;
      std::vector<float> x(view.driven_lines());
      random.fill_normals(2, 0, x);
      std::vector<float> reference(view.read_lines());
      std::vector<double> plain(view.read_lines());
      for (std::size_t i = 0; i < outputs; ++i)
        for (std::size_t j = 0; j < inputs; ++j) {
          auto weight = static_cast<double>(view.data[i * inputs + j]);
          if (view.factors != nullptr)
            weight *= static_cast<double>(view.factors[i * inputs + j]);
          const bool forward = view.direction == mvm_direction::forward;
          plain[forward ? i : j] += (absolute ? std::abs(weight) : weight) * static_cast<double>(x[forward ? j : i]);
        }
      const auto product = absolute ? multiply_absolute : multiply;
      const auto one = [&](std::vector<float>& y) {
        const float* in = x.data();
        float* out = y.data();
        product(view, {&in, 1}, {&out, 1});
      };
      one(reference);
      for (std::size_t i = 0; i < plain.size(); ++i)
        EXPECT_NEAR(reference[i], plain[i], 1e-4);
      for (const auto isa : supported_sets()) {
        view.isa = isa;
        std::vector<float> y(view.read_lines());
        one(y);
        EXPECT_EQ(y, reference) << name_of(isa) << ' ' << inputs << 'x' << outputs;
      }
    });
}

TEST(products, of_a_vector_do_not_depend_on_the_others) {
  constexpr std::size_t most = 19; // more than the kernels take at once
  for (const auto grid : {array_shape{1, 1}, {3, 5}, {2, 41}, {33, 17}, {64, 13}, {513, 11}, {70, 139}})
    for_each_product(grid, [&](weight_view view, bool absolute, const noise_stream& random) {
      const auto product = absolute ? multiply_absolute : multiply;
      std::vector<std::vector<float>> x(most, std::vector<float>(view.driven_lines()));
      std::vector<std::vector<float>> alone(most, std::vector<float>(view.read_lines()));
      std::vector<const float*> in;
      for (std::size_t v = 0; v < most; ++v) {
        random.fill_normals(2 + v, 0, x[v]);
        in.push_back(x[v].data());
        float* out = alone[v].data();
        product(view, {&in.back(), 1}, {&out, 1});
      }
      for (const auto isa : supported_sets())
        for (std::size_t vectors = 1; vectors <= most; ++vectors) {
          view.isa = isa;
          auto together = std::vector<std::vector<float>>(vectors, std::vector<float>(view.read_lines()));
          std::vector<float*> out;
          for (auto& y : together)
            out.push_back(y.data());
          product(view, std::span(in).first(vectors), out);
          for (std::size_t v = 0; v < vectors; ++v)
            ASSERT_EQ(together[v], alone[v])
                << name_of(isa) << ' ' << grid.inputs << 'x' << grid.outputs << ' ' << vectors;
        }
    });
}

TEST(products, leave_out_inputs_that_are_all_zero) {
  // Sixteen columns at a time: the bits are those of the same vector in a group, where nothing is left out.
  constexpr array_shape grid{200, 50};
  std::vector<float> w(grid.cells());
  const noise_stream random(9, purpose::dataset, {});
  random.fill_normals(0, 0, w);
  for (const std::size_t kept : {0U, 1U, 7U, 100U}) {
    std::vector<float> x(grid.inputs, -0.0F);
    for (std::size_t j = 0; j < kept; ++j)
      x[(j * 37 + 15) % 100 + 90] = .5F - static_cast<float>(j);
    const float* in = x.data();
    for (const auto isa : supported_sets()) {
      weight_view view{w.data(), grid, mvm_direction::forward};
      view.isa = isa;
      std::vector<float> alone(grid.outputs);
      std::vector<float> together(grid.outputs);
      std::vector<float> others(grid.outputs);
      float* out = alone.data();
      multiply(view, {&in, 1}, {&out, 1});
      const std::array<const float*, 2> both{in, w.data()};
      const std::array<float*, 2> results{together.data(), others.data()};
      multiply(view, both, results);
      EXPECT_EQ(alone, together) << name_of(isa);
      EXPECT_EQ(kept > 0, alone[0] != 0);
    }
  }
}

TEST(converters, give_the_same_codes_for_a_vector_as_one_by_one) {
  const noise_stream random(11, purpose::dataset, {});
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const std::size_t size : {1U, 3U, 15U, 16U, 17U, 100U})
    for (const auto& c : {converter::make(1.0F / 126, 1, false), converter::make(1.0F / 126, 1, true),
                          converter::make(-1, 1, false), converter::make(-1, 0, false)}) {
      std::vector<float> x(size);
      std::vector<float> uniforms(size);
      std::vector<float> normals(size);
      std::vector<float> deviations(size, .25F);
      random.fill_normals(size, 0, x);
      random.fill_normals(size, 1, normals);
      random.fill_uniforms(size, 2, uniforms);
      const std::vector<float> special{.5F * c.step, 2.5F * c.step, 0, -0.0F, infinity, -infinity, 1, -1};
      std::copy_n(special.begin(), std::min(size, special.size()), x.begin());
      deviations.back() = .5F;
      const auto code = [&](float v, std::size_t j) {
        return c.needs_uniforms() ? c.quantise(v, uniforms[j]) : c.quantise(v);
      };
      std::vector<float> inputs(size);
      std::vector<float> results(size);
      input_codes counted;
      saturation_count expected;
      for (std::size_t j = 0; j < size; ++j) {
        inputs[j] = c.clip(code(x[j] * .5F, j));
        const auto k = c.step > 0 ? static_cast<std::uint64_t>(std::rint(std::abs(inputs[j]) / c.step)) : 0;
        counted += {inputs[j] != 0 ? 1U : 0U, k, k * k};
        const float v = code(x[j] + deviations[j] * normals[j], j);
        expected.above += v > c.bound ? 1U : 0U;
        expected.below += v < -c.bound ? 1U : 0U;
        results[j] = c.clip(v) * 3;
      }
      const float* u = c.needs_uniforms() ? uniforms.data() : nullptr;
      for (const auto isa : supported_sets()) {
        std::vector<float> y(size);
        EXPECT_EQ(convert_inputs(c, .5F, x, u, y, dispatch_index(isa)), counted);
        EXPECT_EQ(y, inputs) << name_of(isa);
        y = x;
        const auto clipped = convert_outputs(c, {normals.data(), deviations.data(), 7}, u, 3, y, dispatch_index(isa));
        EXPECT_EQ(y, results) << name_of(isa);
        EXPECT_EQ(clipped.above, expected.above);
        EXPECT_EQ(clipped.below, expected.below);
      }
    }
}

TEST(converters, hand_on_what_is_not_a_number) {
  const auto adc = converter::make(1.0F / 510, 12, false);
  for (const auto isa : supported_sets()) {
    std::vector<float> y(20, std::numeric_limits<float>::quiet_NaN());
    const auto clipped = convert_outputs(adc, {}, nullptr, 1, y, dispatch_index(isa));
    EXPECT_TRUE(std::ranges::all_of(y, [](float v) { return std::isnan(v); }));
    EXPECT_EQ(clipped.above + clipped.below, 0U);
  }
}

TEST(input_scales, are_the_largest_element_wherever_it_is) {
  for (std::size_t size = 1; size < 70; ++size)
    for (std::size_t place = 0; place < size; ++place) {
      std::vector<float> x(size, .25F);
      x[place] = -3;
      EXPECT_EQ(largest_magnitude(x), 3);
      x[place] = 2;
      io_parameters p;
      p.noise_management = noise_management::max;
      EXPECT_EQ(input_scale(p, x), 2);
    }
  EXPECT_EQ(largest_magnitude({}), 0);
}

/// Every way through the periphery.
std::vector<std::pair<std::string, io_parameters>> all_kinds_of_periphery() {
  std::vector<std::pair<std::string, io_parameters>> all;
  const auto add = [&](const std::string& name, const std::function<void(io_parameters&)>& change) {
    io_parameters p;
    p.out_bound = 2; // some vectors repeat
    all.emplace_back(name, with(p, change));
  };
  add("default", [](auto&) {});
  add("perfect", [](auto& p) { p.is_perfect = true; });
  add("ideal", [](auto& p) { p.mv_type = mv_type::ideal; });
  add("continuous", [](auto& p) { p.inp_res = p.out_res = -1; });
  add("stochastic rounding", [](auto& p) { p.inp_sto_round = p.out_sto_round = true; });
  add("input noise", [](auto& p) {
    p.inp_noise = .05F;
    p.inp_asymmetry = .1F;
  });
  add("noise of lines", [](auto& p) { p.out_noise_std = .5F; });
  add("worst case", [](auto& p) { p.bound_management = bound_management::iterative_worst_case; });
  add("sums", [](auto& p) { p.noise_management = noise_management::abs_max_np_sum; });
  add("maximum", [](auto& p) { p.noise_management = noise_management::max; });
  add("constant weight noise", [](auto& p) {
    p.w_noise = .02F;
    p.w_noise_type = weight_noise::additive_constant;
  });
  add("read noise", [](auto& p) {
    p.w_noise = .02F;
    p.w_noise_type = weight_noise::pcm_read;
  });
  add("voltage drop", [](auto& p) { p.ir_drop = 1; });
  add("distorted", [](auto& p) {
    p.out_nonlinearity = .5F;
    p.out_nonlinearity_std = .2F;
    p.slope_calibration = .5F;
    p.out_asymmetry = .05F;
    p.r_series = .05F;
    p.v_offset_std = .1F;
  });
  add("signs", [](auto& p) {
    p.mv_type = mv_type::pos_neg_separate;
    p.w_read_asymmetry_dtod = .1F;
  });
  add("signs, digital", [](auto& p) {
    p.mv_type = mv_type::pos_neg_separate_digital_sum;
    p.inp_noise = .01F;
  });
  add("split", [](auto& p) {
    p.mv_type = mv_type::split_mode;
    p.inp_noise = .01F;
  });
  add("bits", [](auto& p) {
    p.mv_type = mv_type::bit_wise;
    p.out_sto_round = true;
  });
  return all;
}

TEST(groups, give_the_same_bits_as_single_vectors) {
  constexpr std::uint32_t count = analog_mvm::most_vectors;
  std::uint32_t repeated = 0;
  for (const auto& [name, p] : all_kinds_of_periphery())
    for (const auto grid : {array_shape{1, 1}, {3, 5}, {33, 17}, {64, 48}})
      for (const auto direction : {mvm_direction::forward, mvm_direction::backward}) {
        const noise_stream random(5, purpose::dataset, {});
        std::vector<float> w(grid.cells());
        random.fill_normals(0, 0, w);
        weight_view view{w.data(), grid, direction};
        std::vector<float> x(std::size_t{count} * view.driven_lines());
        random.fill_normals(1, 0, x);
        const auto zeros = x.begin() + 2 * static_cast<std::ptrdiff_t>(view.driven_lines());
        std::fill_n(zeros, view.driven_lines(), 0.0F); // one vector is silent
        const auto run = [&](std::uint32_t group, instruction_set isa) {
          view.isa = isa;
          const analog_mvm mvm(p, grid, direction, noise_stream(1, purpose::forward_lines, {}), isa);
          std::pair<std::vector<float>, std::vector<mvm_effort>> result;
          auto& [y, efforts] = result;
          y.resize(std::size_t{count} * view.read_lines());
          efforts.resize(count);
          std::vector<float> scratch(mvm.scratch_size(group), std::numeric_limits<float>::quiet_NaN());
          std::vector<float> scales;
          for (std::uint32_t v = 0; v < count; ++v)
            scales.push_back(input_scale(p, std::span(x).subspan(v * view.driven_lines(), view.driven_lines())));
          for (std::uint32_t v = 0; v < count; v += group) {
            const auto vectors = std::min(group, count - v);
            mvm.run(view, {x.data() + v * view.driven_lines(), vectors, view.driven_lines(), view.driven_lines()},
                    {y.data() + v * view.read_lines(), vectors, view.read_lines(), view.read_lines()},
                    std::span(scales).subspan(v, vectors), noise_stream(1, purpose::forward_noise, {}), 100 + v,
                    scratch, std::span(efforts).subspan(v, vectors));
          }
          return result;
        };
        const auto [y, efforts] = run(1, instruction_set::baseline);
        for (const auto& e : efforts)
          repeated += e.rounds > 1 ? 1 : 0;
        for (const auto isa : supported_sets())
          for (const std::uint32_t group : {1U, 3U, 4U, 7U, count}) {
            const auto [grouped_y, grouped_efforts] = run(group, isa);
            EXPECT_EQ(grouped_y, y) << name << ", groups of " << group << ", " << name_of(isa);
            for (std::uint32_t v = 0; v < count; ++v) {
              EXPECT_EQ(grouped_efforts[v].rounds, efforts[v].rounds) << name;
              EXPECT_EQ(grouped_efforts[v].codes, efforts[v].codes) << name;
              EXPECT_EQ(grouped_efforts[v].saturations, efforts[v].saturations) << name;
            }
          }
      }
  EXPECT_GT(repeated, 100U);
}

/// Mean and standard deviation over 40000 vectors. The published figures have two to four digits and a noise table with
/// up to 0.4 % error in its deviation, so: means within 5 of our standard errors plus 0.002, deviations within 2.5 %
/// (7 standard errors of ours, 0.35 % each). False alarm below 1e-6 per number.
void expect_statistics(const io_parameters& p, const std::vector<double>& means,
                       const std::vector<double>& deviations) {
  std::array<sample, 3> samples;
  constexpr std::uint64_t repeats = 40'000;
  for (std::uint64_t v = 0; v < repeats; ++v) {
    const auto y = compute(p, mvm_direction::forward, v).y;
    for (std::size_t i = 0; i < 3; ++i)
      samples[i].add(y[i]);
  }
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(samples[i].mean(), means[i], 5 * samples[i].error_of_mean() + .002) << i;
    EXPECT_NEAR(samples[i].deviation(), deviations[i], .025 * deviations[i]) << i;
  }
}

TEST(analog_mvm_noise, weight_noise) {
  auto p = with(continuous(), [](auto& io) {
    io.w_noise = .02F;
    io.w_noise_type = weight_noise::additive_constant;
  });
  expect_statistics(p, exact, {.0467, .0467, .0467});
  p.w_noise_type = weight_noise::pcm_read;
  expect_statistics(p, exact, {.0312, .0400, .0283});
}

TEST(analog_mvm_noise, output_noise) {
  expect_statistics(with(continuous(), [](auto& io) { io.out_noise = .06F; }), exact, {.12, .12, .12});
}

TEST(analog_mvm_noise, input_noise) {
  expect_statistics(with(continuous(), [](auto& io) { io.inp_noise = .02F; }), exact, {.0398, .0463, .0500});
}

TEST(analog_mvm_noise, parts_of_codes_weigh_their_noise) {
  // Fresh noise in both passes, the high one times 2^3: .06 * 2 * sqrt(1 + 64), on the quantised product.
  const auto split = with(in_parts(mv_type::split_mode), [](auto& io) { io.out_noise = .06F; });
  const auto y = compute(in_parts(mv_type::one_pass)).y;
  const double deviation = .06 * 2 * std::sqrt(65.);
  expect_statistics(split, {y.begin(), y.end()}, {deviation, deviation, deviation});
  // Six one-bit passes: sum of 4^k.
  const auto bits = with(in_parts(mv_type::bit_wise), [](auto& io) { io.out_noise = .06F; });
  const double all = .06 * 2 * std::sqrt(1365.);
  expect_statistics(bits, {y.begin(), y.end()}, {all, all, all});
}

TEST(analog_mvm_noise, stochastic_rounding) {
  expect_statistics(with(base(), [](auto& io) { io.inp_sto_round = io.out_sto_round = true; }),
                    {1.6458, -1.6317, -.3919}, {.0470, .0445, .0409});
}

TEST(analog_mvm_noise, output_noise_with_converters) {
  expect_statistics(with(base(), [](auto& io) { io.out_noise = .06F; }), {1.6511, -1.6219, -.4005},
                    {.1235, .1232, .1236});
}

TEST(analog_mvm_noise, line_spread_of_noise) {
  auto p = io_parameters{};
  p.out_noise_std = .5F;
  const analog_mvm mvm(p, {4, 20000}, mvm_direction::forward, noise_stream(3, purpose::forward_lines, {}));
  ASSERT_EQ(mvm.lines().out_noise.size(), 20000U);
  sample s;
  for (const float v : mvm.lines().out_noise)
    s.add(v);
  // |N(.06, .03)| folds 2.3 %: mean .06051; 4 standard errors of .00021, false alarm 6e-5.
  EXPECT_NEAR(s.mean(), .06051, .00085);
}

} // namespace
} // namespace tilework::physics
