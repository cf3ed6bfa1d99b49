// SPDX-License-Identifier: Apache-2.0
#include "example.h"

#include <tilework/report/closing_tables.h>

#include <gtest/gtest.h>

#include <string>

namespace tilework::report {
namespace {

/// Whether the text holds `wanted`, if every run of blanks counts as one.
bool has(const std::string& text, const std::string& wanted) {
  std::string squeezed;
  for (const char c : text)
    if (c != ' ' || !squeezed.ends_with(' '))
      squeezed += c;
  return squeezed.find(wanted) != std::string::npos;
}

TEST(closing_tables, say_accuracy_phases_and_components) {
  const auto text = closing_tables(test::example_run());
  EXPECT_TRUE(has(text, "example on small (paper), seed 7")) << text;
  EXPECT_TRUE(has(text, " 1 0.5000 0.7500 87.50 %")) << text;
  EXPECT_TRUE(has(text, "forward 2 us 2 us 66.7 % 2 nJ 100.0 %")) << text;
  EXPECT_TRUE(has(text, "update 1 us 1 us 33.3 %")) << text;
  EXPECT_TRUE(has(text, "training 3 us 100.0 % 2 nJ")) << text;
  EXPECT_TRUE(has(text, "adc 4 converters 1.5 nJ 75.0 % 500 pJ 2000 um2 66.7 % 50.0 %\n")) << text;
  EXPECT_FALSE(has(text, "backward")) << "phases that did not happen are left out";
}

TEST(closing_tables, give_no_share_to_what_is_no_training) {
  EXPECT_TRUE(has(closing_tables(test::example_run()), "evaluate 1 us 1 us 250 pJ\n"));
}

TEST(closing_tables, show_warnings) {
  auto r = test::example_run();
  r.warnings = {"accuracy was held fixed"};
  EXPECT_TRUE(has(closing_tables(r), "warning: accuracy was held fixed\n"));
}

TEST(closing_tables, survive_a_run_without_time_or_energy) {
  run_results r;
  EXPECT_TRUE(has(closing_tables(r), "training"));
}

} // namespace
} // namespace tilework::report
