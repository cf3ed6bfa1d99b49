// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/operand.h>

#include <algorithm>

namespace tilework {

std::uint32_t operand_arena::add(std::uint32_t vectors, std::uint32_t length, residence home, std::uint32_t bits) {
  constexpr std::size_t alignment = 16; // floats: a cache line, so that slots never share one
  auto& size = home == residence::memory       ? memory_size_
               : home == residence::controller ? controller_size_
                                               : buffer_size_;
  slots_.push_back({size, vectors, length, home, bits});
  size += (std::size_t{vectors} * length + alignment - 1) / alignment * alignment;
  return static_cast<std::uint32_t>(slots_.size() - 1);
}

void operand_arena::allocate() {
  storage_.assign(buffer_size_, 0.0F);
  controller_.assign(controller_size_, 0.0F);
  std::size_t largest = 0;
  for (const auto& s : slots_)
    if (s.home == residence::memory)
      largest = std::max(largest, std::size_t{s.vectors} * s.length);
  window_.assign(largest, 0.0F);
}

std::size_t operand_arena::buffer_elements() const {
  std::size_t sum = 0;
  for (const auto& s : slots_) {
    if (s.home == residence::buffer)
      sum += std::size_t{s.vectors} * s.length;
    if (s.home == residence::reduced)
      sum += s.length;
  }
  return sum;
}

} // namespace tilework
