// SPDX-License-Identifier: Apache-2.0
// Published statistics of the reference simulator, as CSV files in the directory that TILEWORK_GOLDEN names; skipped
// without it. The reference draws its normals from a table with up to 0.55 % of sigma error in the mean and 0.4 % in
// the deviation: `table_mean` and `table_deviation` below. All other tolerances are standard errors of both samples.
#include "statistics.h"
#include "support/golden.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tilework::physics {
namespace {

constexpr double table_mean = .0055;
constexpr double table_deviation = .004;

class reference_statistics : public testing::Test {
protected:
  void SetUp() override {
    if (test::golden_directory().empty())
      GTEST_SKIP() << "TILEWORK_GOLDEN is not set";
  }
};

TEST_F(reference_statistics, forward_and_backward) {
  const auto golden = test::golden_products::read();
  const auto shape = test::golden_products::shape;

  std::string key;
  std::vector<sample> samples;
  std::uint64_t group = 0;
  double code = 0;                                 // step of the ADC in units of the result
  std::map<std::string, std::pair<int, int>> ties; // outputs, mismatches of deterministic cases
  for (const auto& r : test::read_golden("forward_stats.csv")) {
    const auto& name = r.at("case");
    const bool exact = name.starts_with("det_");
    const auto direction = r.at("direction") == "forward" ? mvm_direction::forward : mvm_direction::backward;
    if (const auto now = name + r.at("weights") + r.at("direction") + r.at("input_row"); now != key) {
      key = now;
      const auto io = test::golden_io(name);
      const analog_mvm mvm(io, shape, direction, noise_stream(1, purpose::forward_lines, {}));
      const auto& in = (direction == mvm_direction::forward ? golden.x : golden.d).at(std::stoul(r.at("input_row")));
      std::vector<float> y(direction == mvm_direction::forward ? 24 : 64);
      std::vector<float> scratch(mvm.scratch_size());
      const noise_stream noise(++group, purpose::forward_noise, {});
      samples.assign(y.size(), {});
      code = static_cast<double>(input_scale(io, in) * converter::make(io.out_res, io.out_bound, false).step);
      for (std::uint64_t v = 0; v < (exact ? 1 : 2000); ++v) {
        mvm.run({golden.weights.at(r.at("weights")).data(), shape, direction}, in, y, input_scale(io, in), noise, v,
                scratch);
        for (std::size_t i = 0; i < y.size(); ++i)
          samples[i].add(y[i]);
      }
    }
    const auto& s = samples.at(std::stoul(r.at("output")));
    const double mean = test::number(r, "mean_y");
    if (exact) {
      auto& [outputs, mismatches] = ties[name];
      ++outputs;
      mismatches += std::abs(s.mean() - mean) > 1e-5 * std::max(1.0, std::abs(mean));
      continue;
    }
    // 5.5 standard errors: false alarm 4e-8 per number, 1 in 2000 for the file.
    const double deviation = test::number(r, "std_y");
    const double error = deviation * std::sqrt(1.0 / 2000 + 1.0 / 16000);
    // An output may change its code so rarely that one of the samples has none of it: allow for 12 changes in 2000.
    const double changes = 12.0 / 2000;
    EXPECT_NEAR(s.mean(), mean, 5.5 * error + table_mean * deviation + changes * code) << key << " " << r.at("output");
    if (deviation < code / 4)
      continue; // almost always the same code: rare changes decide the variance
    EXPECT_NEAR(s.variance(), deviation * deviation,
                5.5 * s.error_of_variance() * std::sqrt(1 + 1.0 / 8) + 2 * table_deviation * deviation * deviation +
                    changes * code * code)
        << key << " " << r.at("output");
  }
  for (const auto& [name, count] : ties)
    EXPECT_LE(count.second, count.first / 100) << name << ": half-code ties";
}

TEST_F(reference_statistics, pulsed_updates) {
  const auto& x = test::golden_update_operands::x;
  const auto& d = test::golden_update_operands::d;
  constexpr std::uint64_t updates = 5000;
  using changes = std::vector<std::vector<float>>; // per cell
  std::map<std::string, changes> known;
  const auto simulate = [&](const test::csv_row& r) -> const changes& {
    std::string key;
    for (const auto* column : test::golden_update_columns)
      key += r.at(column) + " ";
    auto& result = known[key];
    if (!result.empty())
      return result;
    analog_array array({8, 8}, test::golden_update(r), 1, {}, 1);
    const std::vector<float> zero(64);
    result.resize(64);
    for (std::uint64_t v = 0; v < updates; ++v) {
      array.set_weights(zero);
      array.begin_update({x.data(), 1, 8, 8}, {d.data(), 1, 8, 8}, std::stof(r.at("lr")), v);
      run_inline(array);
      array.end();
      for (std::size_t c = 0; c < 64; ++c)
        result[c].push_back(array.weights()[c]);
    }
    return result;
  };
  const auto index = [](std::span<const float> values, float v) {
    return static_cast<std::size_t>(std::ranges::find(values, v) - values.begin());
  };

  std::map<std::string, int> rows; // compared, per pulse type
  for (const auto& r : test::read_golden("update_stats.csv")) {
    ++rows[r.at("pulse_type")];
    const auto& all = simulate(r);
    sample s;
    for (const float w : all.at(index(d, std::stof(r.at("d"))) * 8 + index(x, std::stof(r.at("x")))))
      s.add(w);
    // 5.5 standard errors: false alarm 4e-8 per number.
    const double both = std::sqrt(1.0 / updates + 1 / test::number(r, "n"));
    const double variance = test::number(r, "dw_var");
    std::string what;
    for (const auto& [name, value] : r)
      what += name + "=" + value + " ";
    EXPECT_NEAR(s.mean(), test::number(r, "dw_mean"),
                5.5 * std::sqrt(variance) * both + table_mean * std::sqrt(variance) + 1e-7)
        << what;
    EXPECT_NEAR(s.variance(), variance,
                5.5 * s.error_of_variance() * std::sqrt(1 + updates / test::number(r, "n")) +
                    2 * table_deviation * variance + 1e-12)
        << what;
  }

  for (const auto& [name, type] : names_of(pulse_type{}))
    EXPECT_EQ(rows.contains(std::string(name)), type != pulse_type::none) << name;

  // Cross-points that share a line are correlated; with levels instead of trains nothing varies at all.
  const std::map<std::string, std::pair<std::size_t, std::size_t>> pairs{
      {"same_row_d=.3:x=.5,x=.25", {1 * 8 + 1, 1 * 8 + 2}},
      {"same_col_x=.5:d=.3,d=.1", {1 * 8 + 1, 2 * 8 + 1}},
      {"same_row_d=1:x=1,x=.5", {0 * 8 + 0, 0 * 8 + 1}},
      {"diag", {1 * 8 + 1, 2 * 8 + 2}}};
  for (const auto& r : test::read_golden("update_covariance.csv")) {
    const auto& all = simulate(r);
    const auto [a, b] = pairs.at(r.at("pair"));
    sample sa, sb, product;
    for (std::size_t n = 0; n < updates; ++n)
      sa.add(all[a][n]), sb.add(all[b][n]);
    for (std::size_t n = 0; n < updates; ++n)
      product.add((all[a][n] - sa.mean()) * (all[b][n] - sb.mean()));
    EXPECT_NEAR(product.mean(), test::number(r, "cov"),
                5.5 * product.error_of_mean() * std::sqrt(1 + updates / test::number(r, "n")) + 1e-12)
        << r.at("pulse_type") << " " << r.at("pair") << " lr " << r.at("lr") << " BL " << r.at("desired_bl");
  }
}

/// The first pulses; the golden statistics under tests/validation have all of them.
TEST_F(reference_statistics, pulse_response) {
  constexpr std::uint32_t n = 4096;
  constexpr int most_pulses = 200;
  std::unique_ptr<device_array> devices;
  std::string key;
  std::uint64_t pulses = 0;
  int done = 0;
  for (const auto& r : test::read_golden("device_pulse_response.csv")) {
    if (std::stoi(r.at("k_pulses")) > most_pulses || r.at("direction") == "down")
      continue;
    if (test::golden_device_name(r.at("device")).empty())
      continue;
    if (const auto now = r.at("device") + r.at("variant"); now != key) {
      key = now;
      done = 0;
      devices = test::golden_device(r).make({{n, 1}, 1, {}});
      devices->program(std::vector<float>(n), 0); // with its write noise
    }
    std::vector<pulse_run> runs;
    for (std::uint32_t c = 0; c < n; ++c)
      runs.push_back({c, 1});
    for (; done < std::stoi(r.at("k_pulses")); ++done)
      devices->apply_pulses(0, runs, pulses++);
    sample s;
    for (const float w : devices->weights())
      s.add(w);
    // 6 standard errors, because that of the reference comes from 16 tiles only; its deviation from 4096 devices.
    const double deviation = test::number(r, "w_std");
    const double error =
        std::hypot(test::number(r, "w_mean_se_over_tiles"), deviation / std::sqrt(4096), s.error_of_mean());
    EXPECT_NEAR(s.mean(), test::number(r, "w_mean"), 6 * error + 1e-6) << key << " " << done;
    EXPECT_NEAR(s.variance(), deviation * deviation,
                6 * s.error_of_variance() * std::sqrt(2) + 2 * table_deviation * deviation * deviation + 1e-12)
        << key << " " << done;
  }
}

TEST_F(reference_statistics, device_to_device) {
  for (const auto& r : test::read_golden("device_hidden_parameters.csv")) {
    if (test::golden_device_name(r.at("device")).empty())
      continue;
    const auto& what = r.at("parameter");
    const auto drawn = test::golden_hidden_parameter(test::golden_device(r), what, 1, 40'960);
    if (drawn.empty())
      continue;
    sample s;
    for (const float v : drawn)
      s.add(v);
    // 5 standard errors of 4096 and 40960 devices.
    const double deviation = test::number(r, "std");
    const double more = std::sqrt(1 + 10.0);
    const double mean = test::number(r, "mean"); // six digits
    EXPECT_NEAR(s.mean(), mean, 5 * s.error_of_mean() * more + 1e-6 * std::max(1.0, std::abs(mean)))
        << r.at("device") << " " << what;
    EXPECT_NEAR(s.variance(), deviation * deviation, 5 * s.error_of_variance() * more + 1e-12)
        << r.at("device") << " " << what;
  }
}

} // namespace
} // namespace tilework::physics
