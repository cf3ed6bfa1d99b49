// SPDX-License-Identifier: Apache-2.0
// What every network must do; a new one is one more type in the list.
#include <tilework/modules/interconnect/bus.h>
#include <tilework/modules/interconnect/calendar_network.h>

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace tilework::hardware {
namespace {

struct mesh_kit {
  static std::unique_ptr<fabric> make(component_account& account) {
    return std::make_unique<calendar_network>(routed_network_configuration{.shape = mesh_shape{3, 2}}, account);
  }
};
struct tree_kit {
  static std::unique_ptr<fabric> make(component_account& account) {
    return std::make_unique<calendar_network>(routed_network_configuration{.shape = tree_shape{6, 2}}, account);
  }
};
struct chips_kit {
  static std::unique_ptr<fabric> make(component_account& account) {
    return std::make_unique<calendar_network>(routed_network_configuration{.shape = tree_shape{2, 2}, .chips = 3},
                                              account);
  }
};
struct bus_kit {
  static std::unique_ptr<fabric> make(component_account& account) {
    return std::make_unique<bus>(bus_configuration{.nodes = 6}, account);
  }
};

template <typename Kit>
struct fabric_test : testing::Test {
  ledger books;
  component_account& account = books.open("network", component_kind::network, 1);
  std::unique_ptr<fabric> network = Kit::make(account);

  /// Arrivals of some random traffic.
  static std::vector<femtoseconds> traffic(fabric& on, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<femtoseconds> arrivals;
    const auto below = [&random](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
    femtoseconds departure;
    for (int k = 0; k < 200; ++k) {
      departure += {below(5'000'000)};
      const packet p{below(6), below(6), below(300), phase::forward};
      arrivals.push_back(on.transfer(p, departure));
    }
    return arrivals;
  }
};
using fabrics = testing::Types<mesh_kit, tree_kit, chips_kit, bus_kit>;
TYPED_TEST_SUITE(fabric_test, fabrics);

TYPED_TEST(fabric_test, empty_packets_are_free) {
  EXPECT_EQ(this->network->transfer({0, 5, 0, phase::forward}, {1234}), femtoseconds{1234});
  EXPECT_EQ(this->account.counts, action_counts{});
}

TYPED_TEST(fabric_test, has_six_nodes) {
  EXPECT_EQ(this->network->nodes(), 6U);
}

TYPED_TEST(fabric_test, packets_arrive_after_they_leave) {
  for (std::uint32_t to = 0; to < 6; ++to)
    EXPECT_GT(this->network->transfer({2, to, 1, phase::forward}, {777}), femtoseconds{777});
}

TYPED_TEST(fabric_test, drain_forgets_all_bookings) {
  const auto first = this->traffic(*this->network, 1);
  EXPECT_GT(this->network->bookings().delayed, 0U);
  EXPECT_NE(this->traffic(*this->network, 1), first); // in the way of the first
  this->network->drain();
  EXPECT_EQ(this->traffic(*this->network, 1), first);
}

TYPED_TEST(fabric_test, equal_traffic_gives_equal_times_and_counts) {
  auto& twins_account = this->books.open("twin", component_kind::network, 1);
  const auto twin = TypeParam::make(twins_account);
  EXPECT_EQ(this->traffic(*this->network, 2), this->traffic(*twin, 2));
  EXPECT_EQ(this->account.counts, twins_account.counts);
  EXPECT_EQ(this->network->bookings().delayed, twin->bookings().delayed);
}

TYPED_TEST(fabric_test, order_of_calls_is_reported_and_early_packets_fill_gaps) {
  const auto alone = this->network->transfer({0, 1, 8, phase::forward}, {});
  this->network->drain();
  this->network->transfer({0, 1, 8, phase::forward}, {1'000'000'000});
  EXPECT_EQ(this->network->bookings().out_of_order, 0U);
  EXPECT_EQ(this->network->transfer({0, 1, 8, phase::forward}, {}), alone);
  EXPECT_GT(this->network->bookings().out_of_order, 0U);
  EXPECT_GE(this->network->bookings().largest_skew, femtoseconds{1'000'000'000});
}

TYPED_TEST(fabric_test, counts_are_booked_under_the_packets_phase) {
  this->network->transfer({0, 5, 8, phase::evaluate}, {});
  EXPECT_EQ(this->account.counts.get(phase::forward, action::flit_hop), 0U);
  EXPECT_GT(this->account.counts.get(phase::evaluate, action::flit_hop), 0U);
  EXPECT_GT(this->account.busy[static_cast<std::size_t>(phase::evaluate)], femtoseconds{});
}

} // namespace
} // namespace tilework::hardware
