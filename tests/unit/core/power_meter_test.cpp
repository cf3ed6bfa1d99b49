// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/power_meter.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <sstream>

namespace tilework {
namespace {

struct some_step {
  std::int64_t length = 0; ///< fs
  double energy_J = 0;
};

double peak_of(const std::vector<some_step>& steps, std::int64_t window) {
  peak_power peak(femtoseconds{window});
  for (const auto& s : steps)
    peak.add_step({s.length}, s.energy_J);
  return peak.peak_W();
}

/// Every window that begins at a whole femtosecond, step by step.
double peak_by_hand(const std::vector<some_step>& steps, std::int64_t window) {
  std::vector<double> power; // J per fs
  for (const auto& s : steps)
    power.insert(power.end(), static_cast<std::size_t>(s.length), s.energy_J / static_cast<double>(s.length));
  double largest = 0;
  for (std::size_t begin = 0; begin + static_cast<std::size_t>(window) <= power.size(); ++begin) {
    double sum = 0;
    for (std::size_t t = begin; t < begin + static_cast<std::size_t>(window); ++t)
      sum += power[t];
    largest = std::max(largest, sum);
  }
  return largest / femtoseconds{window}.seconds();
}

std::vector<some_step> random_steps(std::size_t count) {
  std::mt19937 random(7);
  std::vector<some_step> steps;
  for (std::size_t i = 0; i < count; ++i)
    steps.push_back({1 + static_cast<std::int64_t>(random() % 20), static_cast<double>(random() % 1000) * 1e-15});
  return steps;
}

TEST(peak_power, of_single_steps) {
  EXPECT_DOUBLE_EQ(peak_of({{1000, 1e-12}, {500, 2e-12}, {2000, 3e-12}}, 0), 4); // 2 pJ in 0.5 ps
}

TEST(peak_power, of_a_window_between_steps_by_hand) {
  // 1 W for 4 fs, 3 W for 2 fs, 2 W for 4 fs: the best 4 fs are the 3 W and 2 fs of the 2 W.
  EXPECT_NEAR(peak_of({{4, 4e-15}, {2, 6e-15}, {4, 8e-15}}, 4), 2.5, 1e-12);
}

TEST(peak_power, is_the_largest_of_all_windows) {
  const auto steps = random_steps(200);
  for (const std::int64_t window : {1, 3, 10, 57, 300})
    EXPECT_NEAR(peak_of(steps, window) / peak_by_hand(steps, window), 1, 1e-9) << window;
}

TEST(peak_power, is_never_above_that_of_steps_and_the_mean_of_a_short_run) {
  const auto steps = random_steps(500);
  double energy_J = 0;
  std::int64_t time = 0;
  for (const auto& s : steps) {
    energy_J += s.energy_J;
    time += s.length;
  }
  const double mean_W = energy_J / femtoseconds{time}.seconds();
  for (const std::int64_t window : {2, 20, 200})
    EXPECT_LE(peak_of(steps, window), peak_of(steps, 0) * (1 + 1e-9));
  EXPECT_DOUBLE_EQ(peak_of(steps, time + 1), mean_W) << "shorter than the window";
}

TEST(peak_power, of_nothing_is_0) {
  EXPECT_EQ(peak_of({}, 0), 0);
  EXPECT_EQ(peak_of({}, 10), 0);
  EXPECT_EQ(peak_of({{0, 1e-15}}, 0), 0) << "a step without length has no power";
}

TEST(peak_power, goes_on_after_a_resume_as_if_nothing_had_happened) {
  const auto steps = random_steps(300);
  for (const std::int64_t window : {0, 57}) {
    peak_power before(femtoseconds{window});
    for (std::size_t i = 0; i < 150; ++i)
      before.add_step({steps[i].length}, steps[i].energy_J);
    std::stringstream stream;
    byte_writer writer(stream);
    before.save(writer);
    peak_power after(femtoseconds{window});
    byte_reader reader(stream);
    after.restore(reader);
    for (std::size_t i = 150; i < steps.size(); ++i)
      after.add_step({steps[i].length}, steps[i].energy_J);
    EXPECT_EQ(after.peak_W(), peak_of(steps, window));
  }
}

TEST(dynamic_energy, is_that_of_the_priced_counts_of_training) {
  technology tech;
  energy_price conversion{"adc", {action::adc_conversion}, action::adc_conversion, 3e-12, {}};
  tech.energies = {conversion};
  tech.areas = {{component_kind::adc, 1e-12, {}}};
  tech.leakages = {{component_kind::adc, 1e-6, {}}};
  ledger books;
  auto& adc = books.open("adc", component_kind::adc, 4);
  auto& idle = books.open("idle", component_kind::adc, 4);
  const price_list prices(tech, {}, kinds_of(books));
  const std::array<const component_account*, 1> in_use{&adc};
  const dynamic_energy energy(in_use, prices);
  EXPECT_EQ(energy.total_J(), 0);
  adc.counts.add(phase::forward, action::adc_conversion, 10);
  adc.counts.add(phase::transfer, action::adc_conversion, 1);
  adc.counts.add(phase::evaluate, action::adc_conversion, 100);
  idle.counts.add(phase::forward, action::adc_conversion, 1000);
  EXPECT_DOUBLE_EQ(energy.total_J(), 33e-12);
}

} // namespace
} // namespace tilework
