// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/operand.h>

namespace tilework {

std::uint32_t operand_arena::add(std::uint32_t vectors, std::uint32_t length, residence home) {
  constexpr std::size_t alignment = 16; // floats: a cache line, so that slots never share one
  slots_.push_back({size_, vectors, length, home});
  size_ += (std::size_t{vectors} * length + alignment - 1) / alignment * alignment;
  return static_cast<std::uint32_t>(slots_.size() - 1);
}

std::size_t operand_arena::buffer_elements() const {
  std::size_t sum = 0;
  for (const auto& s : slots_)
    if (s.home == residence::buffer)
      sum += std::size_t{s.vectors} * s.length;
  return sum;
}

} // namespace tilework
