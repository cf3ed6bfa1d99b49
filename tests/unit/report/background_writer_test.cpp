// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/report/background_writer.h>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

namespace tilework::report {
namespace {

namespace fs = std::filesystem;

struct background_writer_test : testing::Test {
  fs::path root = fs::temp_directory_path() / ("tilework_background_writer_" + std::to_string(::getpid()));
  run_directory directory = run_directory::create(root);
  ~background_writer_test() override { fs::remove_all(root); }

  [[nodiscard]] std::string content(const std::string& name) const {
    std::ifstream in(root / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

TEST_F(background_writer_test, keeps_the_order_of_calls) {
  background_writer writer(directory);
  writer.write("a", "replaced");
  std::string expected = "first\n";
  writer.write("a", expected);
  for (int i = 0; i < 100; ++i) {
    writer.append("a", std::to_string(i));
    expected += std::to_string(i) + '\n';
  }
  writer.finish();
  EXPECT_EQ(content("a"), expected);
}

TEST_F(background_writer_test, writes_what_was_asked_for_before_it_ends) {
  {
    background_writer writer(directory);
    writer.write("a", "last words");
  }
  EXPECT_EQ(content("a"), "last words");
}

TEST_F(background_writer_test, an_error_is_thrown_once_by_a_later_call) {
  fs::create_symlink("/dev/full", root / "a");
  background_writer writer(directory);
  writer.append("a", "line");
  EXPECT_THROW(writer.finish(), run_error);
  EXPECT_NO_THROW(writer.check());
  writer.write("b", "text");
  writer.finish();
  EXPECT_EQ(content("b"), "text");
}

TEST_F(background_writer_test, a_check_reports_without_waiting) {
  fs::create_symlink("/dev/full", root / "a");
  background_writer writer(directory);
  writer.append("a", "line");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  EXPECT_THROW(while (std::chrono::steady_clock::now() < deadline) writer.check(), run_error);
}

/// A pipe whose reader is missing is the slowest of all disks.
TEST_F(background_writer_test, a_disk_that_hangs_blocks_no_call) {
  ASSERT_EQ(::mkfifo((root / "slow").c_str(), S_IRUSR | S_IWUSR), 0);
  background_writer writer(directory);
  writer.append("slow", "line");
  for (int i = 0; i < 10; ++i) {
    writer.write("state", std::to_string(i));
    writer.check();
  }
  EXPECT_FALSE(fs::exists(root / "state"));
  std::ifstream reader(root / "slow");
  std::string line;
  std::getline(reader, line);
  EXPECT_EQ(line, "line");
  writer.finish();
  EXPECT_EQ(content("state"), "9");
}

} // namespace
} // namespace tilework::report
