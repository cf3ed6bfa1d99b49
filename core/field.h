// SPDX-License-Identifier: Apache-2.0
/// \file What a parameter's name does not say: its valid range, unit and meaning.
#pragma once

#include <limits>
#include <string_view>

namespace tilework {

/// Description of one member of a parameter struct, or of one value in a file.
struct field {
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = +std::numeric_limits<double>::infinity();
  bool open_minimum = false; ///< the minimum itself is not allowed
  std::string_view unit = {};
  std::string_view doc = {};
};

} // namespace tilework
