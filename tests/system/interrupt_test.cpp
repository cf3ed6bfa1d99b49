// SPDX-License-Identifier: Apache-2.0
// A run that is stopped and continued ends as if nothing had happened; a bad checkpoint or directory is refused.
#include "support/small_runs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

namespace tilework::test {
namespace {

constexpr std::uint64_t train_samples = 2000;
constexpr std::uint64_t layers = 2;

/// Long enough that an interrupt after one epoch comes well before the end.
std::vector<std::string> long_run(const std::filesystem::path& out) {
  return small_run(out, {"--threads", "1", "--set", "dataset={name: glyphs, train_samples: 2000, test_samples: 200}",
                         "--set", "training.epochs=10"});
}

/// Interrupts when the run is ready for signals, which is when it writes its configuration.
program_result interrupted_run(const std::filesystem::path& out) {
  return run_program({.arguments = long_run(out), .interrupt = interruption{out / "config.yaml"}});
}

program_result resumed(const std::filesystem::path& out) {
  return run_program({"run", "--resume", out.string(), "--threads", "1"});
}

/// Resumes and interrupts again after the next evaluation. A resumed run writes metrics.jsonl anew when it is ready
/// for signals, so what an earlier part wrote must not count.
program_result interrupted_again(const std::filesystem::path& out) {
  std::filesystem::remove(out / "metrics.jsonl");
  return run_program({.arguments = {"run", "--resume", out.string(), "--threads", "1"},
                      .interrupt = interruption{out / "metrics.jsonl"}});
}

void expect_interrupted(const program_result& result, const std::filesystem::path& out) {
  EXPECT_EQ(result.exit_code, 130) << result.err;
  EXPECT_TRUE(std::filesystem::exists(out / "checkpoint/state.bin"));
  EXPECT_TRUE(summary_in(out).at("interrupted").get<bool>());
  EXPECT_NE(result.err.find("tilework run --resume " + out.string()), std::string::npos) << result.err;
}

std::uint64_t trained_samples(const std::filesystem::path& out) {
  return summary_in(out).at("operations").at("outer_product_update").get<std::uint64_t>() / layers;
}

void expect_same_end(const std::filesystem::path& a, const std::filesystem::path& b) {
  EXPECT_EQ(without_host(summary_in(a)), without_host(summary_in(b)));
  for (const std::string name : {"metrics.jsonl", "costs.csv", "config.yaml", "activity.bin"})
    EXPECT_EQ(read_file(a / name), read_file(b / name)) << name;
}

TEST(interrupt, twice_interrupted_ends_like_uninterrupted) {
  const temporary_directory folder;
  ASSERT_EQ(run_program(long_run(folder / "whole")).exit_code, 0);
  const auto out = folder / "parts";
  expect_interrupted(interrupted_run(out), out);
  const auto first = trained_samples(out);
  EXPECT_NE(first % train_samples, 0U) << "this interrupt was meant to hit the middle of an epoch";
  expect_interrupted(interrupted_again(out), out);
  EXPECT_GT(trained_samples(out), first);
  EXPECT_NE(trained_samples(out) % train_samples, 0U) << "this one too";
  EXPECT_LT(trained_samples(out), 10 * train_samples);
  ASSERT_GT(summary_in(out).at("contention").at("delayed_requests").get<int>(), 0); // so their sum is put to the test
  // What a killed run may leave: an evaluation that is not in the checkpoint.
  write_file(out / "metrics.jsonl", read_file(out / "metrics.jsonl") + "{}\n");
  const auto last = resumed(out);
  EXPECT_EQ(last.exit_code, 0) << last.err;
  expect_same_end(folder / "whole", out);
}

TEST(interrupt, at_once_is_an_interrupt_too) {
  const temporary_directory folder;
  const auto out = folder / "parts";
  expect_interrupted(interrupted_run(out), out);
  EXPECT_GT(trained_samples(out), 0U);
}

/// A short run that was interrupted, to be continued or refused.
class interrupted_directory : public testing::Test {
protected:
  void SetUp() override { expect_interrupted(interrupted_run(out_), out_); }

