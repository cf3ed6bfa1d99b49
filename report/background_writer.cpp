// SPDX-License-Identifier: Apache-2.0
#include <tilework/report/background_writer.h>

#include <algorithm>
#include <utility>

namespace tilework::report {

background_writer::background_writer(const run_directory& directory)
    : directory_(directory), thread_([this] { run(); }) {
}

background_writer::~background_writer() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void background_writer::write(std::string_view name, std::string content) {
  push({std::string(name), std::move(content), false});
}

void background_writer::append(std::string_view name, std::string line) {
  append_bytes(name, std::move(line) + '\n');
}

void background_writer::append_bytes(std::string_view name, std::string bytes) {
  push({std::string(name), std::move(bytes), true});
}

void background_writer::finish() {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.empty() && !writing_; });
  }
  check();
}

void background_writer::push(job next) {
  check();
  {
    const std::scoped_lock lock(mutex_);
    if (!next.appends)
      std::erase_if(waiting_, [&next](const job& j) { return j.name == next.name; });
    waiting_.push_back(std::move(next));
  }
  changed_.notify_all();
}

void background_writer::report_failure() {
  std::exception_ptr failure;
  {
    const std::scoped_lock lock(mutex_);
    failure = std::exchange(failure_, nullptr);
    failed_.store(false, std::memory_order_release);
  }
  std::rethrow_exception(failure);
}

void background_writer::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty())
      return;
    const job next = std::move(waiting_.front());
    waiting_.pop_front();
    writing_ = true;
    lock.unlock();
    std::exception_ptr failure;
    try {
      if (next.appends)
        directory_.append_bytes(next.name, next.content);
      else
        directory_.write(next.name, next.content);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    writing_ = false;
    if (failure) {
      waiting_.clear();
      failure_ = failure;
      failed_.store(true, std::memory_order_release);
    }
    changed_.notify_all();
  }
}

} // namespace tilework::report
