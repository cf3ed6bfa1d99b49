// SPDX-License-Identifier: Apache-2.0
/// \file Philox4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
/// SC11.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tilework::physics {

using philox_block = std::array<std::uint32_t, 4>;
using philox_key = std::array<std::uint32_t, 2>;

/// The same word of several counters, so that the compiler works on all of them at once.
template <std::size_t lanes>
using philox_lanes = std::array<std::array<std::uint32_t, lanes>, 4>;

/// Replaces each of the counters `c` by its four random words.
template <std::size_t lanes>
constexpr void philox(philox_lanes<lanes>& c, philox_key key) {
  constexpr std::uint64_t multiplier0 = 0xD2511F53; // constants of the paper, table 2 and section 4
  constexpr std::uint64_t multiplier1 = 0xCD9E8D57;
  constexpr std::uint32_t weyl0 = 0x9E3779B9;
  constexpr std::uint32_t weyl1 = 0xBB67AE85;
  const auto multiply = [](const auto& words, std::uint64_t factor, auto& high, auto& low) {
    for (std::size_t l = 0; l < lanes; ++l) {
      const std::uint64_t product = factor * words[l];
      high[l] = static_cast<std::uint32_t>(product >> 32U);
      low[l] = static_cast<std::uint32_t>(product);
    }
  };
  for (int round = 0; round < 10; ++round) {
    philox_lanes<lanes> product{}; // high and low words; separate loops, because compilers vectorise those
    multiply(c[0], multiplier0, product[0], product[1]);
    multiply(c[2], multiplier1, product[2], product[3]);
    for (std::size_t l = 0; l < lanes; ++l) {
      const std::uint32_t first = product[2][l] ^ c[1][l] ^ key[0];
      const std::uint32_t third = product[0][l] ^ c[3][l] ^ key[1];
      c[0][l] = first;
      c[1][l] = product[3][l];
      c[2][l] = third;
      c[3][l] = product[1][l];
    }
    key[0] += weyl0;
    key[1] += weyl1;
  }
}

/// The four random words of one counter.
constexpr philox_block philox(const philox_block& counter, philox_key key) {
  philox_lanes<1> c{{{counter[0]}, {counter[1]}, {counter[2]}, {counter[3]}}};
  philox(c, key);
  return {c[0][0], c[1][0], c[2][0], c[3][0]};
}

} // namespace tilework::physics
