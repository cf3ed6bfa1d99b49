// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/replay_rules.h>

#include <gtest/gtest.h>

namespace tilework::cli {
namespace {

std::vector<changed_key> changes(const std::string& before, const std::string& now) {
  return changed_keys(before, now);
}

TEST(changed_keys, equal_files_have_none) {
  EXPECT_TRUE(changes("a: 1\nb: {c: [1, 2], d: x}", "b: {d: x, c: [1, 2]}\na: 1").empty());
}

TEST(changed_keys, are_named_with_both_values) {
  EXPECT_EQ(changes("a: 1\nb: {c: [1, 2], d: x}", "a: 2\nb: {c: [1, 3], d: x}"),
            (std::vector<changed_key>{{"a", "1", "2"}, {"b.c", "[1, 2]", "[1, 3]"}}));
}

TEST(changed_keys, include_those_that_only_one_file_has) {
  EXPECT_EQ(changes("a: 1", "b: 2"), (std::vector<changed_key>{{"a", "1", "nothing"}, {"b", "nothing", "2"}}));
  EXPECT_EQ(changes("n: {bus: {width: 8}}", "n: {mesh: {rows: 2}}"),
            (std::vector<changed_key>{{"n.bus.width", "8", "nothing"}, {"n.mesh.rows", "nothing", "2"}}));
}

TEST(changed_keys, a_value_and_a_map_differ) {
  EXPECT_EQ(changes("a: 1", "a: {b: 2}"), (std::vector<changed_key>{{"a", "1", "nothing"}, {"a.b", "nothing", "2"}}));
}

} // namespace
} // namespace tilework::cli
