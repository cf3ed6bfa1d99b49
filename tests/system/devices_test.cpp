// SPDX-License-Identifier: Apache-2.0
// Devices from the outside: what they answer to pulses, files that describe them, measured curves.
#include "support/small_runs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>

namespace tilework::test {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

using response_row = std::map<std::string, std::string>;

double number(const response_row& row, const std::string& column) {
  return std::strtod(row.at(column).c_str(), nullptr);
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, ',');)
    cells.push_back(cell);
  return cells;
}

std::vector<response_row> response(const std::string& csv) {
  std::vector<response_row> rows;
  const auto lines = lines_of(csv);
  EXPECT_EQ(lines.at(0), "device,phase,pulse,mean,std,min,p5,median,p95,max");
  const auto names = cells_of(lines.at(0));
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto cells = cells_of(lines[i]);
    EXPECT_EQ(cells.size(), names.size()) << lines[i];
    response_row row;
    for (std::size_t c = 0; c < names.size(); ++c)
      row[names[c]] = cells.at(c);
    rows.push_back(row);
  }
  return rows;
}

TEST(respond, soft_bounds_saturate_at_their_bound) {
  constexpr int pulses = 5000;
  const auto result = run_program({"devices", "respond", "SoftBounds", "--pulses", "5000", "--devices", "400"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto rows = response(result.out);
  ASSERT_EQ(rows.size(), 2U * pulses + 1);
  const auto mean = [&](std::size_t pulse) { return number(rows[pulse], "mean"); };
  EXPECT_EQ(mean(0), 0.0);
  EXPECT_GT(mean(500) - mean(0), 5 * (mean(5000) - mean(4500)));
  // The bounds have mean 0.6 and a spread of 0.18 over devices: 0.009 for the mean of 400. 0.05 is more than five
  // times that, a false alarm below 1e-7; what 5000 steps of 0.001 leave to go is below 0.001.
  EXPECT_NEAR(mean(pulses), 0.6, 0.05);
  EXPECT_NEAR(mean(2 * pulses), -0.6, 0.05);
  EXPECT_EQ(rows[0].at("phase"), "program");
  EXPECT_EQ(rows[pulses].at("phase"), "up");
  EXPECT_EQ(rows[pulses + 1].at("phase"), "down");
  EXPECT_EQ(rows[pulses + 1].at("pulse"), "1");
  for (const auto& row : {rows[100], rows[pulses], rows.back()})
    for (const auto& [low, high] : {std::pair{"min", "p5"}, {"p5", "median"}, {"median", "p95"}, {"p95", "max"}})
      EXPECT_LT(number(row, low), number(row, high)) << low;
}

TEST(respond, every_device_answers_alike_with_one_seed_and_differently_with_another) {
  for (const std::string name : {"ConstantStep", "LinearStep", "ReRamES", "PCMUnitCell", "EcRam4", "ReRamArrayOM"}) {
    const std::vector<std::string> call{"devices", "respond", name, "--pulses", "20", "--devices", "5"};
    const auto first = run_program(call);
    ASSERT_EQ(first.exit_code, 0) << first.err;
    EXPECT_EQ(run_program(call).out, first.out) << name;
    auto other = call;
    other.insert(other.end(), {"--seed", "2"});
    EXPECT_NE(run_program(other).out, first.out) << name;
  }
}

TEST(respond, shows_the_error_of_programming) {
  // Write noise of ReRamArrayOM: 1.4113 steps of 0.0949 = 0.134 on every setting. 2000 devices: 2 % of it, five times.
  const auto noisy = run_program({"devices", "respond", "ReRamArrayOM", "--pulses", "1", "--devices", "2000"});
  EXPECT_NEAR(number(response(noisy.out).at(0), "std"), 0.1339, 0.1 * 0.1339);
  const auto exact = run_program({"devices", "respond", "ConstantStep", "--pulses", "1"});
  EXPECT_EQ(number(response(exact.out).at(0), "std"), 0);
}

TEST(respond, one_sided_cells_go_up_and_come_back) {
  const auto result = run_program({"devices", "respond", "PCMUnitCell", "--pulses", "60", "--devices", "400"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto rows = response(result.out);
  const auto top = number(rows.at(60), "mean");
  EXPECT_GT(top, 1);
  // Both sides have the same law: 60 pulses on the other side undo 60 pulses. A cell has a spread of about 0.5: 0.025
  // for the mean, of which 0.2 is eight times.
  EXPECT_NEAR(number(rows.at(120), "mean"), 0, 0.2);
  EXPECT_EQ(run_program({"devices", "respond", "Ideal"}).exit_code, 2);
}

TEST(respond, writes_a_table_and_a_picture) {
  const temporary_directory folder;
  const auto call = [&](const std::string& out) {
    return run_program({"devices", "respond", "EcRam", "ReRamES", "--pulses", "10", "--out", (folder / out).string()});
  };
  const auto result = call("response");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(response(read_file(folder / "response.csv")).size(), 2U * 21U);
  const auto svg = read_file(folder / "response.svg");
  for (const std::string part : {"<svg", "EcRam", "ReRamES", "pulses", "weight", "</svg>"})
    EXPECT_TRUE(contains(svg, part)) << part;
  ASSERT_EQ(call("picture.png").exit_code, 0);
  EXPECT_EQ(read_file(folder / "picture.png").substr(1, 3), "PNG");
  EXPECT_TRUE(std::filesystem::exists(folder / "picture.csv"));
  const auto nowhere = call("no-such-folder/response");
  EXPECT_EQ(nowhere.exit_code, 3);
  EXPECT_TRUE(contains(nowhere.err, "cannot write")) << nowhere.err;
}

TEST(respond, keeps_the_table_if_gnuplot_is_missing) {
  const temporary_directory folder;
  const auto result = run_program(
      {.arguments = {"devices", "respond", "EcRam", "--pulses", "10", "--out", (folder / "response").string()},
       .environment = {{"PATH", "/nonexistent"}}});
  EXPECT_EQ(result.exit_code, 3);
  ASSERT_EQ(lines_of(result.err).size(), 1U) << result.err;
  EXPECT_TRUE(contains(result.err, "gnuplot is missing; install the package gnuplot-nox")) << result.err;
  EXPECT_EQ(response(read_file(folder / "response.csv")).size(), 21U);
  EXPECT_FALSE(std::filesystem::exists(folder / "response.svg"));
}

TEST(device_file, is_shown_checked_and_pulsed) {
  const temporary_directory folder;
  const auto file = (folder / "mine.yaml").string();
  write_file(file, "extends: EcRam\ndw_min: 0.0123\n");
  const auto shown = run_program({"devices", "show", file});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_TRUE(contains(shown.out, "model LinearStep"));
  EXPECT_TRUE(contains(shown.out, "0.0123"));
  EXPECT_EQ(run_program({"check", file}).out, file + ": valid device\n");
  EXPECT_EQ(run_program({"devices", "respond", file, "--pulses", "3"}).exit_code, 0);
  write_file(file, "model: LinearStep\ndw_mim: 0.1\n");
  const auto refused = run_program({"check", file});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_TRUE(contains(refused.err, file + ":2:1: unknown key 'dw_mim' in device; did you mean 'dw_min'?"))
      << refused.err;
}

TEST(device_file, tables_of_parameters_fit_a_terminal) {
  for (const auto& line : lines_of(run_program({"devices", "show", "LinearStep"}).out))
    EXPECT_LE(std::ranges::count_if(line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }), 130)
        << line;
}

/// A simulated measurement of SoftBounds devices and a device file that fits it.
class measured : public testing::Test {
protected:
  measured() {
    const auto simulated = run_program({"devices", "respond", "SoftBounds", "--pulses", "1500", "--devices", "8",
                                        "--curve", (folder / "pulses.csv").string()});
    EXPECT_EQ(simulated.exit_code, 0) << simulated.err;
  }
  [[nodiscard]] std::string device(const std::string& yaml) const {
    write_file(folder / "device.yaml", yaml);
    return (folder / "device.yaml").string();
  }
  [[nodiscard]] std::string refusal(const std::string& yaml) const {
    const auto result = run_program({"check", device(yaml)});
    EXPECT_EQ(result.exit_code, 2) << yaml;
    EXPECT_EQ(lines_of(result.err).size(), 1U) << result.err;
    return result.err;
  }
  temporary_directory folder;
};

TEST_F(measured, curves_give_a_device_an_error_and_a_picture) {
  const auto file = device("from_curve: pulses.csv\n");
  EXPECT_EQ(run_program({"check", file}).out, file + ": valid device\n");
  const auto shown = run_program({"devices", "show", file});
  EXPECT_TRUE(contains(shown.out, "model PiecewiseStep")) << shown.out;
  EXPECT_TRUE(contains(shown.out, "(8 devices, 12008 readings): rms error")) << shown.out;
  const auto pulsed = run_program({"devices", "respond", file, "--out", (folder / "fit").string()});
  EXPECT_EQ(pulsed.exit_code, 0) << pulsed.err;
  EXPECT_TRUE(contains(pulsed.err, "PiecewiseStep fitted to ")) << pulsed.err;
  const auto svg = read_file(folder / "fit.svg");
  EXPECT_TRUE(contains(svg, "measured and fit"));
}

TEST_F(measured, explicit_keys_win_over_fitted_ones) {
  const auto shown =
      run_program({"devices", "show", device("from_curve: pulses.csv\nmodel: SoftBounds\ndw_min_std: 0.125\n")});
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_TRUE(contains(shown.out, "0.125"));
  EXPECT_TRUE(contains(shown.out, "model SoftBounds"));
}

TEST_F(measured, keys_of_the_fit_belong_to_a_fit) {
  EXPECT_TRUE(contains(refusal("model: PiecewiseStep\nnodes: 5\n"), "unknown key 'nodes'"));
  EXPECT_TRUE(contains(refusal("from_curve: pulses.csv\nmodel: SoftBounds\nnodes: 5\n"), "unknown key 'nodes'"));
  EXPECT_TRUE(contains(refusal("from_curve: pulses.csv\nnode: 5\n"), "did you mean 'nodes'?"));
  EXPECT_TRUE(contains(refusal("from_curv: pulses.csv\nmodel: SoftBounds\n"), "did you mean 'from_curve'?"));
  EXPECT_TRUE(contains(refusal("from_curve: pulses.csv\nnodes: 1\n"), "from 2 to 1000"));
  EXPECT_TRUE(contains(refusal("from_curve: pulses.csv\nmodel: ExpStep\n"), "cannot be fitted to a curve"));
  EXPECT_TRUE(contains(refusal("from_curve: pulses.csv\nextends: EcRam\n"), "cannot extend a preset"));
  EXPECT_TRUE(contains(refusal("from_curve: other.csv\n"), "other.csv:0:0: cannot open the curve"));
  write_file(folder / "pulses.csv", "pulse,direction,weight\n1,up,1\n2,sideways,2\n");
  EXPECT_TRUE(contains(refusal("from_curve: pulses.csv\n"), "pulses.csv:3:0: direction: expected up or down"));
  write_file(folder / "pulses.csv", "pulse,direction,weight\n0,up,1\n1,up,2\n");
  EXPECT_TRUE(contains(refusal("from_curve: pulses.csv\n"), "pulses.csv:0:0: device 1: no down pulses"));
}

TEST(measured_device, trains_and_its_resolved_configuration_needs_no_curve) {
  const temporary_directory folder;
  const auto example = source_folder() / "workloads/experiments/glyphs_measured_device.yaml";
  const auto first = run_program({"run", example.string(), "--out", (folder / "first").string(), "--set",
                                  "dataset={name: glyphs, train_samples: 300, test_samples: 100}"});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_TRUE(contains(first.err, "simulated_synapse.csv (4 devices, 964 readings): rms error")) << first.err;
  const auto configuration = read_file(folder.path() / "first/config.yaml");
  EXPECT_FALSE(contains(configuration, "from_curve"));
  EXPECT_FALSE(contains(configuration, "nodes"));
  EXPECT_TRUE(contains(configuration, "model: PiecewiseStep"));
  EXPECT_TRUE(contains(configuration, "piecewise_up"));
  write_file(folder / "config.yaml", configuration); // apart from the files around it
  const auto again = run_program({"run", (folder / "config.yaml").string(), "--out", (folder / "second").string()});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(without_host(summary_in(folder / "first")), without_host(summary_in(folder / "second")));
}

} // namespace
} // namespace tilework::test
