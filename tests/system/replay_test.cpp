// SPDX-License-Identifier: Apache-2.0
// A replay of a recorded run takes the time and the energy that the run itself would take on that machine.
#include "support/options.h"
#include "support/small_runs.h"

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace tilework::test {
namespace {

namespace fs = std::filesystem;

constexpr auto layers = "[784, 16, 10]";

void record(const fs::path& out, const options& more) {
  const auto result = run_program(small_run(out, more, layers));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  ASSERT_GT(fs::file_size(out / "activity.bin"), 0U);
}

program_result replayed(const fs::path& run, const fs::path& out, const options& more = {}) {
  return run_program(options{"replay", run.string(), "--out", out.string()} + more);
}

/// What a run and its replay must have in common: everything but the host and the marks of a replay.
json comparable(const fs::path& run) {
  auto s = without_host(summary_in(run));
  std::erase_if(s.at("assumptions").get_ref<json::array_t&>(),
                [](const json& sentence) { return sentence.get<std::string>().starts_with("a replay"); });
  s.erase("values");
  for (auto& row : s.at("evaluations"))
    row.erase("values");
  return s;
}

void expect_equal_runs(const fs::path& run, const fs::path& replay) {
  EXPECT_EQ(comparable(run), comparable(replay));
  EXPECT_EQ(read_file(run / "costs.csv"), read_file(replay / "costs.csv"));
  EXPECT_EQ(read_file(run / "config.yaml"), read_file(replay / "config.yaml"));
}

struct training_case {
  std::string_view name;
  options settings;
};

void PrintTo(const training_case& c, std::ostream* out) {
  *out << c.name;
}

/// On a machine with a controller and enough tiles.
options large_machine() {
  return {"machine=" + (source_folder() / "platforms/machines/mesh_4x2.yaml").string(),
          "machine.tile.array={inputs: 784, outputs: 256}", "machine.interconnect.mesh={columns: 4, rows: 4}"};
}

options transfers(const options& settings) {
  return large_machine() +
         options{"dataset={name: glyphs, train_samples: 300, test_samples: 100}", "training.batch_size=10",
                 "training.epochs=2", "training.device={extends: Idealized, dw_min: 0.002}"} +
         settings;
}

const std::vector<training_case> cases{
    {"sgd", {"dataset={name: glyphs, train_samples: 300, test_samples: 100}"}},
    {"sgd_in_pieces",
     {"machine.tile.array={inputs: 300, outputs: 12}", "machine.interconnect.mesh={columns: 4, rows: 3}",
      "machine.digital.buffer.ports=1", "training.batch_size=16", "training.epochs=2", "evaluate.every=2 epochs"}},
    {"tiki_taka_overlapped", transfers({"training.algorithm={name: TikiTaka}",
                                        "training.transfer={every: 1 mini_batch, schedule: overlapped}"})},
    {"agad_with_copies",
     transfers({"training.algorithm={name: MultiTileAGAD, replicas: 4, replicate: fast_and_slow, "
                "buffer_granularity: 0.01}",
                "training.transfer.every=1 mini_batch", "evaluate.copies=all", "evaluate.digital=true"})},
    {"two_reads_of_an_array_at_once",
     transfers({"training.algorithm={name: TTv2, thres_scale: 0.01, transfer_every: 2}",
                "training.transfer.columns_per_event=2"})},
    {"mixed_precision", transfers({"training.algorithm={name: MixedPrecision}"})},
    // The loss of the epochs decides when the next tile's turn comes.
    {"warm_start", transfers({"training.algorithm={name: Residual}", "training.epochs=6"})},
    {"refresh",
     {"training.device={extends: PCMUnitCell, refresh_every: 3}", "training.batch_size=8",
      "dataset={name: glyphs, train_samples: 100, test_samples: 50}"}},
    {"calibration",
     {"training.device={extends: SoftBoundsReference, subtract_symmetry_point: true}",
      "dataset={name: glyphs, train_samples: 100, test_samples: 50}"}},
    {"learned_ranges",
     {"forward.input_range={enable: true, init_from_data: 5}", "training.batch_size=8",
      "machine.digital.vector_unit.number_format=bf16"}},
    {"programming_from_one_and_weight_reads",
     transfers({"training.algorithm={name: MultiTileAGAD, replicas: 3}", "training.device=EcRam",
                "network.initial_weights=xavier_normal", "training.programming=from_one",
                "evaluate.average_from_epoch=2", "evaluate.weight_reads=3", "evaluate.digital=true"})},
    {"sum_of_copies_on_its_way",
     transfers({"training.algorithm={name: MultiTileAGAD, replicas: 4, replicate: fast_and_slow, "
                "buffer_granularity: 0.01}",
                "machine.interconnect.mesh={columns: 4, rows: 4, reduction: true}",
                "training.transfer={every: 1 mini_batch, reduction: network}", "evaluate.target_accuracy=0.5",
                "machine.tile.cell.endurance={pulses: 1e9, source: a guess}"})},
    {"systolic_array",
     {"machine=" + (source_folder() / "platforms/machines/systolic_128x128.yaml").string(), "training.batch_size=16"}},
    {"simd_unit",
     {"machine=" + (source_folder() / "platforms/machines/edge_simd.yaml").string(), "report.power_window=1 us"}},
    {"parts_of_the_code", {"forward.mv_type=BIT_WISE", "training.batch_size=8", "network.output_scale=learned"}},
};

class replay_of : public testing::TestWithParam<training_case> {};

INSTANTIATE_TEST_SUITE_P(each, replay_of, testing::ValuesIn(cases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(replay_of, a_run_on_its_own_machine_is_exact) {
  const temporary_directory folder;
  record(folder / "run", set(GetParam().settings));
  const auto result = replayed(folder / "run", folder / "replay");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  expect_equal_runs(folder / "run", folder / "replay");
  EXPECT_EQ(summary_in(folder / "replay").at("values"), "recorded");
  EXPECT_GT(summary_in(folder / "run").at("simulated_time_fs"), 0);
}

/// Whichever way the record came about, the replay is the approximately timed run.
TEST_P(replay_of, an_approximately_timed_run_is_exact) {
  const temporary_directory folder;
  const auto settings = set(GetParam().settings);
  record(folder / "loose", settings);
  record(folder / "approximate", settings + options{"--timing", "at"});
  EXPECT_EQ(read_file(folder / "loose/activity.bin"), read_file(folder / "approximate/activity.bin"));
  const auto result = replayed(folder / "loose", folder / "replay", {"--timing", "at"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  expect_equal_runs(folder / "approximate", folder / "replay");
}

/// Everything that may change, at once.
const options other_machine{"machine.tile.adc.lines_per_adc=3",
                            "machine.tile.adc.kind=ramp",
                            "machine.tile.adc.sides=separate",
                            "machine.tile.dac={slot: 3 ns, kind: pwm, signed: one_phase, sides: separate}",
                            "machine.tile.sample_and_hold=double",
                            "machine.tile.pulse={width: 2 ns, period: 7 ns, phases: 1}",
                            "machine.tile.cell={g_max: 5 uS, v_read: 0.1 V}",
                            "machine.tile.calibration={pulse_pairs: 100, reads: 3}",
                            "machine.tile.array={inputs: 1000, outputs: 300}",
                            "machine.tile.input_depth=2",
                            "machine.tile.output_latency=5 ns",
                            "machine.tile.program_row_time=3 us",
                            "machine.digital.vector_unit.lanes=7",
                            "machine.digital.vector_unit.clock=700 MHz",
                            "machine.digital.buffer={capacity: 4 MiB, ports: 1, width: 64 bit, clock: 900 MHz}",
                            "machine.interconnect={bus: {nodes: 40, width: 16 bit}}",
                            "machine.memory={bandwidth: 1 GB/s, latency: 80 ns}",
                            "machine.name=other",
                            "training.schedule=serial"};

TEST(replay, on_another_machine_is_the_run_on_that_machine) {
  for (const auto& settings :
       {options{"dataset={name: glyphs, train_samples: 200, test_samples: 50}"},
        transfers({"training.algorithm={name: MultiTileAGAD, replicas: 4, buffer_granularity: 0.01}",
                   "training.transfer.every=1 mini_batch", "training.epochs=1"})}) {
    for (const std::string timing : {"lt", "at"}) {
      const temporary_directory folder;
      record(folder / "run", set(settings));
      record(folder / "other", set(settings) + set(other_machine) + options{"--timing", timing});
      const auto result = replayed(folder / "run", folder / "replay", set(other_machine) + options{"--timing", timing});
      ASSERT_EQ(result.exit_code, 0) << result.err;
      expect_equal_runs(folder / "other", folder / "replay");
      EXPECT_EQ(summary_in(folder / "run").at("weights_digest"), summary_in(folder / "other").at("weights_digest"));
      EXPECT_NE(summary_in(folder / "run").at("simulated_time_fs"),
                summary_in(folder / "other").at("simulated_time_fs"));
    }
  }
}

TEST(replay, takes_machine_and_technology_files) {
  const temporary_directory folder;
  record(folder / "run", {});
  const auto machine = source_folder() / "platforms/machines/gallo_real.yaml";
  const auto technology = source_folder() / "platforms/technologies/generic_14nm.yaml";
  const options other{"--machine", machine.string()};
  ASSERT_EQ(replayed(folder / "run", folder / "real", other).exit_code, 0);
  ASSERT_EQ(
      replayed(folder / "run", folder / "generic", other + options{"--technology", technology.string()}).exit_code, 0);
  const auto real = summary_in(folder / "real");
  const auto generic = summary_in(folder / "generic");
  EXPECT_EQ(real.at("machine"), "gallo-real");
  EXPECT_EQ(real.at("simulated_time_fs"), generic.at("simulated_time_fs"));
  EXPECT_NE(real.at("energy_J"), generic.at("energy_J"));
  record(folder / "direct", set({"machine=" + machine.string()}));
  expect_equal_runs(folder / "direct", folder / "real");
}

TEST(replay, needs_no_values_in_memory) {
  const temporary_directory folder;
  const auto run = run_program(
      small_run(folder / "run",
                set({"machine.tile.array={inputs: 1024, outputs: 1024}", "machine.digital.buffer.capacity=4 MiB",
                     "dataset={name: glyphs, train_samples: 20, test_samples: 20}"}),
                "[784, 1024, 1024, 10]"));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  ASSERT_EQ(replayed(folder / "run", folder / "replay").exit_code, 0);
  const auto bytes = [&](const char* name) {
    return summary_in(folder / name).at("host").at("peak_rss_bytes").get<double>();
  };
  EXPECT_LT(bytes("replay"), bytes("run") / 2);
}

TEST(replay, of_fewer_epochs_is_the_beginning) {
  const temporary_directory folder;
  record(folder / "three", set({"training.epochs=3"}));
  ASSERT_EQ(replayed(folder / "three", folder / "two", set({"training.epochs=2"})).exit_code, 0);
  record(folder / "run", set({"training.epochs=2"}));
  auto two = comparable(folder / "two");
  auto run = comparable(folder / "run");
  EXPECT_TRUE(two.at("weights_digest").is_null()) << "those weights were not kept";
  two.erase("weights_digest");
  run.erase("weights_digest");
  EXPECT_EQ(two, run);
  EXPECT_EQ(read_file(folder / "two/costs.csv"), read_file(folder / "run/costs.csv"));
}

TEST(replay, of_an_interrupted_run_ends_where_it_ended) {
  const temporary_directory folder;
  const auto out = folder / "run";
  const auto stopped =
      run_program({.arguments = small_run(out, set({"dataset={name: glyphs, train_samples: 2000, test_samples: 200}",
                                                    "training.epochs=10"})),
                   .interrupt = interruption{out / "metrics.jsonl"}});
  ASSERT_EQ(stopped.exit_code, 130) << stopped.err;
  ASSERT_EQ(replayed(out, folder / "replay").exit_code, 0);
  EXPECT_TRUE(summary_in(folder / "replay").at("interrupted").get<bool>());
  expect_equal_runs(out, folder / "replay");
}

TEST(replay, of_a_run_interrupted_while_programming_ends_there) {
  const temporary_directory folder;
  const auto out = folder / "run";
  const auto stopped =
      run_program({.arguments = small_run(
                       out,
                       set(transfers({"training.algorithm={name: MultiTileAGAD, replicas: 3}", "training.device=EcRam",
                                      "network.initial_weights=xavier_normal", "training.programming=from_one"})),
                       layers),
                   .interrupt = interruption{out / "config.yaml"}});
  ASSERT_EQ(stopped.exit_code, 130) << stopped.err;
  ASSERT_EQ(summary_in(out).at("operations").at("load_samples"), 0) << "this interrupt was meant to hit programming";
  ASSERT_EQ(replayed(out, folder / "replay").exit_code, 0);
  expect_equal_runs(out, folder / "replay");
  ASSERT_EQ(run_program({"run", "--resume", out.string()}).exit_code, 0);
  ASSERT_EQ(replayed(out, folder / "whole").exit_code, 0);
  expect_equal_runs(out, folder / "whole");
}

TEST(replay, may_look_for_another_accuracy_and_another_peak) {
  const temporary_directory folder;
  const options other{"evaluate.target_accuracy=0.2", "report.power_window=1 us"};
  record(folder / "run", {});
  record(folder / "other", set(other));
  ASSERT_EQ(replayed(folder / "run", folder / "replay", set(other)).exit_code, 0);
  expect_equal_runs(folder / "other", folder / "replay");
  EXPECT_TRUE(summary_in(folder / "replay").at("to_accuracy").at("reached").get<bool>());
}

TEST(record, is_the_same_for_any_number_of_threads) {
  const temporary_directory folder;
  const auto settings = set({"dataset={name: glyphs, train_samples: 5000, test_samples: 100}"});
  record(folder / "one", settings + options{"--threads", "1"});
  record(folder / "three", settings + options{"--threads", "3"});
  const auto one = read_file(folder / "one/activity.bin");
  EXPECT_GT(one.size(), std::size_t{1} << 16U) << "one block only";
  EXPECT_EQ(one, read_file(folder / "three/activity.bin"));
}

TEST(record, is_left_out_on_request) {
  const temporary_directory folder;
  ASSERT_EQ(run_program(small_run(folder / "run", {"--no-record"}, layers)).exit_code, 0);
  EXPECT_FALSE(fs::exists(folder / "run/activity.bin"));
  const auto result = replayed(folder / "run", folder / "replay");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("activity.bin are needed"), std::string::npos) << result.err;
}

TEST(record, that_is_gone_does_not_stop_a_resume) {
  const temporary_directory folder;
  const auto out = folder / "run";
  const auto settings = set({"dataset={name: glyphs, train_samples: 2000, test_samples: 200}", "training.epochs=10"});
  ASSERT_EQ(
      run_program({.arguments = small_run(out, settings), .interrupt = interruption{out / "config.yaml"}}).exit_code,
      130);
  fs::resize_file(out / "activity.bin", 20);
  const auto result = run_program({"run", "--resume", out.string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.err.find("cannot be replayed"), std::string::npos) << result.err;
  EXPECT_EQ(replayed(out, folder / "replay").exit_code, 2);
}

/// A recorded run that replays are refused for.
class recorded_run : public testing::Test {
protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<temporary_directory>();
    record(*folder_ / "run",
           set({"training.epochs=2", "dataset={name: glyphs, train_samples: 100, test_samples: 50}"}));
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static void expect_refused(const options& more, const std::string& cause) {
    const auto result = replayed(run(), *folder_ / "replay", more);
    EXPECT_EQ(result.exit_code, 2) << cause;
    EXPECT_EQ(lines_of(result.err).size(), 1U) << result.err;
    EXPECT_NE(result.err.find(cause), std::string::npos) << result.err;
    EXPECT_FALSE(fs::exists(*folder_ / "replay")) << cause;
  }
  static fs::path run() { return *folder_ / "run"; }

private:
  static inline std::unique_ptr<temporary_directory> folder_;
};

TEST_F(recorded_run, cannot_be_given_other_values) {
  const std::vector<std::pair<std::string, std::string>> refused{
      {"machine.tile.adc.bits=6", "machine.tile.adc.bits (recorded 9, now 6)"},
      {"machine.tile.dac.bits=5", "machine.tile.dac.bits"},
      {"machine.tile.array={inputs: 400, outputs: 256}", "machine.tile.array"},
      {"machine.tile.faults.open_inputs=0.1", "machine.tile.faults.open_inputs"},
      {"machine.digital.vector_unit.number_format=bf16", "machine.digital.vector_unit.number_format"},
      {"dataset={name: glyphs, train_samples: 200, test_samples: 50}", "dataset.train_samples"},
      {"seed=2", "seed (recorded 1, now 2)"},
      {"network.activation=tanh", "network.activation"},
      {"training.device=SoftBounds", "training.device"},
      {"training.device.dw_min=0.5", "training.device.dw_min"},
      {"training.update.desired_bl=7", "training.update.desired_bl"},
      {"training.algorithm={name: TikiTaka}", "training.algorithm"},
      {"training.batch_size=2", "training.batch_size"},
      {"training.epochs=3", "training.epochs (recorded 2, now 3): the record holds no more epochs"},
      {"training.learning_rate=0.5", "training.learning_rate"},
      {"forward.out_noise=0.5", "forward.out_noise"},
      {"backward.bound_management=NONE", "backward.bound_management"},
      {"evaluate.burst=7", "evaluate.burst"},
      {"evaluate.every=never", "evaluate.every"},
      {"training.programming=from_one", "training.programming"},
      {"machine=" + (source_folder() / "platforms/machines/edge_simd.yaml").string(),
       "machine (recorded analog tiles, now a digital matrix_unit)"},
  };
  for (const auto& [assignment, cause] : refused)
    expect_refused(set({assignment}), "a replay cannot change " + cause);
}

TEST_F(recorded_run, cannot_go_on_a_machine_that_is_too_small) {
  expect_refused(set({"machine.interconnect.mesh={columns: 1, rows: 1}"}), "tile");
  expect_refused(set({"machine.digital.buffer.capacity=1 KiB"}), "buffer");
  expect_refused(set({"machine.tile.adcs=1"}), "did you mean 'adc'?");
  expect_refused({"--machine", "nowhere.yaml"}, "nowhere.yaml");
}

/// Contents of a record that are no record any more, with what a replay says about them.
std::vector<std::pair<std::string, std::string>> spoilt(const std::string& good) {
  std::vector<std::pair<std::string, std::string>> bad{
      {"", "activity.bin:0:0: is no record of a run"},
      {"some text that is longer than a header", "activity.bin:0:0: is no record of a run"},
      {good + "x", "activity.bin:0:0: is damaged"},
      {good + good, "activity.bin:0:0: is damaged"},
  };
  for (const auto length : {good.size() - 1, good.size() / 2, good.size() / 7, std::size_t{50}, std::size_t{17}})
    bad.emplace_back(good.substr(0, length), "activity.bin:0:0: is incomplete");
  const std::size_t header = 16;
  for (const auto place : {header, header + 20, header + 40, good.size() / 3, good.size() / 2, good.size() - 1}) {
    bad.emplace_back(good, "activity.bin:0:0: is damaged (checksum); run the experiment again");
    auto& byte = bad.back().first[place];
    byte = static_cast<char>(byte ^ 1);
  }
  bad.emplace_back(good, "activity.bin:0:0: is a record of version 2");
  bad.back().first[8] = 2;
  return bad;
}

TEST_F(recorded_run, is_refused_where_its_record_is_not_whole) {
  const auto file = run() / "activity.bin";
  const auto good = read_file(file);
  for (const auto& [content, cause] : spoilt(good)) {
    write_file(file, content);
    expect_refused({}, cause);
    expect_refused({}, "run the experiment again");
  }
  fs::remove(file);
  expect_refused({}, "activity.bin are needed");
  write_file(file, good);
}

TEST_F(recorded_run, is_refused_beside_another_configuration) {
  const auto file = run() / "config.yaml";
  const auto good = read_file(file);
  write_file(file, good + "\n");
  expect_refused({}, "belongs to another configuration");
  write_file(file, good);
}

} // namespace
} // namespace tilework::test
