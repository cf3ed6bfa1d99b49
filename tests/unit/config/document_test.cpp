// SPDX-License-Identifier: Apache-2.0
#include <tilework/config/reader.h>

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace tilework::config {
namespace {

/// A folder of its own per test.
class files : public testing::Test {
protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              (std::string("tilework_") + testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ / "sub");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  [[nodiscard]] std::string in_folder(const std::string& name) const { return (folder_ / name).string(); }

  std::filesystem::path folder_;
};

std::string load_error(const std::filesystem::path& file, const load_options& options = {}) {
  try {
    document::load(file, options);
  } catch (const input_error& e) {
    return e.what();
  }
  return "no error";
}

std::string parse_error(const std::string& text, const load_options& options = {}) {
  try {
    document::parse(text, "f.yaml", options);
  } catch (const input_error& e) {
    return e.what();
  }
  return "no error";
}

TEST_F(files, missing_file) {
  const auto name = in_folder("none.yaml");
  EXPECT_EQ(load_error(name), name + ":0:0: cannot open " + name + ": No such file or directory");
}

TEST_F(files, directory_instead_of_file) {
  EXPECT_EQ(load_error(folder_), folder_.string() + ":0:0: cannot open " + folder_.string() + ": it is a directory");
}

TEST(parse, reports_syntax_errors_with_their_place) {
  EXPECT_TRUE(parse_error("a: 1\nb: [1, 2\nc: 3\n").starts_with("f.yaml:3:"));
  for (const char* text : {"b: 1\na: 'open\nc: 2\n", "b: 1\na: \"open\\\"\nc: 2\n", "b: 1\na: 'it''s\n"})
    EXPECT_EQ(parse_error(text), "f.yaml:2:4: this quote is never closed") << text;
  EXPECT_EQ(parse_error("b: 'it''s'\nc: \"say \\\"x\\\"\"\n'd': ''\n"), "no error");
}

TEST(parse, rejects_what_the_format_leaves_out) {
  EXPECT_EQ(parse_error("a: 1\nb: 2\na: 3\n"), "f.yaml:3:1: duplicate key 'a', first given at f.yaml:1:1");
  EXPECT_EQ(parse_error("x:\n  a: 1\n  a: 1\n"), "f.yaml:3:3: duplicate key 'a', first given at f.yaml:2:3");
  EXPECT_EQ(parse_error("a: 1\n---\nb: 1\n"), "f.yaml:2:1: only one YAML document per file is allowed");
  EXPECT_NE(parse_error("a: &x 1\nb: *x\n").find("anchors and aliases are not supported"), std::string::npos);
  EXPECT_EQ(parse_error("? [1, 2]\n: 3\n"), "f.yaml:1:3: a key must be a plain word");
  EXPECT_EQ(parse_error("- 1\n"), "f.yaml:1:1: expected a map of keys and values");
}

TEST(parse, accepts_an_empty_file) {
  EXPECT_EQ(parse_error(""), "no error");
}

TEST_F(files, extends_merges_maps_deeply_and_the_later_wins) {
  write("sub/base.yaml", "a: {x: 1, y: 2}\nlist: [1, 2]\nkeep: base\n");
  const auto top = write("top.yaml", "extends: sub/base.yaml\na: {y: 3, z: 4}\nlist: [9]\n");
  const auto doc = document::load(top);
  reader r(doc);
  auto a = r.child("a");
  EXPECT_EQ(a.get("x", 0), 1);
  EXPECT_EQ(a.get("y", 0), 3);
  EXPECT_EQ(a.get("z", 0), 4);
  EXPECT_EQ(r.get_list<int>("list", {}), std::vector{9});
  EXPECT_EQ(r.get("keep", ""), "base");
  EXPECT_EQ(a.where("x"), in_folder("sub/base.yaml") + ":1:8");
  EXPECT_EQ(a.where("y"), in_folder("top.yaml") + ":2:8");
  r.finish();
}

TEST_F(files, extends_reports_cycles_and_missing_parents) {
  const auto a = write("a.yaml", "extends: b.yaml\n");
  write("b.yaml", "extends: a.yaml\n");
  EXPECT_EQ(load_error(a), a.string() + ":0:0: extends itself, directly or through other files");
  const auto c = write("c.yaml", "x: 1\nextends: none.yaml\n");
  const auto none = in_folder("none.yaml");
  EXPECT_EQ(load_error(c),
            c.string() + ":2:10: extends: " + none + ":0:0: cannot open " + none + ": No such file or directory");
}

TEST_F(files, null_takes_an_inherited_value_away) {
  write("base.yaml", "mesh: {rows: 2}\n");
  const auto doc = document::load(write("top.yaml", "extends: base.yaml\nmesh: null\nbus: {}\n"));
  const reader r(doc);
  EXPECT_FALSE(r.has("mesh"));
  EXPECT_EQ(r.kind("bus"), node_kind::map);
}

TEST_F(files, overrides_have_the_last_word_and_a_location) {
  const auto doc = document::load(write("f.yaml", "a: {b: {c: 1}}\nlist: [{n: 1}, {n: 2}]\n"),
                                  {.overrides = {"a.b.c=5", "a.new.d=[1, 2]", "list.1.n=7", "e={f: x}"}});
  reader r(doc);
  auto a = r.child("a");
  EXPECT_EQ(a.child("b").get("c", 0), 5);
  EXPECT_EQ(a.child("b").where("c"), "--set a.b.c");
  EXPECT_EQ(a.child("new").get_list<int>("d", {}), (std::vector{1, 2}));
  EXPECT_EQ(r.children("list")[1].get("n", 0), 7);
  EXPECT_EQ(r.child("e").get("f", ""), "x");
}

constexpr std::array<embedded_text, 3> presets{
    {{"Base", "a: 1\nm: {x: 1, y: 2}\n"}, {"Derived", "extends: Base\na: 2\n"}, {"Loop", "extends: Loop\n"}}};

TEST_F(files, maps_extend_presets_and_files) {
  write("mine.yaml", "extends: Derived\nm: {y: 5}\n");
  const auto doc =
      document::load(write("top.yaml", "f: {extends: mine.yaml, m: {z: 7}}\ng: {preset: Base, a: 9}\nh: {}\n"),
                     {.overrides = {"g.m.x=8"}});
  reader r(doc);
  auto f = r.child("f");
  f.extend(presets);
  EXPECT_EQ(f.get("a", 0), 2);
  auto m = f.child("m");
  EXPECT_EQ(m.get("x", 0), 1);
  EXPECT_EQ(m.get("y", 0), 5);
  EXPECT_EQ(m.get("z", 0), 7);
  EXPECT_EQ(m.where("x"), "preset Base:2:8");
  auto g = r.child("g");
  g.extend(presets);
  EXPECT_EQ(g.get("a", 0), 9);
  EXPECT_EQ(g.child("m").get("x", 0), 8);
  EXPECT_EQ(g.child("m").get("y", 0), 2);
  auto h = r.child("h");
  h.extend(presets);
  r.finish();
  EXPECT_EQ(doc.resolved_yaml().find("extends"), std::string::npos);
}

TEST_F(files, bad_bases_are_reported_where_they_are_named) {
  const auto error = [](const std::string& text) {
    const auto doc = document::parse("f: {" + text + "}\n", "f.yaml");
    reader r(doc);
    auto f = r.child("f");
    try {
      f.extend(presets);
      f.get("a", 0);
      auto m = f.child("m");
      m.get("x", 0);
      m.get("y", 0);
      r.finish();
    } catch (const input_error& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(error("preset: Bse"),
            "f.yaml:1:13: preset: unknown preset 'Bse'; did you mean 'Base'? allowed: Base, Derived, Loop");
  EXPECT_EQ(error("preset: mine.yaml"),
            "f.yaml:1:13: preset: unknown preset 'mine.yaml'; allowed: Base, Derived, Loop");
  EXPECT_TRUE(
      error("extends: none.yaml").starts_with("f.yaml:1:14: extends: unknown preset 'none.yaml', nor is there a file"));
  EXPECT_EQ(error("extends: Loop"), "preset Loop:0:0: extends itself, directly or through other files");
  EXPECT_EQ(error("extends: [Base]"), "f.yaml:1:5: extends: expected the name of a file");
  EXPECT_TRUE(error("preset: Base, b: 1").starts_with("f.yaml:1:19: unknown key 'b' in f"));
}

TEST(overrides, report_bad_paths) {
  const auto error = [](const std::string& text) { return parse_error("a: {b: 1}\nl: [1]\n", {.overrides = {text}}); };
  EXPECT_EQ(error("nonsense"), "--set nonsense: expected key.path=value");
  EXPECT_EQ(error("=1"), "--set =1: expected key.path=value");
  EXPECT_EQ(error("a..b=1"), "--set a..b: empty name in the path");
  EXPECT_EQ(error("a.b.c=1"), "--set a.b.c: cannot set 'c' inside the single value '1' given at f.yaml:1:8");
  EXPECT_EQ(error("l.1=1"), "--set l.1: '1' must be an index from 0 to 0 into the list at f.yaml:2:4");
  EXPECT_TRUE(error("a.b=[1").starts_with("--set a.b: "));
}

TEST_F(files, unknown_override_is_reported_by_finish) {
  const auto doc = document::parse("a: {epochs: 1}\n", "f.yaml", {.overrides = {"a.epoch=2"}});
  reader r(doc);
  r.child("a").get("epochs", 0);
  try {
    r.finish();
    FAIL() << "no error";
  } catch (const input_error& e) {
    EXPECT_STREQ(e.what(), "--set a.epoch: unknown key 'epoch' in a; did you mean 'epochs'? allowed: epochs");
  }
}

TEST_F(files, included_files_are_read_in_place_and_can_be_overridden) {
  write("sub/machine.yaml", "tile: {bits: 7}\ntechnology: tech.yaml\n");
  write("sub/other.yaml", "tile: {bits: 3}\n");
  const auto top = write("top.yaml", "machine: sub/machine.yaml\n");
  {
    const auto doc = document::load(top, {.overrides = {"machine.tile.bits=9"}, .included = {"machine"}});
    reader r(doc);
    auto machine = r.child("machine");
    EXPECT_EQ(machine.child("tile").get("bits", 0), 9);
    EXPECT_EQ(machine.get_files("technology"), std::vector{folder_ / "sub/tech.yaml"});
  }
  // Whichever comes first on the command line, the file is chosen before it is changed.
  const auto other = in_folder("sub/other.yaml");
  const auto doc =
      document::load(top, {.overrides = {"machine.tile.x=1", "machine=" + other}, .included = {"machine"}});
  reader r(doc);
  auto tile = r.child("machine").child("tile");
  EXPECT_EQ(tile.get("bits", 0), 3);
  EXPECT_EQ(tile.get("x", 0), 1);
  const auto none = in_folder("none.yaml");
  EXPECT_EQ(load_error(write("bad.yaml", "machine: none.yaml\n"), {.included = {"machine"}}),
            in_folder("bad.yaml") + ":1:10: machine: cannot open " + none + ": No such file or directory");
}

} // namespace
} // namespace tilework::config
