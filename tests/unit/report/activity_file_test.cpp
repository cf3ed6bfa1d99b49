// SPDX-License-Identifier: Apache-2.0
// activity.bin: what was written is read, and what is not whole is refused in one line.
#include <tilework/report/activity_file.h>

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <sstream>

namespace tilework::report {
namespace {

namespace fs = std::filesystem;

const recorded_run run{60, 10, 784, 8, 0xFEDCBA9876543210};

operation product(std::uint32_t vectors) {
  operation op{.kind = operation_kind::forward_mvm, .array = 1, .vectors = vectors};
  op.inputs[0].length = 784;
  return op;
}

operation_activity activity(std::uint32_t vectors, std::uint64_t active) {
  operation_activity a;
  a.vectors_in_round[0] = vectors;
  a.active_inputs = active;
  return a;
}

constexpr std::uint64_t long_run = 30'000; // steps: several blocks

/// Step s has two products of s % 7 + 1 vectors, an epoch has 1000 steps.
struct example {
  activity_writer writer;
  std::string bytes;

  void take() { bytes += writer.take_piece(); }
  void write(std::uint64_t first, std::uint64_t last) {
    for (auto s = first; s < last; ++s) {
      const auto n = static_cast<std::uint32_t>(s % 7 + 1);
      writer.add(product(n), activity(n, s));
      writer.add(product(n), activity(n, s * s));
      writer.end_step();
      if ((s + 1) % 1000 == 0) {
        writer.add_epoch(1.0 / static_cast<double>(s));
        writer.add_evaluation("{\"epoch\": " + std::to_string(s) + "}");
      }
    }
  }
  static std::string whole(std::uint64_t steps) {
    example e;
    e.writer.begin(run);
    e.write(0, steps);
    e.writer.finish({.interrupted = true, .weights_digest = "crc64:1", .input_ranges = {0.1F, 3}});
    e.take();
    return e.bytes;
  }
};

struct activity_file_test : testing::Test {
  fs::path file = fs::temp_directory_path() / ("tilework_activity_" + std::to_string(::getpid()) + ".bin");
  ~activity_file_test() override { fs::remove(file); }

