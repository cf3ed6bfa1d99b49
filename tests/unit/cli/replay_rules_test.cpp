// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/replay_rules.h>
#include <tilework/config/reader.h>
#include <tilework/platforms/machine_file.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

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

/// All keys of machine files: of values, not of the maps around them.
std::set<std::string> machine_keys() {
  std::set<std::string> all;
  for (const std::string text :
       {"{tile: {adc: {kind: fixed, conversion_time: 1 ns}, cell: {endurance: {pulses: 1, source: s}, wire: "
        "{resistance: 0 Ohm, capacitance: 0 fF}}}, digital: {transfer_controller: {}}}",
        "{chips: 2, interconnect: {mesh: {model: router}, chip_link: {}}}", "{interconnect: {tree: {model: router}}}",
        "{interconnect: {crossbar: {model: router}}}", "{interconnect: {bus: {}}, matrix_unit: {kind: systolic}}",
        "{interconnect: {ideal: {}}, matrix_unit: {kind: simd, weight_memory: {kind: dram}}}"}) {
    const auto document = config::document::parse("machine: " + text, "m.yaml");
    config::reader r(document);
    auto machine = r.child("machine");
    platform::read_machine(machine);
    machine.get_files("technology");
    all.insert(document.asked_paths().begin(), document.asked_paths().end());
  }
  std::set<std::string> values;
  for (const auto& path : all)
    if (std::ranges::none_of(all, [&](const std::string& other) { return other.starts_with(path + "."); }))
      values.insert(path);
  return values;
}

TEST(replay_rules, somebody_has_decided_about_every_key_of_a_machine) {
  const auto keys = machine_keys();
  EXPECT_GT(keys.size(), 80U);
  for (const auto& key : {"machine.tile.adc.bits", "machine.tile.faults.open_inputs",
                          "machine.matrix_unit.weight_memory.word", "machine.interconnect.mesh.rows"})
    EXPECT_TRUE(keys.contains(key)) << key;
  for (const auto& key : keys)
    EXPECT_TRUE(has_rule(key)) << key << ": if it decides no value, add it to the rules in replay_rules.cpp as free to "
                               << "change, else with the reason, and to docs/replay.md";
  EXPECT_FALSE(has_rule("machine.tile.new_key"));
  EXPECT_FALSE(has_rule("machine.tile.adc.bits_of_output"));
  EXPECT_FALSE(has_rule("machine"));
}

} // namespace
} // namespace tilework::cli
