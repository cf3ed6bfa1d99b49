// SPDX-License-Identifier: Apache-2.0
/// \file The generator of all random numbers, compiled once per instruction set. All versions give the same bits.
///
/// ARS with seven rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11, section 3.3): the counter
/// plus the key passes through rounds of the AES cipher (FIPS 197), whose round keys are the multiples of a Weyl
/// sequence, the last round without mixing of columns. Five rounds pass every test of the paper.
#pragma once

#include <tilework/physics/crossbar/product_kernels.h>

#include <array>
#include <cstdint>
#include <span>

namespace tilework::physics {

using random_block = std::array<std::uint32_t, 4>;
using stream_key = std::array<std::uint64_t, 2>; ///< low half first

/// Block b of (vector, slot) is the cipher of the counter {low word of vector, high word of vector, b, slot}.
struct block_address {
  stream_key key{};
  std::uint64_t vector = 0;
  std::uint32_t block = 0; ///< the first one, if there are several
  std::uint32_t slot = 0;
};

/// Numbers of consecutive blocks: number e is made of word e % 4 of block e / 4.
struct number_kernels {
  random_block (*block)(const block_address& address);
  void (*words)(const block_address& first, std::span<std::uint32_t> out);
  void (*normals)(const block_address& first, std::span<float> out);  ///< standard normals
  void (*uniforms)(const block_address& first, std::span<float> out); ///< in [0, 1)
};

/// \pre is_supported(isa)
number_kernels number_kernels_of(instruction_set isa);
/// Those for this processor.
const number_kernels& fastest_number_kernels();

} // namespace tilework::physics
