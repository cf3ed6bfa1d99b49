// SPDX-License-Identifier: Apache-2.0
/// \file A text file that is part of the program: see cmake/embed_files.cmake.
#pragma once

#include <span>
#include <string_view>

namespace tilework {

struct embedded_text {
  std::string_view name; ///< file name without its extension
  std::string_view text;
};

} // namespace tilework
