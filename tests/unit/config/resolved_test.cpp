// SPDX-License-Identifier: Apache-2.0
#include <tilework/config/reader.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tilework::config {
namespace {

/// Everything that a configuration can hold.
struct values {
  float small = 0;
  double tenth = 0;
  double width_s = 0;
  double bytes = 0;
  std::uint64_t seed = 0;
  std::string text;
  std::vector<std::string> words;
  std::vector<double> numbers;
  amount every;
  bool flag = false;
  std::vector<int> ids;
  friend bool operator==(const values&, const values&) = default;
};

values read(const document& doc) {
  reader r(doc);
  values v;
  v.small = r.get("small", 0.001F);
  auto deep = r.child("deep");
  v.tenth = deep.get("tenth", 0.1);
  v.width_s = deep.child("deeper").quantity("width", dimension::time, 175e-9);
  v.bytes = deep.quantity("bytes", dimension::data_size, 1536);
  v.seed = r.get<std::uint64_t>("seed", 18446744073709551615U);
  v.text = r.get("text", "~");
  v.words = r.get_list<std::string>("words", {"null", "a: b", "", "-", "#no", "1 # 2", "'quoted'", "two\nlines"});
  v.numbers = r.get_list<double>("numbers", {1e-300, 1.0 / 3});
  v.every = r.get_amount("every", {"epoch"}, {2, "epoch"});
  v.flag = r.get("flag", true);
  for (auto& item : r.children("items"))
    v.ids.push_back(item.get("id", 5));
  static_cast<void>(r.child("empty"));
  r.finish();
  return v;
}

TEST(resolved_configuration, shows_given_values_and_defaults_in_user_units) {
  const auto doc = document::parse("items: [{id: 1}, {}]\ndeep: {deeper: {width: 0.1 us}}\n", "f.yaml");
  read(doc);
  EXPECT_EQ(doc.resolved_yaml(), R"(small: 0.001
deep:
  tenth: 0.1
  deeper:
    width: 100 ns
  bytes: 1.536 kB
seed: 18446744073709551615
text: "~"
words: ["null", "a: b", "", "-", "#no", "1 # 2", "'quoted'", "two\nlines"]
numbers: [1e-300, 0.3333333333333333]
every: 2 epoch
flag: true
items:
  - id: 1
  - id: 5
empty: {}
)");
}

TEST(resolved_configuration, reproduces_itself) {
  for (const std::string text :
       {"", "items: [{id: 1}, {}]\nsmall: 1e-7\ndeep: {tenth: .inf, bytes: 3 MiB}\nflag: false\n",
        "text: 'it''s: odd'\nnumbers: []\nwords: [x]\nseed: 0\n"}) {
    const auto first = document::parse(text, "first.yaml");
    const auto values = read(first);
    const auto second = document::parse(first.resolved_yaml(), "second.yaml");
    EXPECT_EQ(read(second), values);
    EXPECT_EQ(second.resolved_yaml(), first.resolved_yaml());
  }
}

} // namespace
} // namespace tilework::config
