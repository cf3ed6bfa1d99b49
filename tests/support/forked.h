// SPDX-License-Identifier: Apache-2.0
/// \file Several simulations in one test: the kernel elaborates once per process, so each runs in a child.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <exception>
#include <span>
#include <type_traits>

namespace tilework::test {

namespace detail {

inline bool write_all(int file, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(file, bytes.data(), bytes.size());
    if (n <= 0)
      return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

inline bool read_all(int file, std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const auto n = ::read(file, bytes.data(), bytes.size());
    if (n <= 0)
      return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

} // namespace detail

/// What `run` returns in a child process. An exception or a failed expectation in the child fails the test.
/// \pre nothing is elaborated and no thread has been started in this process.
template <typename Run>
auto in_child(Run run) {
  using result = std::invoke_result_t<Run>;
  static_assert(std::is_trivially_copyable_v<result>);
  result value{};
  int ends[2] = {-1, -1};
  if (::pipe(ends) != 0) {
    ADD_FAILURE() << "no pipe";
    return value;
  }
  std::fflush(nullptr);
  const bool failed_before = testing::Test::HasFailure(); // the child inherits it
  const pid_t child = ::fork();
  if (child == 0) {
    bool good = false;
    try {
      value = run();
      good = detail::write_all(ends[1], std::as_bytes(std::span(&value, 1)));
    } catch (const std::exception& e) {
      std::printf("child: %s\n", e.what());
    }
    std::fflush(nullptr);
    ::_exit(good && (failed_before || !testing::Test::HasFailure()) ? 0 : 1);
  }
  ::close(ends[1]);
  const bool complete = detail::read_all(ends[0], std::as_writable_bytes(std::span(&value, 1)));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(complete && WIFEXITED(status) && WEXITSTATUS(status) == 0) << "child failed";
  return value;
}

} // namespace tilework::test
