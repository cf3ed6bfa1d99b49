// SPDX-License-Identifier: Apache-2.0
#include "support/recorded.h"

#include <tilework/core/error.h>
#include <tilework/report/operations_database.h>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <string>

namespace tilework::report {
namespace {

using rows = std::vector<std::string>;

/// Result of a query, one line per row.
rows query(const std::filesystem::path& file, const char* sql) {
  sqlite3* opened = nullptr;
  EXPECT_EQ(sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> database(opened, sqlite3_close);
  rows found;
  const auto add = [](void* to, int columns, char** values, char**) {
    std::string line;
    for (int c = 0; c < columns; ++c)
      line += (c > 0 ? "|" : "") + std::string(values[c] == nullptr ? "null" : values[c]);
    static_cast<rows*>(to)->push_back(line);
    return 0;
  };
  EXPECT_EQ(sqlite3_exec(opened, sql, add, &found, nullptr), SQLITE_OK) << sqlite3_errmsg(opened);
  return found;
}

TEST(operations_database, holds_every_operation_and_booking) {
  const auto file = std::filesystem::path(testing::TempDir()) / "operations.sqlite";
  operations_database database(file, {{"seed", "7"}}, test::example_resources());
  database.add(test::example_step());
  database.finish();
  EXPECT_EQ(query(file, "SELECT * FROM Run"), (rows{"seed|7"}));
  EXPECT_EQ(query(file, "SELECT * FROM Resource WHERE kind = 'network'"), (rows{"2|bus|network"}));
  EXPECT_EQ(query(file, "SELECT * FROM Step"), (rows{"7|0|1000|83"}));
  EXPECT_EQ(
      query(file, "SELECT operation, kind, function, layer, done_fs, cause, gap_fs FROM Operation"),
      (rows{"0|forward_mvm|null|0|41|2|4", "1|forward_mvm|null|1|73|5|4", "2|vector_op|loss_gradient|0|83|null|10"}));
  EXPECT_EQ(query(file, "SELECT * FROM Dependency"), (rows{"0|2|1"}));
  EXPECT_EQ(query(file, "SELECT booking, operation, resource, requested_fs, start_fs, length_fs, cause, gap_fs, "
                        "joined_to FROM Booking WHERE operation = 1"),
            (rows{"3|1|0|1|32|30|null|1|null", "4|1|1|6|37|32|null|5|3", "5|1|2|69|69|4|3|37|null"}));
  std::filesystem::remove(file);
}

TEST(operations_database, says_what_the_disk_refuses) {
  try {
    operations_database database("/dev/full", {}, test::example_resources());
    database.add(test::example_step());
    database.finish();
    FAIL() << "no error";
  } catch (const run_error& error) {
    EXPECT_STREQ(error.what(), "cannot write /dev/full: database or disk is full");
  }
  EXPECT_THROW(operations_database("/nowhere/at/all", {}, {}), run_error);
}

} // namespace
} // namespace tilework::report
