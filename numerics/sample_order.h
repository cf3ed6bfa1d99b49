// SPDX-License-Identifier: Apache-2.0
/// \file Order in which an epoch visits the samples.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tilework::numerics {

/// Fills `order` with a random permutation of 0 ... n-1 that depends on (seed, epoch, n) only.
void shuffled_order(std::uint64_t seed, std::uint64_t epoch, std::span<std::uint32_t> order);
std::vector<std::uint32_t> shuffled_order(std::uint64_t seed, std::uint64_t epoch, std::uint32_t n);

} // namespace tilework::numerics
