// SPDX-License-Identifier: Apache-2.0
#include <tilework/report/text_table.h>

#include <gtest/gtest.h>

namespace tilework::report {
namespace {

TEST(text_table, aligns_the_first_column_left_and_the_others_right) {
  text_table table({"phase", "time"});
  table.add({"forward", "2 us"});
  table.add({"update", "100 ns"});
  EXPECT_EQ(table.str(0), "phase      time\n"
                          "───────────────\n"
                          "forward    2 us\n"
                          "update   100 ns\n");
}

TEST(text_table, counts_code_points_not_bytes) {
  text_table table({"µ", "x"});
  table.add({"ab", "1"});
  EXPECT_EQ(table.str(0), "µ   x\n"
                          "─────\n"
                          "ab  1\n");
}

TEST(text_table, draws_rules_and_indents_and_leaves_no_blanks_at_line_ends) {
  text_table table({"a", "b"});
  table.add({"1", ""});
  table.rule();
  table.add({"2", "3"});
  EXPECT_EQ(table.str(2), "  a  b\n"
                          "  ────\n"
                          "  1\n"
                          "  ────\n"
                          "  2  3\n");
}

TEST(text_table, columns_of_text_are_left_aligned_and_wrapped_at_blanks) {
  text_table table({"name", "value", "meaning"});
  table.text_column(1);
  table.text_column(2, 8);
  table.add({"a", "10000", "one two three"});
  table.add({"b", "2", "unbreakable"});
  EXPECT_EQ(table.str(0), "name  value  meaning\n"
                          "────────────────────────\n"
                          "a     10000  one two\n"
                          "             three\n"
                          "b     2      unbreakable\n");
}

} // namespace
} // namespace tilework::report
