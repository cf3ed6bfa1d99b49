// SPDX-License-Identifier: Apache-2.0
/// \file Every operation and booking of recorded steps in an SQLite file.
#pragma once

#include <tilework/core/step_timing.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tilework::report {

/// Tables Run, Resource, Step, Operation, Dependency and Booking, docs/traces.md. Written in one transaction by a
/// thread of its own; add() waits while many steps are unwritten. The file is complete after finish(), which also makes
/// the indices. A file that cannot be opened is a run_error at once; one that cannot be written is one of finish(), and
/// steps that come meanwhile are dropped, so that the run keeps its results.
class operations_database {
public:
  /// \param file replaced if it exists \param run what ran, as names and values \param resources of the machine
  operations_database(const std::filesystem::path& file, const std::vector<std::pair<std::string, std::string>>& run,
                      std::span<const resource> resources);
  ~operations_database();
  operations_database(const operations_database&) = delete;
  operations_database& operator=(const operations_database&) = delete;

  void add(const recorded_step& step);
  void finish();

private:
  class connection;
  void write_all();

  std::unique_ptr<connection> file_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<recorded_step> waiting_;
  bool finishing_ = false;
  std::exception_ptr failure_;
  std::thread thread_; // last: it uses the others
};

} // namespace tilework::report
