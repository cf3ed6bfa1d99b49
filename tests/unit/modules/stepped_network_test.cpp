// SPDX-License-Identifier: Apache-2.0
#include "fixed_unit.h"
#include "requests.h"
#include "support/systemc_fixture.h"

#include <tilework/core/error.h>
#include <tilework/modules/interconnect/router_network.h>
#include <tilework/modules/interconnect/stepped_network.h>
#include <tilework/tlm/four_phase_initiator.h>
#include <tilework/tlm/protocol_checker.h>

#include <gtest/gtest.h>

#include <map>

namespace tilework::hardware {
namespace {

using test::cycle;
using test::fixed_unit;
using test::kernel_now;

/// Two ways: initiator -> checker -> network -> checker -> target, from node 0 to nodes 3 and 2 of a 4 x 1 mesh.
struct bench {
  struct way {
    way(bench& b, const std::string& name, std::uint32_t number)
        : unit(b.time),
          initiator(("initiator" + name).c_str(),
                    [&b](auto& p) { b.done[transaction::tile_request::of(p).operation_id] = kernel_now(); }),
          before(("before" + name).c_str()),
          after(("after" + name).c_str()),
          target(("target" + name).c_str(), b.time, unit, 2) {
      initiator.socket.bind(before.target_socket);
      before.initiator_socket.bind(b.middle.upstream(number));
      b.middle.downstream(number).bind(after.target_socket);
      after.initiator_socket.bind(target.socket);
    }
    fixed_unit unit;
    transaction::four_phase_initiator initiator;
    transaction::protocol_checker before;
    transaction::protocol_checker after;
    transaction::four_phase_target target;
  };

  explicit bench(const routed_network_configuration& configuration = {.shape = mesh_shape{4, 1}})
      : middle("middle",
               std::make_unique<router_network>(configuration, books.open("network", component_kind::network, 4)),
               configuration.clock_Hz, time, 2),
        to_3(*this, "3", 0),
        to_2(*this, "2", 1) {
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }
  transaction::transaction request(unsigned request_bytes, unsigned response_bytes, std::uint32_t node = 3) {
    auto t = requests.make({.kind = operation_kind::forward_mvm, .phase = phase::forward, .vectors = 1}, {}, {});
    t.payload().set_data_length(request_bytes);
    t.request().response_bytes = response_bytes;
    t.request().destination = node;
    return t;
  }
  void run() {
    sc_core::sc_start();
    if (middle.failure())
      std::rethrow_exception(middle.failure());
  }

  transaction::timeline time;
  ledger books;
  std::map<std::uint64_t, femtoseconds> done;
  stepped_network middle;
  test::request_maker requests;
  way to_3;
  way to_2;
};

/// From node 0 to node 3 of an empty mesh.
femtoseconds way_of(std::int64_t bytes) {
  return bytes == 0 ? femtoseconds{} : femtoseconds{(4 * 2 + 3 + 1 + (bytes + 7) / 8) * cycle};
}

TEST(stepped_network, takes_the_time_of_calendars_where_nothing_waits) {
  bench b;
  for (const std::int64_t late : {0, 1, 999'999}) // between edges
    for (unsigned down : {0U, 8U, 200U})
      for (unsigned up : {0U, 16U, 1000U}) {
        b.time.drain(b.time.now());
        const auto begin = kernel_now();
        const auto t = b.request(down, up);
        b.to_3.initiator.send(t.payload(), {late});
        b.run();
        const auto edge = [&](femtoseconds at, bool waits) {
          return waits ? femtoseconds{(at.count + cycle - 1) / cycle * cycle} : at;
        };
        const auto arrival = edge({late}, down != 0) + way_of(down);
        EXPECT_EQ(b.to_3.unit.arrivals.back(), arrival);
        const auto answered = edge(arrival + femtoseconds{10 * cycle}, up != 0) + way_of(up);
        EXPECT_EQ(b.done.at(t.request().operation_id) - begin, answered);
        EXPECT_EQ(b.to_3.before.in_flight(), 0U);
        EXPECT_EQ(b.to_3.after.in_flight(), 0U);
      }
  EXPECT_EQ(b.middle.bookings().delayed, 0U);
}

TEST(stepped_network, simultaneous_requests_go_in_order_of_operation_however_processes_run) {
  bench b;
  const auto first = b.request(800, 0, 3);
  const auto second = b.request(800, 0, 2);
  b.to_2.initiator.send(second.payload());
  b.to_3.initiator.send(first.payload());
  b.run();
  EXPECT_EQ(b.to_3.unit.arrivals.front(), way_of(800));
  EXPECT_EQ(b.to_2.unit.arrivals.front(), femtoseconds{(3 * 2 + 2 + 101 + 101) * cycle});
}

TEST(stepped_network, a_response_on_its_way_does_not_hold_up_the_next_one_at_the_target) {
  bench b;
  const auto first = b.request(8, 1000);
  const auto second = b.request(8, 1000);
  b.to_3.initiator.send(first.payload());
  b.to_3.initiator.send(second.payload());
  b.run();
  const auto arrived = b.to_3.unit.arrivals;
  EXPECT_EQ(b.done.at(first.request().operation_id), arrived[0] + femtoseconds{10 * cycle} + way_of(1000));
  EXPECT_EQ(b.done.at(second.request().operation_id),
            b.done.at(first.request().operation_id) + femtoseconds{126 * cycle});
}

TEST(stepped_network, back_pressure_of_the_target_reaches_the_initiator) {
  bench b;
  b.to_3.unit.input = {500 * cycle};
  std::vector<transaction::transaction> sent;
  for (int k = 0; k < 4; ++k) {
    sent.push_back(b.request(8, 0));
    b.to_3.initiator.send(sent.back().payload());
  }
  b.run();
  const auto& arrivals = b.to_3.unit.arrivals;
  ASSERT_EQ(arrivals.size(), 4U);
  EXPECT_LT(arrivals[1], femtoseconds{100 * cycle});
  EXPECT_GE(arrivals[2], femtoseconds{500 * cycle});
  EXPECT_GE(arrivals[3], femtoseconds{1000 * cycle});
}

TEST(stepped_network, refuses_loosely_timed_requests) {
  bench b;
  const auto t = b.request(8, 8);
  femtoseconds delay;
  EXPECT_THROW(b.to_3.initiator.transport(t.payload(), delay), run_error);
}

TEST(stepped_network, debug_access_passes_through_and_costs_nothing) {
  bench b;
  const auto t = b.request(8, 8);
  EXPECT_EQ(b.to_3.initiator.socket->transport_dbg(t.payload()), 77U);
  EXPECT_EQ(b.books.total(phase::forward, action::flit_hop), 0U);
}

} // namespace
} // namespace tilework::hardware
