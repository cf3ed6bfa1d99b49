// SPDX-License-Identifier: Apache-2.0
// Published statistics of the reference simulator, as CSV files in the directory that TILEWORK_GOLDEN names; skipped
// without it. The reference draws its normals from a table with up to 0.55 % of sigma error in the mean and 0.4 % in
// the deviation: `table_mean` and `table_deviation` below. All other tolerances are standard errors of both samples.
#include "statistics.h"

#include <tilework/physics/crossbar/analog_array.h>

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace tilework::physics {
namespace {

constexpr double table_mean = .0055;
constexpr double table_deviation = .004;

/// One line of a CSV file, by column name.
using row = std::map<std::string, std::string>;

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      cells.emplace_back();
    else if (c != '\r')
      cells.back() += c;
  }
  return cells;
}

class reference_statistics : public testing::Test {
protected:
  void SetUp() override {
    if (std::getenv("TILEWORK_GOLDEN") == nullptr)
      GTEST_SKIP() << "TILEWORK_GOLDEN is not set";
  }
  static std::vector<row> read(const std::string& file) {
    std::ifstream in(std::string(std::getenv("TILEWORK_GOLDEN")) + "/" + file);
    EXPECT_TRUE(in) << file;
    std::string line;
    std::getline(in, line);
    const auto names = split(line);
    std::vector<row> rows;
    while (std::getline(in, line)) {
      const auto cells = split(line);
      row r;
      for (std::size_t c = 0; c < names.size(); ++c)
        r[names[c]] = cells.at(c);
      rows.push_back(std::move(r));
    }
    return rows;
  }
  /// Numbers of a file without meaning in its columns.
  static std::vector<std::vector<float>> read_matrix(const std::string& file) {
    std::vector<std::vector<float>> matrix;
    for (const auto& r : read(file)) {
      matrix.emplace_back();
      for (std::size_t c = 0; c < r.size(); ++c)
        matrix.back().push_back(std::stof(r.at("c" + std::to_string(c))));
    }
    return matrix;
  }
};

double number(const row& r, const std::string& column) {
  return std::stod(r.at(column));
}

io_parameters forward_case(const std::string& name) {
  io_parameters p;
  if (name.starts_with("det_") || name.starts_with("inp_sto") || name.starts_with("out_sto") ||
      name.starts_with("w_noise"))
    p.out_noise = 0;
  const auto has = [&](const char* part) { return name.find(part) != std::string::npos; };
  if (has("smallbound"))
    p.out_bound = 1;
  if (has("worst"))
    p.bound_management = bound_management::iterative_worst_case;
  if (has("inp_asym"))
    p.inp_asymmetry = .05F;
  if (has("out_asym"))
    p.out_asymmetry = .05F;
  if (has("inp_only"))
    p.out_res = -1, p.out_bound = 0;
  if (has("out_only"))
    p.inp_res = -1;
  if (has("ir_drop1"))
    p.ir_drop = 1;
  if (has("npsum"))
    p.noise_management = noise_management::abs_max_np_sum;
  if (has("constant0p7"))
    p.noise_management = noise_management::constant, p.nm_thres = .7F;
  if (has("nm_max"))
    p.noise_management = noise_management::max;
  if (has("out_nonlin0p1"))
    p.out_nonlinearity = .1F;
  if (has("posneg"))
    p.mv_type = mv_type::pos_neg_separate;
  if (has("posneg_digital"))
    p.mv_type = mv_type::pos_neg_separate_digital_sum;
  if (name == "inp_sto_round")
    p.inp_sto_round = true;
  if (name == "out_sto_round")
    p.out_sto_round = true;
  if (has("w_noise_add"))
    p.w_noise = .02F, p.w_noise_type = weight_noise::additive_constant;
  if (has("w_noise_pcm"))
    p.w_noise = .0175F, p.w_noise_type = weight_noise::pcm_read;
  return p;
}

