// SPDX-License-Identifier: Apache-2.0
/// \file Vectors whose first element begins a cache line, for kernels that read whole lines.
#pragma once

#include <boost/align/aligned_allocator.hpp>

#include <cstddef>
#include <vector>

namespace tilework {

inline constexpr std::size_t cache_line_bytes = 64;

template <typename T>
using aligned_vector = std::vector<T, boost::alignment::aligned_allocator<T, cache_line_bytes>>;

} // namespace tilework
