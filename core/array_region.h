// SPDX-License-Identifier: Apache-2.0
/// \file A logical array with its shape and its place.
#pragma once

#include <tilework/core/operation.h>

#include <cstdint>

namespace tilework {

/// One piece of a layer: rows [first_output, +outputs) and columns [first_input, +inputs) of its weight matrix.
struct array_region {
  logical_array id;
  std::uint32_t first_input = 0;
  std::uint32_t inputs = 0;
  std::uint32_t first_output = 0;
  std::uint32_t outputs = 0;
  std::uint32_t tile = 0; ///< physical tile that holds it
};

} // namespace tilework
