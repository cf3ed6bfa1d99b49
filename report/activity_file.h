// SPDX-License-Identifier: Apache-2.0
/// \file activity.bin: what the operations of a run did, for replays on other machines.
///
/// The file is a magic word with the version and then blocks, each with its kind, its length and a checksum: one that
/// describes the run (JSON), then activities, at the end one with what the run came to (JSON). A file without its last
/// block is incomplete. Numbers of the framing are those of the machine that wrote it.
///
/// A block of activities holds whole steps: the activities of a step in program order (core/activity_code.h), and
/// between steps notes, the loss of an epoch and the line of an evaluation. Blocks are cut by their length, so equal
/// runs give equal files, whatever the threads, the checkpoints and the interrupts.
#pragma once

#include <tilework/core/activity_code.h>
#include <tilework/core/endurance.h>
#include <tilework/core/results.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tilework::report {

inline constexpr std::string_view activity_file = "activity.bin";
inline constexpr std::uint32_t activity_file_version = 1;

/// What a replay must know before its first step.
struct recorded_run {
  std::uint32_t train_samples = 0;
  std::uint32_t test_samples = 0;
  std::uint32_t features = 0;
  std::uint32_t bits_per_feature = 0;
  std::uint64_t configuration = 0; ///< checksum of the resolved configuration
  friend bool operator==(const recorded_run&, const recorded_run&) = default;
};

/// What the values of a run came to.
struct recorded_end {
  bool interrupted = false;
  std::uint64_t steps = 0; ///< recorded; set by the writer
  std::string weights_digest;
  std::vector<float> input_ranges;
  std::vector<programmed_spread> programming; ///< per layer; empty without a closed loop
  std::vector<cell_wear> wear;                ///< every role of every layer
  friend bool operator==(const recorded_end&, const recorded_end&) = default;
};

/// Makes the bytes of the file, piece by piece.
class activity_writer {
public:
  /// First, in a new run.
  void begin(const recorded_run& run);
  /// \pre has_recorded_activity(op.kind); all operations of a step in program order
  void add(const operation& op, const operation_activity& activity) {
    encode_activity(block_, op, activity);
    digest_.add(op);
  }
  void end_step();
  /// Between two steps: mean loss of the epoch that is over.
  void add_epoch(double train_loss);
  /// Between two steps of programming: copies that are done.
  void add_programmed(std::span<const std::uint32_t> copies);
  /// Between two steps. \param line of metrics.jsonl
  void add_evaluation(std::string_view line);
  /// Last. A resume goes on from a save() before it.
  void finish(recorded_end end);

  /// Where the file stands, with what waits for a block to be full. Only between steps.
  void save(std::ostream& out) const;
  /// Instead of begin().
  void restore(std::istream& in);
  /// Length of all pieces, those before a restore included: where a resumed run goes on.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  /// What comes next in the file, if anything is ready. save() takes it for granted that it gets there.
  [[nodiscard]] bool has_piece() const { return !ready_.empty(); }
  [[nodiscard]] std::string take_piece() { return std::exchange(ready_, {}); }

private:
  void add_note(char kind, std::string_view text);
  void flush();
  void add_block(std::string_view block);

  std::string ready_;
  std::string block_; ///< payload of the block that is being filled
  std::uint64_t steps_of_block_ = 0;
  std::uint64_t steps_ = 0; ///< of the run
  program_digest digest_;
  std::uint64_t bytes_ = 0;
};

/// A file that was checked as a whole; its blocks are read one by one.
class activity_reader final : public activity_source {
public:
  /// \throws input_error "file:0:0: ..." if it is no such file, of another version, damaged or incomplete
  explicit activity_reader(std::filesystem::path file);

  [[nodiscard]] const recorded_run& run() const { return run_; }
  [[nodiscard]] const recorded_end& end() const { return end_; }
  /// Nothing is left. Between steps.
  [[nodiscard]] bool over();

  void begin_step() override;
  void read(const operation& op, operation_activity& activity) override;
  /// What add_epoch(), add_programmed() and add_evaluation() wrote; the line is valid until the next step.
  /// \throws input_error if something else comes next
  double read_epoch();
  std::vector<std::uint32_t> read_programmed();
  std::string_view read_evaluation();

private:
  struct block {
    std::uint64_t first_byte = 0;
    std::uint32_t bytes = 0;
    std::uint64_t steps = 0;
    std::uint64_t digest = 0; ///< of all operations up to its end
  };
  [[noreturn]] void refuse(std::string_view why) const;
  [[noreturn]] void refuse_programs(std::string_view why) const;
  void check_file();
  /// What is in the file at this place, with a right checksum; moves on to the next one.
  struct checked_block;
  checked_block next_block();
  /// Goes on to the next block if this one is used up.
  void advance();
  std::string_view read_note(char kind);

  std::filesystem::path file_;
  std::ifstream in_;
  std::string content_; ///< of the block that is being read
  recorded_run run_;
  recorded_end end_;
  std::vector<block> blocks_;
  std::size_t next_ = 0; ///< of blocks_
  byte_cursor at_;
  std::uint64_t steps_ = 0;      ///< read so far
  std::uint64_t steps_left_ = 0; ///< in this block
  program_digest digest_;
};

} // namespace tilework::report
