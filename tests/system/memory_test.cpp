// SPDX-License-Identifier: Apache-2.0
// The memory of a run is that of its devices and a constant: no copy of the weights stays, not even for a checkpoint.
#include "support/small_runs.h"

#include <gtest/gtest.h>

#include <sstream>

namespace tilework::test {
namespace {

constexpr std::uint64_t megabyte = 1'000'000;

/// What `devices list` says of a model.
std::uint64_t documented_bytes(const std::string& model) {
  for (const auto& line : lines_of(run_program({"devices", "list"}).out)) {
    std::istringstream row(line);
    std::string word;
    if (!(row >> word) || word != model)
      continue;
    while (row >> word) // the last word of the row stays
      ;
    return std::stoull(word);
  }
  ADD_FAILURE() << "no device " << model;
  return 0;
}

std::uint64_t peak_bytes(const std::filesystem::path& out) {
  return summary_in(out).at("host").at("peak_rss_bytes").get<std::uint64_t>();
}

/// Trains a few samples on 784-n-n-10 and resumes the finished run: what both take above the documented bytes.
/// \param tile lines of each side of the tiles
void expect_documented_memory(std::uint64_t n, std::uint64_t tile, std::uint64_t most_above) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer has memory of its own";
#endif
  const temporary_directory folder;
  const auto out = folder / "run";
  const auto size = std::to_string(n);
  const auto lines = std::to_string(tile);
  const auto trained = run_program(
      small_run(out,
                {"--threads", "1", "--set", "dataset={name: glyphs, train_samples: 16, test_samples: 10}", "--set",
                 "training.batch_size=4", "--set", "evaluate.burst=4", "--set", "machine.tile.array.inputs=" + lines,
                 "--set", "machine.tile.array.outputs=" + lines, "--set", "machine.interconnect.mesh.columns=16",
                 "--set", "machine.interconnect.mesh.rows=16", "--set", "machine.digital.buffer.capacity=64 MiB"},
                "[784, " + size + ", " + size + ", 10]"));
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const std::uint64_t documented = (784 * n + n * n + n * 10) * documented_bytes("ConstantStep");
  ASSERT_GT(documented, 2 * most_above) << "a doubling must show";
  EXPECT_LE(peak_bytes(out), documented + most_above) << "documented: " << documented;
  const auto resumed = run_program({"run", "--resume", out.string(), "--threads", "1"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_LE(peak_bytes(out), documented + most_above) << "documented: " << documented;
}

/// The initial weights of one array are held while it is programmed: 67 MB.
TEST(memory, of_a_large_array_is_documented) {
  expect_documented_memory(4096, 4096, 115 * megabyte);
}

TEST(memory, of_many_arrays_is_documented) {
  expect_documented_memory(3072, 256, 60 * megabyte);
}

/// Two of 4,096 tiles hold an array. Devices of all of them would be a gigabyte per byte of a cross-point; accounts of
/// all of them, twice, are 92 MB.
TEST(memory, of_tiles_without_an_array_is_that_of_their_accounts) {
  const auto summary = summary_of_run({"--set", "machine.interconnect.mesh={columns: 64, rows: 64}"});
  EXPECT_LE(summary.at("host").at("peak_rss_bytes").get<std::uint64_t>(), 250 * megabyte);
}

} // namespace
} // namespace tilework::test
