// SPDX-License-Identifier: Apache-2.0
#include <tilework/numerics/number_format.h>

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace tilework::numerics {
namespace {

float rounded(number_format format, float value) {
  round_to(format, {&value, 1});
  return value;
}

TEST(number_format, fp32_changes_nothing) {
  for (const float v : {0.1F, -3.3e38F, 1e-42F})
    EXPECT_EQ(rounded(number_format::fp32, v), v);
}

TEST(number_format, fp16_rounds_to_nearest_even) {
  EXPECT_EQ(rounded(number_format::fp16, 1.0F + 0x1p-11F), 1.0F);               // tie, even below
  EXPECT_EQ(rounded(number_format::fp16, 1.0F + 3 * 0x1p-11F), 1.0F + 0x1p-9F); // tie, even above
  EXPECT_EQ(rounded(number_format::fp16, 1.0F + 0x1.01p-11F), 1.0F + 0x1p-10F); // above the tie
  EXPECT_EQ(rounded(number_format::fp16, 0x1.8p-25F), 0x1p-24F);                // smallest subnormal
  EXPECT_EQ(rounded(number_format::fp16, 65504.0F), 65504.0F);                  // largest value
  EXPECT_EQ(rounded(number_format::fp16, 65520.0F), std::numeric_limits<float>::infinity());
}

TEST(number_format, bf16_rounds_to_nearest_even) {
  EXPECT_EQ(rounded(number_format::bf16, 1.0F + 0x1p-8F), 1.0F);
  EXPECT_EQ(rounded(number_format::bf16, 1.0F + 3 * 0x1p-8F), 1.0F + 0x1p-6F);
  EXPECT_EQ(rounded(number_format::bf16, 1.0F + 0x1.01p-8F), 1.0F + 0x1p-7F);
  EXPECT_EQ(rounded(number_format::bf16, 0x1p100F), 0x1p100F);
}

TEST(number_format, rounding_twice_is_rounding_once_and_the_error_is_half_a_unit) {
  for (const auto& [format, relative] :
       {std::pair{number_format::fp16, 0x1p-11F}, std::pair{number_format::bf16, 0x1p-8F}})
    for (float v = 0.001F; v < 1000.0F; v *= 1.0173F) {
      const float once = rounded(format, v);
      EXPECT_EQ(rounded(format, once), once);
      EXPECT_LE(std::abs(once - v), relative * v);
      EXPECT_EQ(rounded(format, -v), -once);
    }
}

TEST(number_format, encoding_rounds_and_decoding_restores) {
  const std::vector<float> values{0.1F, -2.5F, 1000.3F, 0.0F};
  for (const auto& [name, format] : number_format_names) {
    std::vector<std::byte> bytes(values.size() * bytes_of(format));
    std::vector<float> decoded(values.size());
    encode(format, values, bytes);
    decode(format, bytes, decoded);
    std::vector<float> expected = values;
    round_to(format, expected);
    EXPECT_EQ(decoded, expected) << name;
    bytes.pop_back();
    EXPECT_THROW(encode(format, values, bytes), std::invalid_argument);
    EXPECT_THROW(decode(format, bytes, decoded), std::invalid_argument);
  }
}

TEST(number_format, encodes_the_published_bit_patterns) {
  const auto pattern = [](number_format format, float value) {
    std::uint16_t bits = 0;
    encode(format, {&value, 1}, std::as_writable_bytes(std::span(&bits, 1)));
    return bits;
  };
  EXPECT_EQ(pattern(number_format::fp16, 1.0F), 0x3c00);
  EXPECT_EQ(pattern(number_format::fp16, -2.0F), 0xc000);
  EXPECT_EQ(pattern(number_format::fp16, 65504.0F), 0x7bff);
  EXPECT_EQ(pattern(number_format::bf16, 1.0F), 0x3f80);
  EXPECT_EQ(pattern(number_format::bf16, -2.0F), 0xc000);
}

TEST(number_format, has_names_and_sizes) {
  EXPECT_EQ(names_of(number_format{})[1].first, "fp16");
  EXPECT_EQ(bytes_of(number_format::fp32), 4U);
  EXPECT_EQ(bytes_of(number_format::fp16), 2U);
  EXPECT_EQ(bytes_of(number_format::bf16), 2U);
}

} // namespace
} // namespace tilework::numerics
