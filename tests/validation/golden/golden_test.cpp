// SPDX-License-Identifier: Apache-2.0
// Every file of reference statistics against samples drawn here, as one test with one false-alarm rate (1 %).
//
//   TILEWORK_GOLDEN        directory of the files; skipped without it
//   TILEWORK_GOLDEN_TABLE  file that the table of all families is written to (Markdown)
//   TILEWORK_SEED          another seed than 1, for fresh samples
//   TILEWORK_GOLDEN_ONLY   one of: products, updates, pulse responses, parameters of devices, symmetry points,
//   inference
#include "support/golden.h"
#include "validation/golden/families.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <string>

namespace tilework::golden {
namespace {

/// Files that no family reads.
void note_other_files(acceptance& all) {
  std::set<std::string> known{"forward_w.csv", "forward_wbig.csv", "forward_x.csv", "forward_d.csv"}; // operands
  for (const auto& v : all.verdicts())
    known.insert(v.family->source());
  for (const auto& entry : std::filesystem::directory_iterator(test::golden_directory())) {
    const auto file = entry.path().filename().string();
    if (file == "mnist_train_curves.csv")
      all.note(file + ": plain SGD (`cs`) is compared by validation_test, by training");
    else if (entry.path().extension() == ".csv" && !known.contains(file))
      all.note("not compared: " + file);
  }
}

TEST(golden, all_families) {
  if (test::golden_directory().empty())
    GTEST_SKIP() << "TILEWORK_GOLDEN is not set";
  const char* const given = std::getenv("TILEWORK_SEED");
  const std::uint64_t seed = given == nullptr ? 1 : std::stoull(given);

  acceptance all;
  const char* const only = std::getenv("TILEWORK_GOLDEN_ONLY");
  const auto timed = [&](const char* what, void (*compare)(acceptance&, std::uint64_t)) {
    if (only != nullptr && std::string(only) != what)
      return;
    const auto start = std::chrono::steady_clock::now();
    compare(all, seed);
    std::cout << fmt::format("{}: {:.0f} s\n", what,
                             std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  };
  timed("products", compare_products);
  timed("updates", compare_updates);
  timed("pulse responses", compare_pulse_responses);
  timed("parameters of devices", compare_hidden_parameters);
  timed("symmetry points", compare_symmetry_points);

  timed("inference", compare_inference);
  if (only == nullptr)
    note_other_files(all);
  const auto table = fmt::format("Seed {}.\n\n", seed) + all.table();
  std::cout << table;
  if (const char* path = std::getenv("TILEWORK_GOLDEN_TABLE"); path != nullptr) {
    std::ofstream out(path);
    out << table;
    EXPECT_TRUE(out) << path;
  }

  constexpr std::size_t most_listed = 40; // failures of one family
  for (const auto& v : all.verdicts()) {
    const auto described = [&](const comparison& c) {
      return fmt::format("{}: {}: {} {:.7g}, reference {:.7g}, z {:.2f}", v.family->name(), c.what, name_of(c.kind),
                         c.ours, c.reference, c.z);
    };
    if (v.largest != nullptr)
      std::cout << "largest of " << described(*v.largest) << "\n";
    EXPECT_FALSE(v.too_many_ties) << v.family->name() << ": " << v.family->ties() << " differences of one code";
    for (std::size_t i = 0; i < std::min(most_listed, v.failures.size()); ++i)
      ADD_FAILURE() << described(*v.failures[i]);
    EXPECT_LE(v.failures.size(), most_listed) << v.family->name();
  }
}

} // namespace
} // namespace tilework::golden
