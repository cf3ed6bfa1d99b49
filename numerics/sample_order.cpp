// SPDX-License-Identifier: Apache-2.0
#include <tilework/numerics/random.h>
#include <tilework/numerics/sample_order.h>

#include <numeric>
#include <utility>

namespace tilework::numerics {

// Fisher-Yates by hand: std::shuffle differs between standard libraries.
void shuffled_order(std::uint64_t seed, std::uint64_t epoch, std::span<std::uint32_t> order) {
  const random_stream stream(random_purpose::sample_order, {seed, epoch});
  std::iota(order.begin(), order.end(), 0U);
  for (auto remaining = static_cast<std::uint32_t>(order.size()); remaining > 1; --remaining)
    std::swap(order[remaining - 1], order[stream.below(remaining, remaining)]);
}

std::vector<std::uint32_t> shuffled_order(std::uint64_t seed, std::uint64_t epoch, std::uint32_t n) {
  std::vector<std::uint32_t> order(n);
  shuffled_order(seed, epoch, order);
  return order;
}

} // namespace tilework::numerics
