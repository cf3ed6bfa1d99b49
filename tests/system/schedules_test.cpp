// SPDX-License-Identifier: Apache-2.0
// Schedules of training: which keep every bit, and what the two that give it up for time say and do.
#include "support/options.h"
#include "support/small_runs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace tilework::test {
namespace {

const options batched = set({"training.batch_size=20"});
constexpr auto three_layers = "[784, 48, 32, 10]";

json run_with(const options& assignments, const options& more = {}) {
  return summary_of_run(batched + set(assignments) + more, three_layers);
}

double seconds(const json& summary) {
  return summary.at("simulated_time_s");
}

double busy(const json& summary, const std::string& phase) {
  return summary.at("phases").at(phase).at("busy_s");
}

/// Sum over the phases of training.
double busy(const json& summary) {
  return busy(summary, "forward") + busy(summary, "backward") + busy(summary, "update") + busy(summary, "transfer");
}

bool assumes(const json& summary, const std::string& beginning) {
  const auto& all = summary.at("assumptions");
  return std::any_of(all.begin(), all.end(),
                     [&](const json& sentence) { return sentence.get<std::string>().starts_with(beginning); });
}

/// What a run that is refused says.
std::string refusal(const options& assignments) {
  const temporary_directory folder;
  const auto result = run_program(small_run(folder / "run", batched + set(assignments), three_layers));
  EXPECT_EQ(result.exit_code, 2) << result.out;
  return result.err;
}

void expect_refusal(const options& assignments, const std::string& place, const std::string& why) {
  const auto text = refusal(assignments);
  EXPECT_TRUE(text.find(place) != std::string::npos) << text;
  EXPECT_TRUE(text.find(why) != std::string::npos) << text;
  EXPECT_EQ(lines_of(text).size(), 1U) << text;
}

TEST(schedules, by_data_updates_beside_the_backward_pass_and_serial_does_not) {
  const auto by_data = run_with({});
  const auto serial = run_with({"training.schedule=serial"});
  EXPECT_GT(busy(by_data), 1.01 * seconds(by_data));
  EXPECT_NEAR(busy(serial), seconds(serial), 1e-9 * seconds(serial));
  EXPECT_EQ(by_data.at("weights_digest"), serial.at("weights_digest"));
}

TEST(schedules, a_pipeline_saves_time_and_changes_no_bit) {
  const auto by_data = run_with({});
  const auto pipelined = run_with({"training.schedule=pipelined", "training.micro_batch=5"});
  EXPECT_LT(seconds(pipelined), seconds(by_data));
  for (const std::string key : {"weights_digest", "test_accuracy", "train_loss"})
    EXPECT_EQ(by_data.at(key), pipelined.at(key)) << key;
  const auto same = [&](const std::string& action) {
    EXPECT_EQ(by_data.at("actions").at("forward").at(action), pipelined.at("actions").at("forward").at(action))
        << action;
  };
  for (const std::string action : {"cell_read", "adc_conversion", "dac_conversion", "alu_special", "dram_read_byte"})
    same(action);
  EXPECT_FALSE(assumes(pipelined, "asynchronous"));
}

TEST(schedules, a_whole_mini_batch_in_the_pipeline_is_by_data) {
  auto by_data = without_host(run_with({}));
  EXPECT_EQ(by_data, without_host(run_with({"training.schedule=pipelined", "training.micro_batch=20"})));
}

TEST(schedules, pipelined_does_not_depend_on_threads) {
  const options pipelined{"training.schedule=pipelined", "training.micro_batch=3"};
  EXPECT_EQ(without_host(run_with(pipelined, {"--threads", "1"})),
            without_host(run_with(pipelined, {"--threads", "2"})));
}

TEST(schedules, learned_output_scales_and_static_ranges_can_be_pipelined) {
  const options more{"network.output_scale=learned",
                     "forward={noise_management: NONE, input_range: {enable: true, learn_input_range: false, "
                     "init_from_data: 0}}"};
  const auto by_data = run_with(more);
  const auto pipelined = run_with(more + options{"training.schedule=pipelined", "training.micro_batch=3"});
  EXPECT_EQ(by_data.at("weights_digest"), pipelined.at("weights_digest"));
}

TEST(schedules, what_cannot_be_pipelined_is_refused) {
  expect_refusal({"training.schedule=pipelined", "forward={noise_management: NONE, input_range: {enable: true}}"},
                 "training.schedule", "cannot learn or estimate input ranges");
  expect_refusal({"training.micro_batch=2"}, "training.micro_batch", "only schedule: pipelined");
  expect_refusal({"training.schedule=pipelined", "training.micro_batch=21"}, "training.micro_batch", "20");
}

options in_flight(const std::string& mini_batches) {
  return {"training.asynchronous.mini_batches=" + mini_batches};
}

TEST(asynchronous, weights_are_out_of_date_by_as_much_as_is_said) {
  const auto by_data = run_with({});
  const auto stale = run_with(in_flight("4"));
  EXPECT_NE(by_data.at("weights_digest"), stale.at("weights_digest"));
  EXPECT_LT(seconds(stale), seconds(by_data));
  EXPECT_TRUE(assumes(stale, "asynchronous: weights may be up to 3 mini-batches old; values depend on time"));
  EXPECT_FALSE(by_data.contains("staleness"));
  const auto& staleness = stale.at("staleness");
  EXPECT_GT(staleness.at("mean_updates"), 0.0);
  EXPECT_GE(staleness.at("largest_updates"), 1);
  EXPECT_LE(staleness.at("largest_updates"), 3);
  ASSERT_EQ(staleness.at("layers").size(), 3U);
  // The first layer is updated last, so it misses most.
  EXPECT_GE(staleness.at("layers")[0].at("mean_updates"), staleness.at("layers")[2].at("mean_updates"));
}

TEST(asynchronous, one_mini_batch_in_flight_is_by_data) {
  EXPECT_EQ(without_host(run_with({})), without_host(run_with(in_flight("1"))));
}

TEST(asynchronous, same_bits_every_time_on_any_number_of_threads_in_both_timings) {
  for (const std::string timing : {"lt", "at"}) {
    const auto once = without_host(run_with(in_flight("3"), {"--threads", "1", "--timing", timing}));
    EXPECT_EQ(once, without_host(run_with(in_flight("3"), {"--threads", "1", "--timing", timing})));
    EXPECT_EQ(once, without_host(run_with(in_flight("3"), {"--threads", "2", "--timing", timing})));
  }
}

TEST(asynchronous, values_follow_the_speed_of_the_machine) {
  const auto fast = run_with(in_flight("4"));
  const auto slow = run_with(in_flight("4") + options{"machine.digital.vector_unit.lanes=2"});
  EXPECT_NE(fast.at("weights_digest"), slow.at("weights_digest"));
  EXPECT_EQ(run_with({}).at("weights_digest"),
            run_with({"machine.digital.vector_unit.lanes=2"}).at("weights_digest")); // else they do not
}

TEST(asynchronous, pipelines_go_on_within_mini_batches) {
  const options pipelined{"training.schedule=pipelined", "training.micro_batch=5"};
  const auto alone = run_with(in_flight("3"));
  const auto both = run_with(in_flight("3") + pipelined);
  EXPECT_LT(seconds(both), seconds(alone));
  EXPECT_GT(both.at("staleness").at("mean_updates"), 0.0);
}

TEST(asynchronous, works_on_a_digital_machine) {
  const options digital{"machine=" + (source_folder() / "platforms/machines/systolic_128x128.yaml").string()};
  const auto synchronous = run_with(digital);
  const auto stale = run_with(digital + in_flight("3"));
  EXPECT_NE(synchronous.at("weights_digest"), stale.at("weights_digest"));
  EXPECT_GT(stale.at("staleness").at("mean_updates"), 0.0);
}

TEST(asynchronous, what_is_not_shown_to_be_right_is_refused) {
  const options controller{"machine=" + (source_folder() / "platforms/machines/mesh_4x2.yaml").string()};
  const auto refuse = [](const options& more, const std::string& why) {
    expect_refusal(in_flight("2") + more, "training.asynchronous", why);
  };
  for (const std::string name :
       {"TikiTaka", "TTv2", "ChoppedTTv2", "AGAD", "MultiTileAGAD", "MixedPrecision", "Residual"})
    refuse(controller + options{"training.algorithm.name=" + name}, name + " is not shown to be right");
  refuse({"training.schedule=serial"}, "serial");
  refuse({"network.output_scale=learned"}, "output_scale");
  refuse({"forward={noise_management: NONE, input_range: {enable: true}}"}, "input ranges");
  refuse({"training.device={extends: Capacitor, lifetime: 50}"}, "change by themselves");
  refuse({"training.device=PCMUnitCell"}, "mini-batches cannot overlap");
  expect_refusal(in_flight("2") + options{"evaluate.gradient_cosine=true"}, "evaluate.gradient_cosine",
                 "steps of one mini-batch");
}

/// Runs to the end, and the same run interrupted and resumed: all of both must be equal. Long enough for a signal
/// to arrive after the first epoch.
void expect_resumable(const options& assignments, unsigned epochs) {
  const auto options_of_run = batched +
                              set({"dataset={name: glyphs, train_samples: 2000, test_samples: 100}",
                                   "training.epochs=" + std::to_string(epochs), "training.batch_size=5"}) +
                              set(assignments) + options{"--threads", "1"};
  const temporary_directory folder;
  const auto whole = folder / "whole";
  const auto parts = folder / "parts";
  ASSERT_EQ(run_program(small_run(whole, options_of_run, three_layers)).exit_code, 0);
  const auto stopped = run_program({.arguments = small_run(parts, options_of_run, three_layers),
                                    .interrupt = interruption{parts / "metrics.jsonl"}});
  ASSERT_EQ(stopped.exit_code, 130) << stopped.err;
  const auto resumed = run_program({"run", "--resume", parts.string(), "--threads", "2"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(without_host(summary_in(whole)), without_host(summary_in(parts)));
}

TEST(asynchronous, interrupted_and_resumed_ends_like_uninterrupted) {
  expect_resumable(in_flight("3"), 40);
}

const options leaky{"training.device={extends: Capacitor, lifetime: 50}"};
const options in_seconds = leaky + options{"training.device_time={clock: simulated, period: 50 us}"};

TEST(device_time, slower_machines_forget_more) {
  const options one_by_one{"training.batch_size=1", "network.layers=[784, 32, 10]"};
  const options slow{"machine.tile.adc.cycle=100 ns"};
  const auto fast_run = run_with(in_seconds + one_by_one);
  const auto slow_run = run_with(in_seconds + one_by_one + slow);
  EXPECT_GT(seconds(slow_run), 5 * seconds(fast_run));
  EXPECT_GT(fast_run.at("test_accuracy"), slow_run.at("test_accuracy").get<double>() + 0.3);
  EXPECT_TRUE(assumes(fast_run, "device time is simulated"));
  // Counted in mini-batches, forgetting knows no machine.
  const auto counted = run_with(leaky + one_by_one);
  EXPECT_EQ(counted.at("weights_digest"), run_with(leaky + one_by_one + slow).at("weights_digest"));
  EXPECT_FALSE(assumes(counted, "device time is simulated"));
}

TEST(device_time, same_bits_every_time_on_any_number_of_threads) {
  for (const std::string timing : {"lt", "at"}) {
    const auto once = without_host(run_with(in_seconds, {"--threads", "1", "--timing", timing}));
    EXPECT_EQ(once, without_host(run_with(in_seconds, {"--threads", "1", "--timing", timing})));
    EXPECT_EQ(once, without_host(run_with(in_seconds, {"--threads", "2", "--timing", timing})));
  }
}

TEST(device_time, does_not_pass_while_the_run_evaluates) {
  const options two_epochs{"training.epochs=2"};
  EXPECT_EQ(run_with(in_seconds + two_epochs + options{"evaluate.every=1 epoch"}).at("weights_digest"),
            run_with(in_seconds + two_epochs + options{"evaluate.every=never"}).at("weights_digest"));
}

TEST(device_time, moves_diffusion_and_drift_too) {
  for (const std::string device : {"{model: SoftBounds, diffusion: 0.001}", "{model: SoftBounds, drift: {nu: 0.1}}"}) {
    const options restless{"training.device=" + device, "training.drift_per_mini_batch=1"};
    const auto with_period = [&](const std::string& period) {
      return run_with(restless + options{"training.device_time={clock: simulated, period: " + period + "}"})
          .at("weights_digest");
    };
    EXPECT_NE(with_period("1 us"), with_period("10 us")) << device;
  }
}

TEST(device_time, serves_algorithms_with_transfers) {
  const options agad{"machine=" + (source_folder() / "platforms/machines/mesh_4x2.yaml").string(),
                     "training.algorithm={name: AGAD, in_chop_prob: 0.5}"};
  const auto digest_at = [&](const std::string& period, const options& more = {}) {
    return run_with(agad + leaky + options{"training.device_time={clock: simulated, period: " + period + "}"}, more)
        .at("weights_digest");
  };
  EXPECT_NE(digest_at("10 us"), digest_at("100 us"));
  EXPECT_EQ(digest_at("10 us"), digest_at("10 us", {"--threads", "2"}));
}

TEST(device_time, interrupted_and_resumed_ends_like_uninterrupted) {
  expect_resumable(in_seconds, 6);
}

TEST(device_time, needs_a_period_and_devices) {
  expect_refusal(leaky + options{"training.device_time=simulated"}, "training.device_time", "period");
  expect_refusal(leaky + options{"training.device_time={period: 1 us}"}, "training.device_time.period",
                 "only clock: simulated");
  expect_refusal({"training.device_time={clock: simulated, period: 1 us}",
                  "machine=" + (source_folder() / "platforms/machines/systolic_128x128.yaml").string()},
                 "training.device_time", "digital");
  const auto warned = run_with({"training.device_time={clock: simulated, period: 1 us}"});
  const auto& warnings = warned.at("warnings");
  EXPECT_TRUE(std::any_of(warnings.begin(), warnings.end(), [](const json& w) {
    return w.get<std::string>().starts_with("training.device_time has no effect");
  }));
}

} // namespace
} // namespace tilework::test
