// SPDX-License-Identifier: Apache-2.0
/// \file Errors that a user can act on. Everything else is a bug and uses the standard exceptions.
#pragma once

#include <stdexcept>

namespace tilework {

/// Bad input: exit code 2. what() is one line, `file:line:column: what is wrong, what is allowed` where a file is to
/// blame.
class input_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// The run could not go on (full disk, protocol violation, stale weights): exit code 3.
class run_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

} // namespace tilework
