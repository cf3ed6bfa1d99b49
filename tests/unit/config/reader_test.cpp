// SPDX-License-Identifier: Apache-2.0
#include <tilework/config/reader.h>

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <limits>
#include <string>

namespace tilework::config {

enum class adc_kind { sar, ramp };
constexpr std::array<std::pair<std::string_view, adc_kind>, 2> adc_names{
    {{"sar", adc_kind::sar}, {"ramp", adc_kind::ramp}}};
constexpr const auto& names_of(adc_kind /*tag*/) {
  return adc_names;
}

namespace {

std::string error_of(const std::string& text, const std::function<void(reader&)>& read) {
  try {
    const auto doc = document::parse(text, "f.yaml");
    reader r(doc);
    read(r);
  } catch (const input_error& e) {
    return e.what();
  }
  return "no error";
}

TEST(reader, reads_each_type_or_its_default) {
  const auto doc = document::parse("b: true\ni: -3\nu: 18446744073709551615\nf: 0.1\nd: 1e-3\ns: word\nk: ramp\n"
                                   "t: 5 ns\nl: [784, 256]\nn: 10 epochs\ninf: .inf\n",
                                   "f.yaml");
  reader r(doc);
  EXPECT_TRUE(r.get("b", false));
  EXPECT_EQ(r.get("i", 0), -3);
  EXPECT_EQ(r.get<std::uint64_t>("u", 0), 18446744073709551615U);
  EXPECT_EQ(r.get("f", 0.0F), 0.1F);
  EXPECT_EQ(r.get("d", 0.0), 1e-3);
  EXPECT_EQ(r.get("s", ""), "word");
  EXPECT_EQ(r.get("k", adc_kind::sar), adc_kind::ramp);
  EXPECT_EQ(r.quantity("t", dimension::time, 0), 5e-9);
  EXPECT_EQ(r.get_list<int>("l", {}), (std::vector{784, 256}));
  EXPECT_EQ(r.get_amount("n", {"epoch", "mini_batch"}, {1, "epoch"}), (amount{10, "epoch"}));
  EXPECT_EQ(r.get("inf", 0.0), std::numeric_limits<double>::infinity());
  r.finish();

  EXPECT_FALSE(r.get("b2", false));
  EXPECT_EQ(r.get("i2", 7), 7);
  EXPECT_EQ(r.get("k2", adc_kind::ramp), adc_kind::ramp);
  EXPECT_EQ(r.quantity("t2", dimension::time, 3e-9), 3e-9);
  EXPECT_EQ(r.get_list<int>("l2", {1}), std::vector{1});
  EXPECT_EQ(r.get_amount("n2", {"epoch", "mini_batch"}, {1, "mini_batch"}), (amount{1, "mini_batch"}));
  EXPECT_EQ(r.child("c2").child("deeper").get("x", 4), 4);
  EXPECT_TRUE(r.children("m2").empty());
  EXPECT_EQ(r.find<int>("i3"), std::nullopt);
}

TEST(reader, says_what_a_wrong_value_should_have_been) {
  const auto error = [](const std::string& value, const std::function<void(reader&)>& read) {
    return error_of("a:\n  x: " + value + "\n", [&](reader& r) {
      auto a = r.child("a");
      read(a);
    });
  };
  const auto epochs = [](reader& r) { r.get("x", 1, {.minimum = 1}); };
  EXPECT_EQ(error("0", epochs), "f.yaml:2:6: a.x: expected an integer from 1 to 2147483647, got '0'");
  EXPECT_EQ(error("2.5", epochs), "f.yaml:2:6: a.x: expected an integer from 1 to 2147483647, got '2.5'");
  EXPECT_EQ(error("[1]", epochs), "f.yaml:2:6: a.x: expected an integer from 1 to 2147483647, got a list");
  EXPECT_EQ(error("-1", [](reader& r) { r.get<std::uint64_t>("x", 1); }),
            "f.yaml:2:6: a.x: expected an integer of at least 0, got '-1'");
  EXPECT_EQ(error("300", [](reader& r) { r.get<std::uint8_t>("x", 1); }),
            "f.yaml:2:6: a.x: expected an integer from 0 to 255, got '300'");
  EXPECT_EQ(error("0", [](reader& r) { r.get("x", 1.0, {.minimum = 0, .open_minimum = true}); }),
            "f.yaml:2:6: a.x: expected a number greater than 0, got '0'");
  EXPECT_EQ(error("1.5", [](reader& r) { r.get("x", 1.0, {.minimum = 0, .maximum = 1, .open_minimum = true}); }),
            "f.yaml:2:6: a.x: expected a number greater than 0 and at most 1, got '1.5'");
  EXPECT_EQ(error(".nan", [](reader& r) { r.get("x", 1.0); }), "f.yaml:2:6: a.x: expected a number, got '.nan'");
  EXPECT_EQ(error("nan", [](reader& r) { r.get("x", 1.0); }), "f.yaml:2:6: a.x: expected a number, got 'nan'");
  EXPECT_EQ(error("yes", [](reader& r) { r.get("x", true); }), "f.yaml:2:6: a.x: expected true or false, got 'yes'");
  EXPECT_EQ(error("rmap", [](reader& r) { r.get("x", adc_kind::sar); }),
            "f.yaml:2:6: a.x: unknown value 'rmap'; did you mean 'ramp'? allowed: sar, ramp");
  EXPECT_EQ(error("5 nm", [](reader& r) { r.quantity("x", dimension::time, 0); }),
            "f.yaml:2:6: a.x: expected a time such as '175 ns' (fs, ps, ns, us, ms, s, min, h, d, y), got '5 nm'");
  EXPECT_EQ(error("-5 ns", [](reader& r) { r.quantity("x", dimension::time, 0, {.minimum = 0}); }),
            "f.yaml:2:6: a.x: expected a value of at least 0 s, got '-5 ns'");
  EXPECT_EQ(error("3 ms", [](reader& r) { r.quantity("x", dimension::time, 0, {.minimum = 1e-9, .maximum = 1e-6}); }),
            "f.yaml:2:6: a.x: expected a value from 1 ns to 1 us, got '3 ms'");
  EXPECT_EQ(error("[1, x]", [](reader& r) { r.get_list<int>("x", {}); }),
            "f.yaml:2:10: a.x: expected a list, each an integer from -2147483648 to 2147483647, got 'x'");
  EXPECT_EQ(error("5", [](reader& r) { r.child("x"); }),
            "f.yaml:2:6: a.x: expected a map of keys and values, got a single value");
  EXPECT_EQ(error("5 weeks",
                  [](reader& r) {
                    r.get_amount("x", {"epoch", "mini_batch"}, {1, "epoch"});
                  }),
            "f.yaml:2:6: a.x: expected an integer of at least 1 and one of epoch, mini_batch, got '5 weeks'");
  EXPECT_EQ(error("{}", [](reader& r) { r.require<int>("y"); }), "f.yaml:2:3: a.y is missing");
}

TEST(reader, rejects_keys_that_nobody_asked_for) {
  const std::string text = "training:\n  device:\n    dw_mn: 0.1\n";
  EXPECT_EQ(error_of(text,
                     [](reader& r) {
                       auto device = r.child("training").child("device");
                       device.get("dw_min", 0.0);
                       device.get("up_down", 0.0);
                       r.finish();
                     }),
            "f.yaml:3:5: unknown key 'dw_mn' in training.device; did you mean 'dw_min'? allowed: dw_min, up_down");
  EXPECT_EQ(error_of("zzz: 1\n",
                     [](reader& r) {
                       r.get("epochs", 1);
                       r.finish();
                     }),
            "f.yaml:1:1: unknown key 'zzz' at top level; allowed: epochs");
  // a map that was asked for by name only, and the maps of a list
  EXPECT_NE(error_of("a: {b: 1}\n",
                     [](reader& r) {
                       r.child("a");
                       r.finish();
                     }),
            "no error");
  EXPECT_EQ(error_of("l: [{n: 1}, {m: 1}]\n",
                     [](reader& r) {
                       for (auto& item : r.children("l"))
                         item.get("n", 0);
                       r.finish();
                     }),
            "f.yaml:1:14: unknown key 'm' in l.1; allowed: n");
}

TEST(reader, tells_alternatives_apart) {
  const auto doc = document::parse("sides: shared\nother: {forward: 1}\nnothing:\n", "f.yaml");
  const reader r(doc);
  EXPECT_EQ(r.kind("sides"), node_kind::scalar);
  EXPECT_EQ(r.kind("other"), node_kind::map);
  EXPECT_EQ(r.kind("nothing"), node_kind::absent);
  EXPECT_EQ(r.keys(), (std::vector<std::string>{"sides", "other"}));
}

TEST(reader, rejects_two_values_for_one_quantity) {
  EXPECT_EQ(
      error_of("bits: 7\nresolution: 0.1\n", [](reader& r) { r.exclusive("bits", "resolution"); }),
      "f.yaml:2:13: resolution: two values for one quantity: 'resolution' is already given as 'bits' at f.yaml:1:7; "
      "leave one of them out");
  EXPECT_EQ(error_of("bits: 7\n", [](reader& r) { r.exclusive("bits", "resolution"); }), "no error");
}

} // namespace
} // namespace tilework::config
