// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/action_counts.h>

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace tilework {
namespace {

TEST(action_names, are_unique_and_parse_back) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < action_count; ++i) {
    const auto a = static_cast<action>(i);
    EXPECT_TRUE(names.insert(name_of(a)).second) << name_of(a);
    EXPECT_EQ(action_from(name_of(a)), a);
  }
  EXPECT_EQ(action_from("adc"), std::nullopt);
}

TEST(component_kind_names, are_unique_and_parse_back) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < component_kind_count; ++i) {
    const auto kind = static_cast<component_kind>(i);
    EXPECT_TRUE(names.insert(name_of(kind)).second) << name_of(kind);
    EXPECT_EQ(component_kind_from(name_of(kind)), kind);
  }
  EXPECT_EQ(component_kind_from(""), std::nullopt);
}

TEST(performers_of, give_every_kind_something_to_do) {
  std::set<component_kind> performers;
  for (std::size_t i = 0; i < action_count; ++i)
    for (const auto kind : performers_of(static_cast<action>(i)))
      performers.insert(kind);
  EXPECT_EQ(performers.size(), component_kind_count);
}

TEST(action_counts, keep_phases_and_actions_apart) {
  action_counts counts;
  counts.add(phase::forward, action::cell_read, 5);
  counts.add(phase::forward, action::cell_read, 2);
  counts.add(phase::backward, action::cell_read, 11);
  EXPECT_EQ(counts.get(phase::forward, action::cell_read), 7U);
  EXPECT_EQ(counts.get(phase::backward, action::cell_read), 11U);
  EXPECT_EQ(counts.get(phase::forward, action::adc_conversion), 0U);
}

TEST(ledger, sums_components_and_keeps_references_valid) {
  ledger books;
  auto& first = books.open("tile0.adc", component_kind::adc, 4);
  for (int i = 1; i < 100; ++i)
    books.open("tile" + std::to_string(i) + ".adc", component_kind::adc, 4)
        .counts.add(phase::update, action::sample, 1);
  first.counts.add(phase::update, action::sample, 10);
  EXPECT_EQ(books.total(phase::update, action::sample), 109U);
  EXPECT_EQ(books.accounts().front().counts.get(phase::update, action::sample), 10U);
}

} // namespace
} // namespace tilework
