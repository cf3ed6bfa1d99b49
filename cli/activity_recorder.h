// SPDX-License-Identifier: Apache-2.0
/// \file Records what the operations of a run do, for replays.
#pragma once

#include <tilework/core/results.h>
#include <tilework/report/activity_file.h>
#include <tilework/tlm/listener.h>

#include <cstdint>
#include <iosfwd>
#include <vector>

namespace tilework::cli {

/// Listens to all operations and hands their activities over in program order, whatever their order in time.
class activity_recorder final : public transaction::transaction_listener {
public:
  /// \param records false: the run leaves no record, and the recorder must not listen
  explicit activity_recorder(bool records) : records_(records) {}

  [[nodiscard]] bool records() const { return records_; }
  /// From here on there is no record.
  void give_up() { records_ = false; }
  /// The file, see there for the order of calls.
  [[nodiscard]] report::activity_writer& file() { return file_; }

  void operation_done(const operation_record& record) override {
    if (!has_recorded_activity(record.op->kind))
      return;
    if (record.index >= step_.size())
      step_.resize(record.index + 1);
    step_[record.index] = {record.op, record.activity};
  }
  void drained(std::uint64_t step, femtoseconds length) override;

  /// Only between steps. A restored recorder records if the one that was saved did.
  void save(std::ostream& out) const;
  void restore(std::istream& in);

private:
  struct done_operation {
    const operation* op = nullptr; ///< null: nothing to record at this index
    operation_activity activity;
  };
  bool records_;
  report::activity_writer file_;
  std::vector<done_operation> step_; ///< by index in the step program
};

} // namespace tilework::cli
