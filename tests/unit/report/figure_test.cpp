// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/report/figure.h>

#include <gtest/gtest.h>

#include <string>

namespace tilework::report {
namespace {

figure small_figure() {
  return {{{"a \"b\"", "pulses", "weight", {{series_style::band, "± 1 std", "#cccccc", {0, 10}, {1, 2}, {3, 4}}}},
           {"second", "x", "y", {{series_style::line, "", "#000000", {0, 900}, {0, 1}}}}},
          2};
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(figure, script_carries_panels_data_and_labels) {
  const auto script = gnuplot_script(small_figure(), "out.svg");
  for (const std::string part : {"set terminal svg", "set output \"out.svg\"", "set multiplot layout 1,2",
                                 "$data0 << EOD\n0 1 3\n10 2 4\nEOD\n", "$data1 << EOD\n0 0\n900 1\nEOD\n",
                                 "set title \"a \\\"b\\\"\"", "set xlabel \"pulses\"", "title \"± 1 std\"", "notitle"})
    EXPECT_TRUE(contains(script, part)) << part << "\n" << script;
}

TEST(figure, ticks_are_few_round_numbers) {
  const auto script = gnuplot_script(small_figure(), "out.svg");
  EXPECT_TRUE(contains(script, "set xtics 5\n")) << script;   // 0 to 10
  EXPECT_TRUE(contains(script, "set xtics 500\n")) << script; // 0 to 900
}

TEST(figure, the_extension_decides_the_format) {
  EXPECT_TRUE(contains(gnuplot_script(small_figure(), "out.png"), "set terminal pngcairo"));
  EXPECT_THROW(gnuplot_script(small_figure(), "out.pdf"), input_error);
}

TEST(figure, what_cannot_be_written_is_an_error) {
  EXPECT_THROW(draw(small_figure(), "/nonexistent/folder/out.svg"), run_error);
}

} // namespace
} // namespace tilework::report
