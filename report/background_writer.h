// SPDX-License-Identifier: Apache-2.0
/// \file Files that are written while the run goes on.
#pragma once

#include <tilework/report/run_directory.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <thread>

namespace tilework::report {

/// Writes into a run directory on a thread of its own, in the order of the calls, so that a slow disk holds up no step.
/// What went wrong is thrown by the next call of any member, as the run_error of the run directory; what was asked for
/// before it went wrong and is not written yet is given up.
class background_writer {
public:
  /// \param directory must outlive the writer
  explicit background_writer(const run_directory& directory);
  /// Waits for what was asked for. An error nobody asked for any more is lost: call finish() first.
  ~background_writer();
  background_writer(const background_writer&) = delete;
  background_writer& operator=(const background_writer&) = delete;

  /// As run_directory::write(). A file that still waits is replaced.
  void write(std::string_view name, std::string content);
  /// As run_directory::append().
  void append(std::string_view name, std::string line);
  /// As run_directory::append_bytes().
  void append_bytes(std::string_view name, std::string bytes);
  /// Costs next to nothing: for every step.
  void check() {
    if (failed_.load(std::memory_order_acquire))
      report_failure();
  }
  /// Returns when all is written.
  void finish();

private:
  struct job {
    std::string name;
    std::string content;
    bool appends = false;
  };
  void run();
  void push(job next);
  void report_failure();

  const run_directory& directory_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<job> waiting_;
  bool writing_ = false;
  bool stopping_ = false;
  std::exception_ptr failure_;
  std::atomic<bool> failed_{false};
  std::thread thread_; // last: it uses the others
};

} // namespace tilework::report
