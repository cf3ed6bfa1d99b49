// SPDX-License-Identifier: Apache-2.0
#include <tilework/config/read_fields.h>

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace tilework::config {

enum class management { none, abs_max };
constexpr std::array<std::pair<std::string_view, management>, 2> management_names{
    {{"none", management::none}, {"abs_max", management::abs_max}}};
constexpr const auto& names_of(management /*tag*/) {
  return management_names;
}

struct sample_parameters {
  float out_noise = 0.06F;
  int rounds = 3;
  unsigned bits = 7;
  bool perfect = false;
  management noise_management = management::abs_max;
  double width = 5e-9;

  template <class Visitor>
  static void fields(Visitor&& v) {
    v("out_noise", &sample_parameters::out_noise, field{.minimum = 0});
    v("rounds", &sample_parameters::rounds, field{.minimum = 1, .maximum = 10});
    v("bits", &sample_parameters::bits, field{});
    v("perfect", &sample_parameters::perfect, field{});
    v("noise_management", &sample_parameters::noise_management, field{});
    v("width", &sample_parameters::width, field{.minimum = 0, .unit = "s"});
  }
};

namespace {

TEST(read_fields, takes_given_values_and_keeps_the_defaults_of_the_others) {
  const auto doc = document::parse("out_noise: 0.001\nnoise_management: none\nwidth: 2 ns\n", "f.yaml");
  reader r(doc);
  sample_parameters defaults;
  defaults.rounds = 9;
  const auto p = read_fields(r, defaults);
  r.finish();
  EXPECT_EQ(p.out_noise, 0.001F);
  EXPECT_EQ(p.noise_management, management::none);
  EXPECT_EQ(p.width, 2e-9);
  EXPECT_EQ(p.rounds, 9);
  EXPECT_EQ(p.bits, 7U);
  EXPECT_FALSE(p.perfect);
  EXPECT_EQ(doc.resolved_yaml(), "out_noise: 0.001\nrounds: 9\nbits: 7\nperfect: false\nnoise_management: none\n"
                                 "width: 2 ns\n");
}

TEST(read_fields, checks_ranges_and_unknown_keys) {
  const auto error = [](const std::string& text) -> std::string {
    try {
      const auto doc = document::parse(text, "f.yaml");
      reader r(doc);
      read_fields(r, sample_parameters{});
      r.finish();
    } catch (const input_error& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_EQ(error("out_noise: -1\n"), "f.yaml:1:12: out_noise: expected a number of at least 0, got '-1'");
  EXPECT_EQ(error("rounds: 11\n"), "f.yaml:1:9: rounds: expected an integer from 1 to 10, got '11'");
  EXPECT_TRUE(error("out_nois: 1\n")
                  .starts_with("f.yaml:1:1: unknown key 'out_nois' at top level; did you mean "
                               "'out_noise'?"));
}

} // namespace
} // namespace tilework::config
