// SPDX-License-Identifier: Apache-2.0
/// \file The random generator word by word, from the definition of the AES round in FIPS 197.
#pragma once

#include <tilework/physics/random/number_kernels.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace tilework::physics::reference {

using aes_state = std::array<std::uint8_t, 16>; ///< column after column

/// Product in GF(2^8), section 4.2.
constexpr std::uint8_t product(std::uint8_t a, std::uint8_t b) {
  unsigned sum = 0;
  for (unsigned multiple = a; b != 0; b >>= 1U) {
    sum ^= (b & 1U) != 0 ? multiple : 0;
    multiple <<= 1U;
    multiple ^= (multiple & 0x100U) != 0 ? 0x11BU : 0;
  }
  return static_cast<std::uint8_t>(sum);
}

/// Section 5.1.1: the inverse, a^254, and an affine map.
constexpr std::uint8_t substitute(std::uint8_t a) {
  std::uint8_t inverse = 1;
  for (int factor = 0; factor < 254; ++factor)
    inverse = product(inverse, a);
  unsigned sum = 0x63;
  for (unsigned turn = 0; turn < 5; ++turn)
    sum ^= (inverse << turn | inverse >> (8 - turn)) & 0xFFU;
  return static_cast<std::uint8_t>(sum);
}

inline const std::array<std::uint8_t, 256>& substitution_box() {
  static const auto box = [] {
    std::array<std::uint8_t, 256> b{};
    for (std::size_t a = 0; a < b.size(); ++a)
      b[a] = substitute(static_cast<std::uint8_t>(a));
    return b;
  }();
  return box;
}

/// Section 5.1; the last round does not mix columns.
inline aes_state aes_round(const aes_state& state, const aes_state& key, bool last) {
  aes_state out{};
  for (std::size_t column = 0; column < 4; ++column) {
    std::array<std::uint8_t, 4> s{};
    for (std::size_t row = 0; row < 4; ++row)
      s[row] = substitution_box()[state[row + 4 * ((column + row) % 4)]];
    for (std::size_t row = 0; row < 4; ++row) {
      const unsigned mixed =
          product(s[row], 2) ^ unsigned { product(s[(row + 1) % 4], 3) } ^ s[(row + 2) % 4] ^ s[(row + 3) % 4];
      out[row + 4 * column] = static_cast<std::uint8_t>((last ? s[row] : mixed) ^ key[row + 4 * column]);
    }
  }
  return out;
}

inline aes_state bytes_of(const stream_key& words) {
  aes_state bytes{};
  for (std::size_t b = 0; b < 16; ++b)
    bytes[b] = static_cast<std::uint8_t>(words[b / 8] >> (8 * (b % 8)));
  return bytes;
}

inline random_block ars(const random_block& counter, stream_key key) {
  auto state = bytes_of({counter[0] | std::uint64_t{counter[1]} << 32U, counter[2] | std::uint64_t{counter[3]} << 32U});
  for (std::size_t b = 0; b < 16; ++b)
    state[b] ^= bytes_of(key)[b];
  for (int round = 1; round <= 7; ++round) {
    key[0] += 0x9E3779B97F4A7C15U;
    key[1] += 0xBB67AE8584CAA73BU;
    state = aes_round(state, bytes_of(key), round == 7);
  }
  random_block out{};
  for (std::size_t b = 0; b < 16; ++b)
    out[b / 4] |= std::uint32_t{state[b]} << (8 * (b % 4));
  return out;
}

} // namespace tilework::physics::reference
