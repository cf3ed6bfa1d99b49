// SPDX-License-Identifier: Apache-2.0
#include "support/forked.h"

#include <tilework/core/error.h>
#include <tilework/report/run_directory.h>

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <new>
#include <ostream>
#include <string>

namespace tilework::report {
namespace {

namespace fs = std::filesystem;

/// A folder that is removed afterwards.
struct run_directory_test : testing::Test {
  fs::path root = fs::temp_directory_path() / ("tilework_run_directory_" + std::to_string(::getpid()));
  run_directory_test() { fs::create_directories(root); }
  ~run_directory_test() override { fs::remove_all(root); }

  static std::string content(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return {};
}

TEST_F(run_directory_test, writes_and_replaces_whole_files) {
  const auto d = run_directory::create(root / "a" / "run");
  d.write("summary.json", "one");
  d.write("summary.json", "two");
  d.write("checkpoint/state.bin", std::string_view("\0x", 2));
  EXPECT_EQ(content(d.path() / "summary.json"), "two");
  EXPECT_EQ(content(d.path() / "checkpoint/state.bin"), std::string("\0x", 2));
  EXPECT_FALSE(fs::exists(d.path() / "summary.json.partial"));
}

TEST_F(run_directory_test, appends_lines) {
  const auto d = run_directory::create(root / "run");
  d.append("metrics.jsonl", "{}");
  d.append("metrics.jsonl", "[]");
  EXPECT_EQ(content(d.path() / "metrics.jsonl"), "{}\n[]\n");
}

TEST_F(run_directory_test, appends_and_cuts_bytes) {
  const auto directory = run_directory::create(root);
  EXPECT_FALSE(directory.cut("a", 0)) << "there is no such file";
  directory.append_bytes("a", std::string_view("1\0\n2", 4));
  directory.append_bytes("a", "345");
  EXPECT_FALSE(directory.cut("a", 8));
  EXPECT_EQ(fs::file_size(root / "a"), 7U) << "too short: left as it is";
  EXPECT_TRUE(directory.cut("a", 7));
  EXPECT_TRUE(directory.cut("a", 2));
  EXPECT_EQ(fs::file_size(root / "a"), 2U);
}

TEST_F(run_directory_test, numbers_folders_of_one_name) {
  EXPECT_EQ(run_directory::create_numbered(root, "run").path(), root / "run");
  EXPECT_EQ(run_directory::create_numbered(root, "run").path(), root / "run-2");
  EXPECT_EQ(run_directory::create_numbered(root, "run").path(), root / "run-3");
}

TEST_F(run_directory_test, refuses_a_folder_that_is_in_use) {
  run_directory::create(root / "run").write(configuration_file, "x");
  EXPECT_THROW(run_directory::create(root / "run"), input_error);
  EXPECT_NE(message_of([&] { run_directory::create(root / "run"); }).find("--resume"), std::string::npos);
  fs::create_directories(root / "other");
  std::ofstream(root / "other" / "notes.txt") << "mine";
  EXPECT_THROW(run_directory::create(root / "other"), input_error) << "not ours";
  fs::create_directories(root / "empty");
  EXPECT_NO_THROW(run_directory::create(root / "empty"));
}

TEST_F(run_directory_test, refuses_a_place_where_no_folder_can_be) {
  std::ofstream(root / "file") << "x";
  EXPECT_THROW(run_directory::create(root / "file" / "run"), input_error);
  EXPECT_THROW(run_directory::create("/proc/nowhere/run"), input_error);
}

TEST_F(run_directory_test, opens_only_what_can_be_resumed) {
  EXPECT_THROW(run_directory::open(root / "nothing"), input_error);
  const auto d = run_directory::create(root / "run");
  d.write(configuration_file, "x");
  EXPECT_THROW(run_directory::open(root / "run"), input_error);
  d.write(checkpoint_file, "x");
  EXPECT_NO_THROW(run_directory::open(root / "run"));
}

TEST_F(run_directory_test, full_disk_is_a_run_error_and_leaves_nothing_under_the_final_name) {
  const auto d = run_directory::create(root / "run");
  fs::create_symlink("/dev/full", d.path() / "summary.json.partial");
  EXPECT_THROW(d.write("summary.json", "{}"), run_error);
  EXPECT_FALSE(fs::exists(d.path() / "summary.json"));
  EXPECT_FALSE(fs::is_symlink(d.path() / "summary.json.partial"));
  fs::create_symlink("/dev/full", d.path() / "metrics.jsonl");
  EXPECT_NE(message_of([&] { d.append("metrics.jsonl", "{}"); }).find("No space left on device"), std::string::npos);
}

TEST_F(run_directory_test, failed_replacement_keeps_the_old_file) {
  const auto d = run_directory::create(root / "run");
  d.write("summary.json", "old");
  fs::create_symlink("/dev/full", d.path() / "summary.json.partial");
  EXPECT_THROW(d.write("summary.json", "new"), run_error);
  EXPECT_EQ(content(d.path() / "summary.json"), "old");
}

TEST_F(run_directory_test, content_may_be_streamed) {
  const auto d = run_directory::create(root / "run");
  d.write("state", [](std::ostream& out) {
    out << "??body";
    out.seekp(0);
    out << "14";
  });
  EXPECT_EQ(content(d.path() / "state"), "14body");
}

TEST_F(run_directory_test, failed_streaming_keeps_the_old_file) {
  const auto d = run_directory::create(root / "run");
  d.write("state", "old");
  const auto expect_kept = [&] {
    EXPECT_EQ(content(d.path() / "state"), "old");
    EXPECT_FALSE(fs::exists(fs::symlink_status(d.path() / "state.partial")));
  };
  const auto refused = [](std::ostream& out) {
    out << "new";
    out.setstate(std::ios::badbit);
  };
  EXPECT_THROW(d.write("state", refused), run_error);
  expect_kept();
  const auto throws = [](std::ostream& out) {
    out << "new";
    throw std::bad_alloc();
  };
  EXPECT_THROW(d.write("state", throws), std::bad_alloc);
  expect_kept();
  fs::create_symlink("/dev/full", d.path() / "state.partial");
  const std::string large(1U << 20U, 'x'); // more than the stream's own memory: the disk refuses amid the content
  const auto fills = [&](std::ostream& out) {
    out << large << large;
    out.seekp(0);
    out << "head";
  };
  EXPECT_NE(message_of([&] { d.write("state", fills); }).find("state: No space left on device"), std::string::npos);
  expect_kept();
}

TEST_F(run_directory_test, folder_that_vanished_is_a_run_error) {
  const auto d = run_directory::create(root / "run");
  fs::remove_all(d.path());
  EXPECT_THROW(d.write("summary.json", "{}"), run_error);
  EXPECT_THROW(d.append("metrics.jsonl", "{}"), run_error);
}

TEST_F(run_directory_test, read_only_folder_is_a_run_error) {
  const auto d = run_directory::create(root / "run");
  fs::permissions(d.path(),
                  fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read | fs::perms::others_exec);
  const bool refused = test::in_child([&d] {
    constexpr uid_t nobody = 65534; // permissions do not bind root
    if (::geteuid() == 0 && ::setuid(nobody) != 0)
      return false;
    EXPECT_THROW(d.write("summary.json", "{}"), run_error);
    EXPECT_THROW(d.append("metrics.jsonl", "{}"), run_error);
    return true;
  });
  EXPECT_TRUE(refused);
  EXPECT_FALSE(fs::exists(d.path() / "summary.json"));
  fs::permissions(d.path(), fs::perms::owner_all);
}

} // namespace
} // namespace tilework::report
