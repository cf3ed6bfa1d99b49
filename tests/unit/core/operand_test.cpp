// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/operand.h>

#include <gtest/gtest.h>

#include <algorithm>
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

TEST(operand_arena, a_reduced_slot_takes_one_vector_of_the_buffer) {
  operand_arena arena;
  const auto parts = arena.add(3, 5, residence::reduced);
  const auto other = arena.add(1, 7);
  arena.allocate();
  EXPECT_EQ(arena.buffer_elements(), 5U + 7);
  EXPECT_EQ(arena.view(parts).vectors, 3U) << "what is on its way has room of its own";
  std::ranges::fill(arena.view(parts)[2], 1.0F);
  EXPECT_EQ(arena.view(other)[0].front(), 0.0F);
}

TEST(operand_arena, slots_in_memory_share_a_window_that_can_be_closed) {
  operand_arena arena;
  const auto small = arena.add(1, 4, residence::memory);
  const auto kept = arena.add(2, 8);
  const auto large = arena.add(100, 50, residence::memory);
  arena.allocate();
  EXPECT_EQ(arena.storage().size(), 16U) << "of the buffer alone";
  EXPECT_EQ(arena.slot(kept).first_element, 0U);
  EXPECT_GE(arena.slot(large).first_element, 4U) << "addresses in memory are still apart";
  EXPECT_EQ(arena.view(small).data, arena.view(large).data);
  arena.view(large)[99].back() = 1;
  EXPECT_EQ(arena.view(kept)[1].back(), 0.0F);
  const float* const buffer = arena.storage().data();
  arena.close_window();
  EXPECT_EQ(arena.view(large).data, nullptr);
  EXPECT_EQ(arena.view(kept).data, buffer);
}

TEST(operand_arena, results_in_memory_are_apart_from_the_window_and_stay) {
  operand_arena arena;
  const auto operand = arena.add(2, 8, residence::memory);
  const auto first = arena.add_result(3, 4);
  const auto second = arena.add_result(1, 20);
  arena.allocate();
  EXPECT_EQ(arena.slot(first).home, residence::memory);
  EXPECT_GE(arena.slot(first).first_element, 16U) << "addresses in memory are apart";
  EXPECT_EQ(arena.buffer_elements(), 0U);
  arena.view(operand)[1].back() = 1;
  arena.view(first)[2].back() = 2;
  arena.view(second)[0].front() = 3;
  arena.close_window();
  EXPECT_EQ(arena.view(first)[2].back(), 2.0F);
  EXPECT_EQ(arena.view(second)[0].front(), 3.0F);
  EXPECT_EQ(arena.view(first)[0].front(), 0.0F);
}

} // namespace
} // namespace tilework
