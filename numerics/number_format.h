// SPDX-License-Identifier: Apache-2.0
/// \file Number formats of the digital units. Values are held as float; rounding to a format makes them representable
/// in it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace tilework::numerics {

enum class number_format : std::uint8_t {
  fp32, ///< IEEE 754 binary32
  fp16, ///< IEEE 754 binary16: 11 significant bits, largest value 65504
  bf16, ///< upper half of binary32: 8 significant bits, range of fp32
};

inline constexpr std::array<std::pair<std::string_view, number_format>, 3> number_format_names{
    {{"fp32", number_format::fp32}, {"fp16", number_format::fp16}, {"bf16", number_format::bf16}}};
constexpr std::span<const std::pair<std::string_view, number_format>> names_of(number_format) {
  return number_format_names;
}

constexpr std::size_t bytes_of(number_format format) {
  return format == number_format::fp32 ? 4 : 2;
}

/// Rounds every value to the nearest one of the format, ties to even. Beyond the largest value: infinity.
void round_to(number_format format, std::span<float> values);

/// Values as they lie in memory, in the byte order of the host like all TLM-2.0 data; encoding rounds as round_to does.
/// \param bytes values.size() * bytes_of(format), any alignment; else std::invalid_argument
void encode(number_format format, std::span<const float> values, std::span<std::byte> bytes);
void decode(number_format format, std::span<const std::byte> bytes, std::span<float> values);

} // namespace tilework::numerics