TEST_F(reference_statistics, forward_and_backward) {
  constexpr array_shape shape{64, 24};
  std::map<std::string, std::vector<float>> weights;
  for (const auto* name : {"w", "wbig"})
    for (const auto& line : read_matrix("forward_" + std::string(name) + ".csv"))
      weights[name].insert(weights[name].end(), line.begin(), line.end());
  const auto x = read_matrix("forward_x.csv");
  const auto d = read_matrix("forward_d.csv");

  std::string key;
  std::vector<sample> samples;
  std::uint64_t group = 0;
  double code = 0;                                 // step of the ADC in units of the result
  std::map<std::string, std::pair<int, int>> ties; // outputs, mismatches of deterministic cases
  for (const auto& r : read("forward_stats.csv")) {
    const auto& name = r.at("case");
    const bool exact = name.starts_with("det_");
    const auto direction = r.at("direction") == "forward" ? mvm_direction::forward : mvm_direction::backward;
    if (const auto now = name + r.at("weights") + r.at("direction") + r.at("input_row"); now != key) {
      key = now;
      const auto io = forward_case(name);
      const analog_mvm mvm(io, shape, direction, noise_stream(1, purpose::forward_lines, {}));
      const auto& in = (direction == mvm_direction::forward ? x : d).at(std::stoul(r.at("input_row")));
      std::vector<float> y(direction == mvm_direction::forward ? 24 : 64);
      std::vector<float> scratch(mvm.scratch_size());
      const noise_stream noise(++group, purpose::forward_noise, {});
      samples.assign(y.size(), {});
      code = static_cast<double>(input_scale(io, in) * converter::make(io.out_res, io.out_bound, false).step);
      for (std::uint64_t v = 0; v < (exact ? 1 : 2000); ++v) {
        mvm.run({weights.at(r.at("weights")).data(), shape, direction}, in, y, input_scale(io, in), noise, v, scratch);
        for (std::size_t i = 0; i < y.size(); ++i)
          samples[i].add(y[i]);
      }
    }
    const auto& s = samples.at(std::stoul(r.at("output")));
    const double mean = number(r, "mean_y");
    if (exact) {
      auto& [outputs, mismatches] = ties[name];
      ++outputs;
      mismatches += std::abs(s.mean() - mean) > 1e-5 * std::max(1.0, std::abs(mean));
      continue;
    }
    // 5.5 standard errors: false alarm 4e-8 per number, 1 in 2000 for the file.
    const double deviation = number(r, "std_y");
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
  const std::vector<float> x{1, .5F, .25F, .1F, .03F, 0, -.3F, -1};
  const std::vector<float> d{1, .3F, .1F, .03F, .01F, 0, -.1F, -.6F};
  constexpr std::uint64_t updates = 5000;
  using changes = std::vector<std::vector<float>>; // per cell
  std::map<std::string, changes> known;
  const auto simulate = [&](const row& r) -> const changes& {
    std::string key;
    for (const auto* column :
         {"pulse_type", "update_management", "update_bl_management", "desired_bl", "lr", "dw_min_std"})
      key += r.at(column) + " ";
    auto& result = known[key];
    if (!result.empty())
      return result;
    array_parameters p;
    constant_step device;
    device.dw_min_dtod = device.up_down_dtod = device.w_max_dtod = device.w_min_dtod = 0;
    device.w_max = 10;
    device.w_min = -10;
    device.dw_min_std = std::stof(r.at("dw_min_std"));
    p.device = device;
    for (const auto& [name, type] : names_of(pulse_type{}))
      if (name == r.at("pulse_type"))
        p.update.pulse_type = type;
    p.update.update_management = r.at("update_management") == "1";
    p.update.update_bl_management = r.at("update_bl_management") == "1";
    p.update.desired_bl = std::stoi(r.at("desired_bl"));
    analog_array array({8, 8}, p, 1, {}, 1);
    const std::vector<float> zero(64);
    result.resize(64);
    for (std::uint64_t v = 0; v < updates; ++v) {
      array.set_weights(zero);
      array.begin_update({x.data(), 1, 8, 8}, {d.data(), 1, 8, 8}, std::stof(r.at("lr")), v);
      for (std::uint32_t b = 0; b < array.blocks(); ++b)
        array.run_block(b);
      array.end();
      for (std::size_t c = 0; c < 64; ++c)
        result[c].push_back(array.weights()[c]);
    }
    return result;
  };
  const auto index = [](const std::vector<float>& values, float v) {
    return static_cast<std::size_t>(std::ranges::find(values, v) - values.begin());
  };

  std::map<std::string, int> rows; // compared, per pulse type
  for (const auto& r : read("update_stats.csv")) {
    ++rows[r.at("pulse_type")];
    const auto& all = simulate(r);
    sample s;
    for (const float w : all.at(index(d, std::stof(r.at("d"))) * 8 + index(x, std::stof(r.at("x")))))
      s.add(w);
    // 5.5 standard errors: false alarm 4e-8 per number.
    const double both = std::sqrt(1.0 / updates + 1 / number(r, "n"));
    const double variance = number(r, "dw_var");
    std::string what;
    for (const auto& [name, value] : r)
      what += name + "=" + value + " ";
    EXPECT_NEAR(s.mean(), number(r, "dw_mean"),
                5.5 * std::sqrt(variance) * both + table_mean * std::sqrt(variance) + 1e-7)
        << what;
    EXPECT_NEAR(s.variance(), variance,
                5.5 * s.error_of_variance() * std::sqrt(1 + updates / number(r, "n")) + 2 * table_deviation * variance +
                    1e-12)
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
  for (const auto& r : read("update_covariance.csv")) {
    const auto& all = simulate(r);
    const auto [a, b] = pairs.at(r.at("pair"));
    sample sa, sb, product;
    for (std::size_t n = 0; n < updates; ++n)
      sa.add(all[a][n]), sb.add(all[b][n]);
    for (std::size_t n = 0; n < updates; ++n)
      product.add((all[a][n] - sa.mean()) * (all[b][n] - sb.mean()));
    EXPECT_NEAR(product.mean(), number(r, "cov"),
                5.5 * product.error_of_mean() * std::sqrt(1 + updates / number(r, "n")) + 1e-12)
        << r.at("pulse_type") << " " << r.at("pair") << " lr " << r.at("lr") << " BL " << r.at("desired_bl");
  }
}

const std::map<std::string, std::string> device_names{
    {"ConstantStepDevice", "ConstantStep"},       {"LinearStepDevice", "LinearStep"},
    {"SoftBoundsDevice", "SoftBounds"},           {"EcRamPresetDevice", "EcRam"},
    {"GokmenVlasovPresetDevice", "GokmenVlasov"}, {"IdealizedPresetDevice", "Idealized"}};

/// Device of the file, with all differences between devices switched off for the variant no_dtod.
device_spec device_of(const row& r) {
  auto spec = device_named(device_names.at(r.at("device")));
  if (r.at("variant") == "no_dtod")
    std::visit(
        []<typename D>(D& p) {
          D::fields([&]<typename M>(std::string_view name, M D::*member, const field&) {
            if (name.ends_with("_dtod"))
              p.*member = M{};
          });
        },
        spec);
  return spec;
}

TEST_F(reference_statistics, pulse_response) {
  constexpr std::uint32_t n = 16'384;
  std::unique_ptr<device_array> devices;
  std::string key;
  std::uint64_t pulses = 0;
  int done = 0;
  for (const auto& r : read("device_pulse_response.csv")) {
    if (!device_names.contains(r.at("device")))
      continue;
    const auto& direction = r.at("direction");
    if (const auto now = r.at("device") + r.at("variant"); now != key) {
      key = now;
      devices = make_devices(device_of(r), {{n, 1}, 1, {}});
    }
    if (std::stoi(r.at("k_pulses")) < done)
      done = 0; // the other direction begins
    std::vector<pulse_run> runs;
    for (std::uint32_t c = 0; c < n; ++c)
      runs.push_back({c, direction == "up" ? 1 : -1});
    for (; done < std::stoi(r.at("k_pulses")); ++done)
      devices->apply_pulses(0, runs, pulses++);
    sample s;
    for (const float w : devices->weights())
      s.add(w);
    // 6 standard errors, because that of the reference comes from 16 tiles only; its deviation from 4096 devices.
    const double deviation = number(r, "w_std");
    const double error = std::hypot(number(r, "w_mean_se_over_tiles"), deviation / std::sqrt(4096), s.error_of_mean());
    EXPECT_NEAR(s.mean(), number(r, "w_mean"), 6 * error + 1e-6) << key << " " << direction << " " << done;
    EXPECT_NEAR(s.variance(), deviation * deviation,
                6 * s.error_of_variance() * std::sqrt(5) + 2 * table_deviation * deviation * deviation + 1e-12)
        << key << " " << direction << " " << done;
  }
}

TEST_F(reference_statistics, device_to_device) {
  for (const auto& r : read("device_hidden_parameters.csv")) {
    if (!device_names.contains(r.at("device")))
      continue;
    const auto& what = r.at("parameter");
    if (what != "max_bound" && what != "min_bound" && what != "dwmin_up" && what != "dwmin_down")
      continue;
    const auto spec = device_of(r);
    const noise_stream stream(1, purpose::device_to_device, {});
    sample s;
    for (std::uint32_t e = 0; e < 40'960; ++e) {
      draw_sequence random(stream, e);
      const auto drawn = std::visit(
          [&](const auto& p) -> device_draw {
            if constexpr (std::is_base_of_v<pulsed_parameters, std::decay_t<decltype(p)>>)
              return draw_device(p, random, false);
            return {};
          },
          spec);
      s.add(what == "max_bound"   ? drawn.max
            : what == "min_bound" ? drawn.min
            : what == "dwmin_up"  ? drawn.up
                                  : drawn.down);
    }
    // 5 standard errors of 4096 and 40960 devices.
    const double deviation = number(r, "std");
    const double more = std::sqrt(1 + 10.0);
    EXPECT_NEAR(s.mean(), number(r, "mean"), 5 * s.error_of_mean() * more + 1e-6) << r.at("device") << " " << what;
    EXPECT_NEAR(s.variance(), deviation * deviation, 5 * s.error_of_variance() * more + 1e-12)
        << r.at("device") << " " << what;
  }
}

} // namespace
} // namespace tilework::physics
