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

std::uint32_t operand_arena::add_result(std::uint32_t vectors, std::uint32_t length, std::uint32_t bits) {
  const auto index = add(vectors, length, residence::memory, bits);
  slots_.back().is_result = true;
  return index;
}

void operand_arena::allocate() {
  storage_.assign(buffer_size_, 0.0F);
  controller_.assign(controller_size_, 0.0F);
  std::size_t largest = 0;
  std::size_t results_end = 0;
  first_result_ = memory_size_;
  for (const auto& s : slots_) {
    if (s.home != residence::memory)
      continue;
    const std::size_t elements = std::size_t{s.vectors} * s.length;
    if (s.is_result) {
      first_result_ = std::min(first_result_, s.first_element);
      results_end = std::max(results_end, s.first_element + elements);
    } else {
      largest = std::max(largest, elements);
    }
  }
  window_.assign(largest, 0.0F);
  results_.assign(results_end - std::min(first_result_, results_end), 0.0F);
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
