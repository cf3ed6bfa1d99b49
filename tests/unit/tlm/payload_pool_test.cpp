// SPDX-License-Identifier: Apache-2.0
#include "support/systemc_fixture.h"

#include <tilework/core/error.h>
#include <tilework/tlm/payload_pool.h>

#include <gtest/gtest.h>

#include <optional>

namespace tilework::transaction {
namespace {

TEST(payload_pool, hands_out_clean_payloads) {
  payload_pool pool;
  const operation op{};
  const ::tlm::tlm_generic_payload* first = nullptr;
  std::uint32_t first_generation = 0;
  {
    const auto t = pool.acquire();
    first = &t.payload();
    first_generation = t.request().generation;
    t.payload().set_write();
    t.payload().set_address(7);
    t.payload().set_data_length(99);
    t.payload().set_response_status(::tlm::TLM_OK_RESPONSE);
    t.request().op = &op;
    t.request().operation_id = 5;
    t.request().activity.coincidences = 3;
    t.request().done = {4};
  }
  const auto t = pool.acquire();
  ASSERT_EQ(&t.payload(), first);
  EXPECT_EQ(t.payload().get_command(), ::tlm::TLM_IGNORE_COMMAND);
  EXPECT_EQ(t.payload().get_address(), 0U);
  EXPECT_EQ(t.payload().get_data_length(), 0U);
  EXPECT_EQ(t.payload().get_response_status(), ::tlm::TLM_INCOMPLETE_RESPONSE);
  EXPECT_EQ(t.payload().get_ref_count(), 1);
  EXPECT_EQ(t.request().op, nullptr);
  EXPECT_EQ(t.request().operation_id, 0U);
  EXPECT_EQ(t.request().activity, operation_activity{});
  EXPECT_EQ(t.request().done.count, 0);
  EXPECT_EQ(t.request().generation, first_generation + 2);
}

TEST(payload_pool, generation_is_odd_while_in_use) {
  payload_pool pool;
  auto t = pool.acquire();
  const tile_request& request = t.request();
  EXPECT_EQ(request.generation % 2, 1U);
  t = transaction{};
  EXPECT_EQ(request.generation % 2, 0U);
}

TEST(payload_pool, allocates_only_for_a_new_maximum) {
  payload_pool pool;
  for (int round = 0; round < 100; ++round) {
    const auto a = pool.acquire();
    const auto b = pool.acquire();
    EXPECT_NE(&a.payload(), &b.payload());
    EXPECT_EQ(pool.outstanding(), 2U);
  }
  EXPECT_EQ(pool.capacity(), 2U);
  EXPECT_EQ(pool.outstanding(), 0U);
}

TEST(payload_pool, a_payload_returns_with_its_last_reference) {
  payload_pool pool;
  auto t = pool.acquire();
  auto& payload = t.payload();
  payload.acquire();
  t = transaction{};
  EXPECT_EQ(pool.outstanding(), 1U);
  payload.release();
  EXPECT_EQ(pool.outstanding(), 0U);
}

TEST(payload_pool, a_moved_handle_holds_one_reference) {
  payload_pool pool;
  auto a = pool.acquire();
  auto b = std::move(a);
  EXPECT_EQ(b.payload().get_ref_count(), 1);
  auto c = pool.acquire();
  c = std::move(b);
  EXPECT_EQ(pool.outstanding(), 1U);
  EXPECT_TRUE(c);
}

TEST(payload_pool, reports_what_was_not_given_back) {
  const test::expected_report leak("/tilework/payload_pool/outstanding");
  std::optional<payload_pool> pool(std::in_place);
  pool->acquire().payload().acquire(); // the handle gives back its reference, this one is lost
  pool.reset();
  EXPECT_EQ(leak.count(), 1U);
}

TEST(payload_pool, is_silent_when_everything_was_given_back) {
  payload_pool pool;
  const auto t = pool.acquire();
  EXPECT_TRUE(t);
}

TEST(tile_request, absence_is_a_clear_error) {
  ::tlm::tlm_generic_payload bare;
  EXPECT_THROW(static_cast<void>(tile_request::of(bare)), run_error);
}

TEST(tile_request, is_copied_with_its_payload) {
  payload_pool pool;
  const auto t = pool.acquire();
  t.request().operation_id = 17;
  ::tlm::tlm_generic_payload copy;
  copy.deep_copy_from(t.payload());
  EXPECT_EQ(tile_request::of(copy).operation_id, 17U);
  t.request().operation_id = 18;
  t.payload().update_extensions_from(copy);
  EXPECT_EQ(t.request().operation_id, 17U);
}

} // namespace
} // namespace tilework::transaction