  void expect_refused(const std::vector<std::string>& arguments, const std::string& cause) const {
    const auto summary = read_file(out_ / "summary.json");
    const auto state = read_file(checkpoint());
    const auto result = run_program(arguments);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(lines_of(result.err).size(), 1U) << result.err;
    EXPECT_NE(result.err.find(cause), std::string::npos) << result.err;
    EXPECT_EQ(read_file(out_ / "summary.json"), summary);
    EXPECT_EQ(read_file(checkpoint()), state);
  }
  void expect_refused(const std::string& cause) const { expect_refused({"run", "--resume", out_.string()}, cause); }
  [[nodiscard]] std::filesystem::path checkpoint() const { return out_ / "checkpoint/state.bin"; }

  temporary_directory folder_;
  std::filesystem::path out_ = folder_ / "parts";
};

TEST_F(interrupted_directory, damaged_checkpoints_are_refused) {
  const auto good = read_file(checkpoint());
  const auto damaged_at = [&](std::size_t place) {
    auto bad = good;
    bad[place] = static_cast<char>(bad[place] ^ 1);
    write_file(checkpoint(), bad);
  };
  for (const auto place : {good.size() - 1, good.size() / 2}) {
    damaged_at(place);
    expect_refused("state.bin:0:0: is damaged");
  }
  damaged_at(0);
  expect_refused("state.bin:0:0: is no checkpoint of this version");
  for (const auto size : {std::size_t{0}, std::size_t{7}}) {
    write_file(checkpoint(), good.substr(0, size));
    expect_refused("state.bin:0:0: checkpoint is truncated");
  }
  write_file(checkpoint(), good.substr(0, good.size() / 2));
  expect_refused("state.bin:0:0: is damaged");
  write_file(checkpoint(), good + "x");
  expect_refused("state.bin:0:0: is damaged");
}

TEST_F(interrupted_directory, a_full_disk_keeps_the_last_checkpoint) {
  const auto state = read_file(checkpoint());
  std::filesystem::create_symlink("/dev/full", out_ / "checkpoint/state.bin.partial");
  const auto full = resumed(out_);
  EXPECT_EQ(full.exit_code, 3);
  EXPECT_NE(full.err.find("checkpoint/state.bin: No space left on device"), std::string::npos) << full.err;
  EXPECT_EQ(read_file(checkpoint()), state);
  const auto freed = resumed(out_);
  EXPECT_EQ(freed.exit_code, 0) << freed.err;
}

TEST_F(interrupted_directory, another_configuration_is_refused) {
  const auto file = out_ / "config.yaml";
  write_file(file, std::regex_replace(read_file(file), std::regex("learning_rate: 0.05"), "learning_rate: 0.06"));
  expect_refused("belongs to another configuration");
}

TEST_F(interrupted_directory, options_that_contradict_a_resume_are_refused) {
  const auto resume = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"run", "--resume", out_.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  expect_refused(resume({"--set", "training.epochs=9"}), "own configuration");
  expect_refused(resume({"--seed", "9"}), "own configuration");
  expect_refused(resume({"--no-record"}), "own configuration");
  expect_refused(resume({"--timing", "at"}), "--timing");
}

TEST_F(interrupted_directory, is_not_overwritten_by_another_run) {
  expect_refused(small_run(out_), "earlier run");
}

TEST(run_directory, of_somebody_else_is_not_touched) {
  const temporary_directory folder;
  std::filesystem::create_directory(folder / "mine");
  write_file(folder.path() / "mine/summary.json", "precious");
  const auto result = run_program(small_run(folder / "mine"));
  EXPECT_EQ(result.exit_code, 2) << result.err;
  EXPECT_NE(result.err.find("mine:0:0: is not empty"), std::string::npos) << result.err;
  EXPECT_EQ(read_file(folder.path() / "mine/summary.json"), "precious");
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "mine/config.yaml"));

  write_file(folder / "file", "precious");
  EXPECT_EQ(run_program(small_run(folder / "file")).exit_code, 2);
  EXPECT_EQ(read_file(folder / "file"), "precious");
  EXPECT_EQ(run_program({"run", "--resume", (folder / "nowhere").string()}).exit_code, 2);
}

} // namespace
} // namespace tilework::test
