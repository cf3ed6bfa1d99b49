// SPDX-License-Identifier: Apache-2.0
// Calendars and routers of every network: same values, counts and dynamic energy, and a report that says which it was.
#include "support/options.h"
#include "support/small_runs.h"

#include <gtest/gtest.h>

#include <map>
#include <ostream>

namespace tilework::test {
namespace {

struct network_run {
  json summary;
  std::string out;                                                 ///< closing tables
  std::map<std::string, std::pair<std::uint64_t, double>> dynamic; ///< count and energy by "component/action/phase"
};

network_run run_on(const options& network, const std::string& timing, const options& more = {}) {
  const temporary_directory folder;
  const auto all = set({"machine.tile.array={inputs: 300, outputs: 20}",
                        "dataset={name: glyphs, train_samples: 200, test_samples: 50}"}) +
                   network + more + options{"--timing", timing};
  const auto result = run_program(small_run(folder / "run", all));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  network_run run{summary_in(folder / "run"), result.out, {}};
  for (const auto& line : costs_in(folder / "run"))
    if (line.action != "leakage")
      run.dynamic[line.component + "/" + line.action + "/" + line.phase] = {line.count, line.energy_J};
  return run;
}

void expect_equal_values(const network_run& a, const network_run& b) {
  for (const std::string key : {"weights_digest", "test_accuracy", "train_loss", "actions", "operations"})
    EXPECT_EQ(a.summary.at(key), b.summary.at(key)) << key;
  EXPECT_EQ(a.dynamic, b.dynamic);
}

struct shape {
  const char* name;
  const char* topology; ///< in the report
  const char* kind;
  const char* keys;
  const char* chips = "1";
};

void PrintTo(const shape& s, std::ostream* out) {
  *out << s.name;
}

class network_models : public testing::TestWithParam<shape> {
protected:
  static options of_model(const std::string& model) {
    const auto& p = GetParam();
    const std::string link = p.chips == std::string("1") ? "" : ", chip_link: {latency: 12 cycles, bandwidth: 4 GB/s}";
    return set(
        {"machine.interconnect={" + std::string(p.kind) + ": {" + p.keys + ", model: " + model + "}" + link + "}",
         "machine.chips=" + std::string(p.chips)});
  }
};

INSTANTIATE_TEST_SUITE_P(of, network_models,
                         testing::Values(shape{"mesh", "mesh 4 x 2", "mesh", "columns: 4, rows: 2"},
                                         shape{"tree", "tree of 8, fan-out 2", "tree", "nodes: 8, fan_out: 2"},
                                         shape{"crossbar", "crossbar of 8", "crossbar", "nodes: 8"},
                                         shape{"chips", "2 chips, mesh 2 x 2", "mesh", "columns: 2, rows: 2", "2"},
                                         shape{"bus", "bus of 8", "bus", "nodes: 8"}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(network_models, have_equal_values_counts_and_energy) {
  const auto loose = run_on(of_model("calendar"), "lt");
  const auto calendar = run_on(of_model("calendar"), "at");
  const auto router = run_on(of_model("router"), "at");
  expect_equal_values(loose, calendar);
  expect_equal_values(loose, router);
  for (const auto* run : {&loose, &calendar, &router}) {
    const std::string model = run == &router ? "router" : "calendar";
    EXPECT_EQ(run->summary.at("network"), (json{{"topology", GetParam().topology}, {"model", model}}));
    EXPECT_NE(run->out.find("network: " + std::string(GetParam().topology) + ", model " + model), std::string::npos)
        << run->out;
  }
  EXPECT_EQ(router.summary.at("contention").at("out_of_order_requests"), 0);
  EXPECT_GT(loose.summary.at("contention").at("out_of_order_requests"), 0);
  EXPECT_GT(loose.summary.at("contention").at("largest_skew_s"), 0.0);
  EXPECT_NE(loose.out.find("booked out of order by at most"), std::string::npos);
  const auto time = [](const network_run& run) { return run.summary.at("simulated_time_s").get<double>(); };
  EXPECT_NEAR(time(router) / time(calendar), 1, 0.02);
}

TEST_P(network_models, routers_need_approximate_timing) {
  const temporary_directory folder;
  const auto result = run_program(small_run(folder / "run", of_model("router")));
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("--timing at"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("model"), std::string::npos) << result.err;
}

TEST(network_model, multicasts_and_sums_are_the_same_in_routers) {
  const auto with = [](const std::string& model, const std::string& timing) {
    const auto more = set({"machine=" + (source_folder() / "platforms/machines/mesh_4x2.yaml").string(),
                           "machine.tile.array={inputs: 784, outputs: 256}",
                           "machine.interconnect.mesh={columns: 4, rows: 4, reduction: true, model: " + model + "}",
                           "training.algorithm={name: TTv2, thres_scale: 0.01, replicas: 4, replicate: fast_and_slow}",
                           "training.transfer={every: 1 mini_batch, reduction: network}",
                           "training.device={extends: Idealized, dw_min: 0.002}", "training.batch_size=10"});
    return run_on({}, timing, more);
  };
  const auto calendar = with("calendar", "lt");
  const auto router = with("router", "at");
  expect_equal_values(calendar, router);
  EXPECT_GT(router.summary.at("actions").at("transfer").at("router_add"), 0);
}

TEST(network_model, of_routers_gives_the_same_times_every_time) {
  const auto network = set({"machine.interconnect.mesh={columns: 4, rows: 2, model: router}"});
  const auto whole = run_on(network, "at");
  const auto again = run_on(network, "at");
  EXPECT_EQ(without_host(whole.summary), without_host(again.summary));
}

TEST(network_model, of_the_shipped_two_chips_runs_and_is_priced) {
  const temporary_directory folder;
  const auto experiment = (source_folder() / "workloads/experiments/glyphs_two_chips.yaml").string();
  const auto small = set({"dataset={name: glyphs, train_samples: 100, test_samples: 20}", "training.epochs=1"});
  const auto run = run_program(options{"run", experiment, "--out", folder / "run", "--timing", "at"} + small);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const auto summary = summary_in(folder / "run");
  EXPECT_EQ(summary.at("network").at("topology"), "2 chips, mesh 2 x 2");
  EXPECT_TRUE(summary.at("components").contains("chip1.tile0.adc"));
  EXPECT_GT(summary.at("components").at("chip_links").at("energy_J"), 0.0);
  EXPECT_GT(summary.at("actions").at("forward").at("chip_link_bit"), 0);
  const auto refused = run_program(options{"run", experiment, "--out", folder / "loose"} + small);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("two_chips.yaml:10:17: a network of model: router"), std::string::npos) << refused.err;
  const auto costs = run_program({"cost", (source_folder() / "platforms/machines/two_chips.yaml").string()});
  EXPECT_EQ(costs.exit_code, 0) << costs.err;
  EXPECT_NE(costs.out.find("chip_links"), std::string::npos) << costs.out;
}

} // namespace
} // namespace tilework::test
