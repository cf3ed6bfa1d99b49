// SPDX-License-Identifier: Apache-2.0
/// \file Generated handwritten-like digits: a stand-in for MNIST that needs no files.
#pragma once

#include <tilework/workloads/datasets/dataset.h>

#include <cstdint>
#include <span>

namespace tilework::workload {

inline constexpr std::uint32_t glyph_classes = 10;
inline constexpr std::uint32_t glyph_side = 28;
inline constexpr std::uint32_t glyph_features = glyph_side * glyph_side;

/// Draws sample i: white ink on black, row-major, `pixels` holds glyph_features bytes. Returns the digit.
/// A function of (seed, split, i) only. Every ten consecutive samples (10k ... 10k + 9) hold each digit once.
std::uint8_t draw_glyph(std::uint64_t seed, data_split split, std::uint32_t i, std::span<std::uint8_t> pixels);

/// Samples 0 ... count - 1.
labelled_set generate_glyphs(std::uint64_t seed, data_split split, std::uint32_t count);

} // namespace tilework::workload
