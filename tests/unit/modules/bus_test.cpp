// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/interconnect/bus.h>

#include <gtest/gtest.h>

namespace tilework::hardware {
namespace {

constexpr std::int64_t cycle = 1'000'000; // fs

struct bus_test : testing::Test {
  ledger books;
  component_account& account = books.open("network", component_kind::network, 1);
  bus network{{.nodes = 4, .width_bits = 128, .clock_Hz = 1e9, .arbitration_cycles = 2}, account};

  std::int64_t arrival(std::uint32_t from, std::uint32_t to, std::uint64_t bytes, std::int64_t departure = 0) {
    return network.transfer({from, to, bytes, phase::update}, {departure}).count;
  }
};

TEST_F(bus_test, idle_bus_takes_arbitration_address_and_beats) {
  for (std::uint32_t from = 0; from < 4; ++from)
    for (std::uint32_t to = 0; to < 4; ++to)
      for (std::uint64_t bytes : {1U, 16U, 17U, 1600U}) {
        network.drain();
        const auto beats = static_cast<std::int64_t>(1 + (bytes + 15) / 16);
        EXPECT_EQ(arrival(from, to, bytes), (2 + beats) * cycle);
      }
}

TEST_F(bus_test, transfers_share_the_bus_wherever_they_go) {
  EXPECT_EQ(arrival(0, 1, 32), 5 * cycle);
  EXPECT_EQ(arrival(2, 3, 32), (5 + 3) * cycle); // arbitration of the second overlaps the beats of the first
  EXPECT_EQ(network.bookings().delayed, 1U);
}

TEST_F(bus_test, counts_beats_and_grants) {
  arrival(0, 1, 32);
  arrival(3, 3, 1);
  EXPECT_EQ(account.counts.get(phase::update, action::flit_hop), 3U + 2);
  EXPECT_EQ(account.counts.get(phase::update, action::router_arbitration), 2U);
  EXPECT_EQ(account.busy[static_cast<std::size_t>(phase::update)].count, 5 * cycle);
}

TEST_F(bus_test, a_multicast_is_heard_by_all) {
  const auto send = [&](std::uint32_t to, std::int64_t departure) {
    return network.transfer({0, to, 32, phase::update, 9}, {departure}).count;
  };
  EXPECT_EQ(send(1, 0), 5 * cycle);
  EXPECT_EQ(send(2, 0), 5 * cycle);
  EXPECT_EQ(send(3, 8 * cycle), 8 * cycle);
  EXPECT_EQ(account.counts.get(phase::update, action::flit_hop), 3U);
  EXPECT_EQ(account.counts.get(phase::update, action::router_arbitration), 1U);
  network.drain();
  EXPECT_EQ(send(2, 0), 5 * cycle);
  EXPECT_EQ(account.counts.get(phase::update, action::flit_hop), 6U);
}

} // namespace
} // namespace tilework::hardware
