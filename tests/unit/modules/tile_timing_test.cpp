// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/tile/tile_timing.h>

#include <gtest/gtest.h>

#include <algorithm>

namespace tilework::hardware {
namespace {

constexpr femtoseconds ns(std::int64_t n) {
  return {n * 1'000'000};
}

/// t_int = 2 (2^3 - 1) 1 ns = 14 ns, t_conv = (5 + 1) 1 ns = 6 ns.
tile_configuration example() {
  tile_configuration c;
  c.inputs = 16;
  c.outputs = 12;
  c.dac = {.kind = dac_kind::pwm, .bits = 4, .slot = ns(1), .sign = input_sign::two_phase};
  c.adc = {.kind = adc_kind::sar, .bits = 5, .cycle = ns(1), .lines_per_adc = 4};
  c.pulse = {.width = ns(4), .period = ns(5), .phases = 2};
  c.output_latency = ns(3);
  c.program_row_time = ns(100);
  return c;
}

constexpr femtoseconds t_int = ns(14);
constexpr femtoseconds t_conv = ns(6);

operation_activity one_round(std::uint32_t vectors) {
  operation_activity a;
  a.vectors_in_round[0] = vectors;
  return a;
}

TEST(tile_timing, integration_is_slots_times_sign_phases) {
  auto c = example();
  EXPECT_EQ(tile_timing(c).integration_time(), ns(14));
  c.dac.sign = input_sign::one_phase;
  EXPECT_EQ(tile_timing(c).integration_time(), ns(7));
  c.dac.bits = 7;
  EXPECT_EQ(tile_timing(c).integration_time(), ns(63));
  c.dac.kind = dac_kind::voltage;
  EXPECT_EQ(tile_timing(c).integration_time(), ns(1));
  c.dac.sign = input_sign::two_phase;
  EXPECT_EQ(tile_timing(c).integration_time(), ns(2));
}

TEST(tile_timing, conversion_depends_on_the_kind_of_adc) {
  auto c = example();
  c.adc.fixed_conversion = ns(17);
  for (unsigned bits : {1U, 5U, 9U}) {
    c.adc.bits = bits;
    c.adc.kind = adc_kind::sar;
    EXPECT_EQ(tile_timing(c).conversion_time(), ns(bits + 1));
    c.adc.kind = adc_kind::ramp;
    EXPECT_EQ(tile_timing(c).conversion_time(), ns(1 << bits));
    c.adc.kind = adc_kind::fixed;
    EXPECT_EQ(tile_timing(c).conversion_time(), ns(17));
  }
}

TEST(tile_timing, fewer_lines_than_an_adc_serves_take_fewer_conversions) {
  const tile_timing timing(example());
  EXPECT_EQ(timing.conversions_in_series(1), 1U);
  EXPECT_EQ(timing.conversions_in_series(3), 3U);
  EXPECT_EQ(timing.conversions_in_series(4), 4U);
  EXPECT_EQ(timing.conversions_in_series(12), 4U);
}

/// Expected latency and interval for m conversions in series.
struct law {
  sample_and_hold_kind kind{};
  femtoseconds latency;
  femtoseconds interval;
  std::uint32_t reads = 0;
};

class burst : public testing::TestWithParam<std::uint32_t> {
protected:
  std::uint32_t m = GetParam(); ///< lines per ADC
  std::vector<law> laws{
      {sample_and_hold_kind::none, m*(t_int + t_conv), m*(t_int + t_conv), m},
      {sample_and_hold_kind::single, t_int + m* t_conv, t_int + m* t_conv, 1},
      {sample_and_hold_kind::double_buffered, t_int + m* t_conv, std::max(t_int, m* t_conv), 1},
  };
};

TEST_P(burst, takes_latency_and_one_interval_per_further_vector) {
  for (const auto& expected : laws) {
    auto c = example();
    c.adc.lines_per_adc = m;
    c.sample_and_hold = expected.kind;
    const tile_timing timing(c);
    EXPECT_EQ(timing.latency(12), expected.latency);
    EXPECT_EQ(timing.interval(12), expected.interval);
    EXPECT_EQ(timing.reads_per_pass(12), expected.reads);
    for (std::uint32_t n : {1U, 2U, 3U, 17U, 1000U}) {
      const auto length = expected.latency + (n - 1) * expected.interval;
      const auto t = timing.mvm(12, one_round(n));
      EXPECT_EQ(t.done, length + ns(3)) << n;
      EXPECT_EQ(t.adc_begin, t_int);
      EXPECT_EQ(t.adc_begin + t.adc_busy, length);
      const bool frees_array_early = expected.kind == sample_and_hold_kind::double_buffered;
      EXPECT_EQ(t.array_busy, frees_array_early ? length - m * t_conv : length);
    }
  }
}

TEST_P(burst, rounds_of_bound_management_follow_each_other) {
  for (const auto& expected : laws) {
    auto c = example();
    c.adc.lines_per_adc = m;
    c.sample_and_hold = expected.kind;
    operation_activity a;
    a.vectors_in_round = {10, 4, 1};
    const auto length = 3 * expected.latency + (9 + 3 + 0) * expected.interval;
    EXPECT_EQ(tile_timing(c).mvm(12, a).done, length + ns(3));
  }
}

// 2 m t_conv = 12 ns < t_int = 14 ns < 3 m t_conv = 18 ns: both branches of the maximum.
INSTANTIATE_TEST_SUITE_P(lines_per_adc, burst, testing::Values(1, 2, 3, 8));

/// Plans of a DAC with three magnitude bits.
struct coded_pass {
  physics::mv_type type{};
  std::vector<std::int64_t> slots{}; ///< of the reads between conversions, with a two-phase DAC
  std::int64_t all_slots = 0;
};

physics::read_plan plan_for(physics::mv_type type) {
  physics::io_parameters io;
  io.inp_res = 1.0F / 14;
  io.mv_type = type;
  io.split_mode_bit_shift = 2;
  return physics::plan_of(io);
}

const std::vector<coded_pass> coded_passes{
    {physics::mv_type::one_pass, {14}, 14},
    {physics::mv_type::pos_neg_separate, {14}, 14},               // 7 slots for each sign, then one conversion
    {physics::mv_type::pos_neg_separate_digital_sum, {7, 7}, 14}, // the same with two conversions
    {physics::mv_type::split_mode, {6, 2}, 8},                    // 2 * 3 for two bits, 2 * 1 for the third one
    {physics::mv_type::bit_wise, {2, 2, 2}, 6},
};

TEST(tile_timing, parts_of_a_code_take_their_slots) {
  for (const auto& pass : coded_passes) {
    EXPECT_EQ(tile_timing(example()).slots(plan_for(pass.type)), pass.all_slots);
    EXPECT_EQ(plan_for(pass.type).conversions(), pass.slots.size());
  }
  auto c = example();
  c.dac.sign = input_sign::one_phase; // signs apart still take one phase each
  EXPECT_EQ(tile_timing(c).slots(plan_for(physics::mv_type::pos_neg_separate)), 14);
  EXPECT_EQ(tile_timing(c).slots(plan_for(physics::mv_type::split_mode)), 3 + 1);
  c.dac.kind = dac_kind::voltage;
  EXPECT_EQ(tile_timing(c).slots(plan_for(physics::mv_type::bit_wise)), 3);
}

/// Walks through a burst part by part: integrate, then convert; with two sets of capacitors the next integration begins
/// with the conversion, and both must end before the part after that.
femtoseconds walked(const coded_pass& pass, sample_and_hold_kind kind, std::int64_t m, std::uint32_t vectors) {
  femtoseconds now;
  femtoseconds pending; // conversion that runs beside the integration
  for (std::uint32_t v = 0; v < vectors; ++v)
    for (const auto slots : pass.slots)
      switch (kind) {
      case sample_and_hold_kind::none:
        now += (ns(slots) + t_conv) * m;
        break;
      case sample_and_hold_kind::single:
        now += ns(slots) + t_conv * m;
        break;
      case sample_and_hold_kind::double_buffered:
        now += std::max(ns(slots), pending);
        pending = t_conv * m;
        break;
      }
  return now + pending;
}

TEST_P(burst, with_parts_of_codes_is_that_of_a_walk_through_its_parts) {
  for (const auto& pass : coded_passes)
    for (const auto kind :
         {sample_and_hold_kind::none, sample_and_hold_kind::single, sample_and_hold_kind::double_buffered})
      for (const std::uint32_t n : {1U, 2U, 17U}) {
        auto c = example();
        c.adc.lines_per_adc = m;
        c.sample_and_hold = kind;
        const auto t = tile_timing(c).mvm(12, one_round(n), plan_for(pass.type));
        const auto length = walked(pass, kind, m, n);
        EXPECT_EQ(t.done, length + ns(3));
        EXPECT_EQ(t.adc_begin, ns(pass.slots.front()));
        EXPECT_EQ(t.adc_begin + t.adc_busy, length);
        EXPECT_EQ(t.array_busy, kind == sample_and_hold_kind::double_buffered ? length - m * t_conv : length);
      }
}

TEST(tile_timing, vectors_answered_with_zeros_take_no_time) {
  const auto t = tile_timing(example()).mvm(12, {});
  EXPECT_EQ(t.done, femtoseconds{});
  EXPECT_EQ(t.array_busy, femtoseconds{});
  EXPECT_EQ(t.adc_busy, femtoseconds{});
}

TEST(tile_timing, update_is_slots_times_period_times_phases) {
  auto c = example();
  operation_activity a;
  a.pulse_slots = 31 + 7 + 1;
  EXPECT_EQ(tile_timing(c).update(a), ns(39 * 5 * 2));
  c.pulse.phases = 1;
  EXPECT_EQ(tile_timing(c).update(a), ns(39 * 5));
  EXPECT_EQ(tile_timing(c).update({}), femtoseconds{});
}

TEST(tile_timing, programming_writes_input_line_by_input_line) {
  EXPECT_EQ(tile_timing(example()).program(16), ns(1600));
}

} // namespace
} // namespace tilework::hardware