  activity_reader reader_of(const std::string& bytes) {
    std::ofstream(file, std::ios::binary) << bytes;
    return activity_reader(file);
  }
  /// What is wrong with these bytes, in one line that names the file.
  std::string complaint(const std::string& bytes) {
    try {
      reader_of(bytes);
    } catch (const input_error& error) {
      const std::string text = error.what();
      EXPECT_EQ(text.find(file.string() + ":0:0: "), 0U) << text;
      EXPECT_EQ(text.find('\n'), std::string::npos) << text;
      return text;
    }
    return {};
  }
};

void expect_step(activity_reader& reader, std::uint64_t s) {
  const auto n = static_cast<std::uint32_t>(s % 7 + 1);
  operation_activity a;
  reader.begin_step();
  reader.read(product(n), a);
  ASSERT_EQ(a, activity(n, s));
  reader.read(product(n), a);
  ASSERT_EQ(a, activity(n, s * s));
  if ((s + 1) % 1000 != 0)
    return;
  ASSERT_EQ(reader.read_epoch(), 1.0 / static_cast<double>(s));
  ASSERT_EQ(reader.read_evaluation(), "{\"epoch\": " + std::to_string(s) + "}");
}

TEST_F(activity_file_test, what_was_written_is_read) {
  auto reader = reader_of(example::whole(long_run));
  EXPECT_EQ(reader.run(), run);
  EXPECT_EQ(reader.end(), (recorded_end{true, long_run, "crc64:1", {0.1F, 3}}));
  for (std::uint64_t s = 0; s < long_run; ++s) {
    ASSERT_FALSE(reader.over());
    expect_step(reader, s);
  }
  EXPECT_TRUE(reader.over());
  EXPECT_THROW(reader.begin_step(), input_error);
}

TEST_F(activity_file_test, steps_without_activity_count) {
  example e;
  e.writer.begin(run);
  e.writer.end_step();
  e.writer.finish({});
  e.take();
  auto reader = reader_of(e.bytes);
  EXPECT_EQ(reader.end().steps, 1U);
  EXPECT_FALSE(reader.over());
  reader.begin_step();
  EXPECT_TRUE(reader.over());
}

TEST_F(activity_file_test, goes_on_after_a_resume_as_if_nothing_had_happened) {
  const auto whole = example::whole(long_run);
  for (const std::uint64_t stop : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{999}, std::uint64_t{17'000}}) {
    example first;
    first.writer.begin(run);
    first.write(0, stop);
    first.take();
    std::stringstream state;
    first.writer.save(state);
    const auto kept = first.writer.bytes();
    first.write(stop, stop + 100); // what came after the checkpoint
    first.writer.finish({});
    first.take();

    example second;
    second.writer.restore(state);
    EXPECT_EQ(second.writer.bytes(), kept);
    second.bytes = first.bytes.substr(0, kept);
    second.write(stop, long_run);
    second.writer.finish({.interrupted = true, .weights_digest = "crc64:1", .input_ranges = {0.1F, 3}});
    second.take();
    EXPECT_EQ(second.bytes, whole) << stop;
  }
}

TEST_F(activity_file_test, holds_what_a_session_decides_by_and_what_values_came_to) {
  const recorded_end end{.weights_digest = "crc64:2",
                         .programming = {{0.1, 1.0 / 3}, {0.2, 0}},
                         .wear = {{0, 1, 12.5, 99}, {1, 0, 1.0 / 7, (std::uint64_t{1} << 60U) + 1}}};
  activity_writer writer;
  writer.begin(run);
  writer.add_programmed({});
  writer.add_programmed(std::vector<std::uint32_t>{1, 300});
  writer.add_epoch(0.25);
  writer.finish(end);
  auto reader = reader_of(writer.take_piece());
  EXPECT_TRUE(reader.read_programmed().empty());
  EXPECT_EQ(reader.read_programmed(), (std::vector<std::uint32_t>{1, 300}));
  EXPECT_EQ(reader.read_epoch(), 0.25);
  EXPECT_TRUE(reader.over());
  EXPECT_EQ(reader.end(), end);
  EXPECT_THROW(reader.read_programmed(), input_error);
}

bool says_what_to_do(const std::string& complaint) {
  return complaint.find("; run the experiment again") != std::string::npos ||
         complaint.find("else run the experiment again") != std::string::npos ||
         complaint.find("or run the experiment again") != std::string::npos;
}

TEST_F(activity_file_test, every_truncation_is_refused) {
  const auto whole = example::whole(50);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto text = complaint(whole.substr(0, size));
    ASSERT_NE(text.find(size < 16 ? "is no record" : "is incomplete"), std::string::npos) << size << ": " << text;
  }
  EXPECT_NE(complaint(whole + "x").find("is damaged"), std::string::npos);
  EXPECT_EQ(complaint(whole), "");
}

TEST_F(activity_file_test, truncation_between_blocks_tells_what_is_complete) {
  example e;
  e.writer.begin(run);
  e.write(0, long_run);
  e.take(); // whole blocks, as a run leaves them that is killed
  EXPECT_NE(complaint(e.bytes).find("incomplete"), std::string::npos);
  EXPECT_EQ(complaint(e.bytes).find("after 0 steps"), std::string::npos);
}

TEST_F(activity_file_test, every_damaged_byte_is_noticed) {
  const auto whole = example::whole(50);
  for (std::size_t place = 0; place < whole.size(); ++place) {
    auto bad = whole;
    bad[place] = static_cast<char>(bad[place] ^ 0x10);
    EXPECT_TRUE(says_what_to_do(complaint(bad))) << place << ": " << complaint(bad);
  }
}

TEST_F(activity_file_test, a_later_version_is_refused_by_its_number) {
  auto later = example::whole(5);
  const std::uint32_t version = activity_file_version + 1;
  std::memcpy(later.data() + 8, &version, sizeof(version));
  EXPECT_NE(complaint(later).find("version 2"), std::string::npos);
}

TEST_F(activity_file_test, other_step_programs_are_refused) {
  operation_activity a;
  { // another array: noticed at the end of the block at the latest
    auto reader = reader_of(example::whole(1));
    auto other = product(1);
    other.array = 2;
    reader.begin_step();
    reader.read(other, a);
    reader.read(product(1), a);
    EXPECT_THROW(static_cast<void>(reader.over()), input_error);
  }
  { // fewer operations
    auto reader = reader_of(example::whole(1));
    reader.begin_step();
    reader.read(product(1), a);
    EXPECT_THROW(reader.begin_step(), input_error);
  }
  { // more operations
    auto reader = reader_of(example::whole(1));
    reader.begin_step();
    reader.read(product(1), a);
    reader.read(product(1), a);
    EXPECT_THROW(reader.read(product(1), a), input_error);
  }
  { // another end of the epoch
    auto reader = reader_of(example::whole(1));
    expect_step(reader, 0);
    EXPECT_THROW(reader.read_epoch(), input_error);
  }
}

TEST_F(activity_file_test, a_missing_file_is_an_input_error) {
  EXPECT_THROW(activity_reader(file.string() + ".not"), input_error);
}

} // namespace
} // namespace tilework::report
