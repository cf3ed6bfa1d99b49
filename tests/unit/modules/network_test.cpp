// SPDX-License-Identifier: Apache-2.0
#include "fixed_unit.h"
#include "requests.h"
#include "support/systemc_fixture.h"

#include <tilework/modules/interconnect/bus.h>
#include <tilework/modules/interconnect/calendar_network.h>
#include <tilework/modules/interconnect/network.h>
#include <tilework/tlm/four_phase_initiator.h>
#include <tilework/tlm/protocol_checker.h>

#include <gtest/gtest.h>

#include <map>

namespace tilework::hardware {
namespace {

using test::cycle;
using test::fixed_unit;
using test::kernel_now;

/// Initiator -> checker -> network -> checker -> target, from node 0 to node 3 of a 4 x 1 mesh.
struct bench {
  bench()
      : unit(time),
        initiator("initiator", [this](auto& p) { done[transaction::tile_request::of(p).operation_id] = kernel_now(); }),
        before("before"),
        middle("middle",
               std::make_unique<calendar_network>(routed_network_configuration{.shape = mesh_shape{4, 1}},
                                                  books.open("network", component_kind::network, 4)),
               time, 2),
        after("after"),
        target("target", time, unit, 2),
        idle_initiator("idle_initiator", [](auto&) {}),
        idle_target("idle_target", time, unit, 1) {
    initiator.socket.bind(before.target_socket);
    before.initiator_socket.bind(middle.upstream(0));
    middle.downstream(0).bind(after.target_socket);
    after.initiator_socket.bind(target.socket);
    idle_initiator.socket.bind(middle.upstream(1));
    middle.downstream(1).bind(idle_target.socket);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }
  transaction::transaction request(unsigned request_bytes, unsigned response_bytes) {
    auto t = requests.make({.kind = operation_kind::forward_mvm, .phase = phase::forward, .vectors = 1}, {}, {});
    t.payload().set_data_length(request_bytes);
    t.request().response_bytes = response_bytes;
    t.request().destination = 3;
    return t;
  }

  transaction::timeline time;
  ledger books;
  fixed_unit unit;
  test::request_maker requests;
  std::map<std::uint64_t, femtoseconds> done;
  transaction::four_phase_initiator initiator;
  transaction::protocol_checker before;
  network middle;
  transaction::protocol_checker after;
  transaction::four_phase_target target;
  transaction::four_phase_initiator idle_initiator;
  transaction::four_phase_target idle_target;
};

/// From node 0 to node 3 of an empty mesh.
femtoseconds way(std::int64_t bytes) {
  return bytes == 0 ? femtoseconds{} : femtoseconds{(4 * 2 + 3 + 1 + (bytes + 7) / 8) * cycle};
}

TEST(network, blocking_transport_adds_both_ways) {
  bench b;
  for (unsigned down : {0U, 8U, 200U})
    for (unsigned up : {0U, 16U, 1000U}) {
      b.time.drain({});
      const auto t = b.request(down, up);
      femtoseconds delay{5 * cycle};
      b.initiator.transport(t.payload(), delay);
      EXPECT_EQ(b.unit.arrivals.back(), femtoseconds{5 * cycle} + way(down));
      EXPECT_EQ(delay, femtoseconds{5 * cycle} + way(down) + femtoseconds{10 * cycle} + way(up));
    }
}

TEST(network, four_phases_add_both_ways) {
  bench b;
  for (unsigned down : {0U, 8U, 200U})
    for (unsigned up : {0U, 16U, 1000U}) {
      const auto length = b.time.now();
      b.time.drain(length);
      const auto begin = kernel_now();
      const auto t = b.request(down, up);
      b.initiator.send(t.payload());
      sc_core::sc_start();
      EXPECT_EQ(b.unit.arrivals.back(), way(down));
      EXPECT_EQ(b.done.at(t.request().operation_id) - begin, way(down) + femtoseconds{10 * cycle} + way(up));
      EXPECT_EQ(b.before.in_flight(), 0U);
      EXPECT_EQ(b.after.in_flight(), 0U);
    }
  EXPECT_EQ(b.middle.carrier().bookings().delayed, 0U);
}

TEST(network, a_response_on_its_way_does_not_hold_up_the_next_one_at_the_target) {
  bench b;
  // Two requests back to back; the responses of 126 flits take much longer than the unit.
  const auto first = b.request(8, 1000);
  const auto second = b.request(8, 1000);
  b.initiator.send(first.payload());
  b.initiator.send(second.payload());
  sc_core::sc_start();
  const auto arrived = b.unit.arrivals;
  EXPECT_EQ(b.done.at(first.request().operation_id), arrived[0] + femtoseconds{10 * cycle} + way(1000));
  // Only the flits of the first response on the shared links are in its way.
  EXPECT_EQ(b.done.at(second.request().operation_id),
            b.done.at(first.request().operation_id) + femtoseconds{126 * cycle});
}

TEST(network, back_pressure_of_the_target_reaches_the_initiator) {
  bench b;
  b.unit.input = {500 * cycle};
  std::vector<transaction::transaction> sent;
  for (int k = 0; k < 4; ++k) {
    sent.push_back(b.request(8, 0));
    b.initiator.send(sent.back().payload());
  }
  sc_core::sc_start();
  // Depth 2: the first two go at once, each further one when an input is free.
  ASSERT_EQ(b.unit.arrivals.size(), 4U);
  EXPECT_LT(b.unit.arrivals[1], femtoseconds{100 * cycle});
  EXPECT_GE(b.unit.arrivals[2], femtoseconds{500 * cycle});
  EXPECT_GE(b.unit.arrivals[3], femtoseconds{1000 * cycle});
}

TEST(network, debug_access_passes_through_and_costs_nothing) {
  bench b;
  const auto t = b.request(8, 8);
  EXPECT_EQ(b.initiator.socket->transport_dbg(t.payload()), 77U);
  EXPECT_EQ(b.books.total(phase::forward, action::flit_hop), 0U);
}

} // namespace
} // namespace tilework::hardware
