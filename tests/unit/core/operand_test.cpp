// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/operand.h>

#include <gtest/gtest.h>

#include <array>

namespace tilework {
namespace {

TEST(vector_burst, indexes_and_slices_with_its_stride) {
  std::array<float, 8> data{0, 1, 2, 3, 4, 5, 6, 7};
  const mutable_burst burst{data.data(), 2, 3, 4};
  EXPECT_EQ(burst.elements(), 6U);
  EXPECT_EQ(burst[1].front(), 4.0F);
  const auto middle = burst.slice(1, 2);
  EXPECT_EQ(middle.length, 2U);
  EXPECT_EQ(middle[0].front(), 1.0F);
  EXPECT_EQ(middle[1].back(), 6.0F);
  const const_burst read_only = middle;
  middle[1].front() = 50.0F;
  EXPECT_EQ(read_only[1].front(), 50.0F);
  EXPECT_EQ(data[5], 50.0F);
}

TEST(operand_arena, slots_do_not_overlap_and_start_zeroed) {
  operand_arena arena;
  const auto a = arena.add(3, 5);
  const auto b = arena.add(1, 7);
  arena.allocate();
  EXPECT_GE(arena.slot(b).first_element, arena.slot(a).first_element + 15);
  EXPECT_EQ(arena.slot(b).first_element % 16, 0U); // no shared cache line
  for (float value : arena.storage())
    EXPECT_EQ(value, 0.0F);
  for (std::size_t v = 0; v < 3; ++v)
    for (float& value : arena.view(a)[v])
      value = 1.0F;
  for (float value : arena.view(b)[0])
    EXPECT_EQ(value, 0.0F);
  EXPECT_EQ(arena.view(a).vectors, 3U);
  EXPECT_EQ(arena.view(a).length, 5U);
  EXPECT_EQ(arena.buffer_elements(), 22U);
}

} // namespace
} // namespace tilework
