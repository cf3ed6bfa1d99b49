// SPDX-License-Identifier: Apache-2.0
/// \file Two-dimensional mesh, dimension-ordered (XY) wormhole routing, as calendars.
#pragma once

#include <tilework/modules/interconnect/fabric.h>
#include <tilework/tlm/clock_domain.h>
#include <tilework/tlm/resource_calendar.h>

#include <vector>

namespace tilework::hardware {

struct mesh_configuration {
  std::uint32_t columns = 2;
  std::uint32_t rows = 2;
  std::uint32_t flit_width_bits = 64;
  double clock_Hz = 1e9;
  std::uint32_t router_latency_cycles = 2;
  std::uint32_t link_latency_cycles = 1;
  bool reduction = false;                     ///< routers have adders: packets of a reduction can be sent
  std::uint32_t reduction_latency_cycles = 1; ///< of the adders of a router
};

/// Node n sits at column n mod columns, row n / columns. A packet is one head flit and its payload flits. Its head
/// passes every router on the way (router_latency each) and every link (link_latency each); injection port, links and
/// ejection port are held for as many cycles as there are flits. Over H hops and F flits an empty mesh takes
/// (H + 1) router_latency + H link_latency + F cycles. The ways of a multicast are a tree: its flits pass and count
/// once on every channel, and routers fork them.
///
/// The ways of a reduction are a tree too, whose root is the destination. A router with c > 1 children (members at its
/// own injection port, and links) keeps what has come until all of them have, takes reduction_latency longer and sends
/// one packet on: c - 1 additions per element. Bookings: each injection port when its member departs; links and
/// ejection port when the last member has departed, from the leaves to the root, each as soon as the heads of all
/// children are there. So the order of calls does not matter to the tree. What waits in a router holds no channel.
class mesh final : public fabric {
public:
  mesh(const mesh_configuration& configuration, component_account& account);

  femtoseconds transfer(const packet& p, femtoseconds departure) override;
  void drain() override;
  [[nodiscard]] std::uint32_t nodes() const override { return configuration_.columns * configuration_.rows; }
  [[nodiscard]] std::uint64_t delayed_requests() const override;
  [[nodiscard]] std::uint64_t out_of_order_requests() const override;

private:
  enum direction : std::uint8_t { east, west, south, north, inject, eject, direction_count };
  /// Head of a multicast that has passed.
  struct passage {
    std::uint64_t multicast = 0;
    femtoseconds head; ///< when it entered the channel
  };
  struct channel {
    transaction::resource_calendar calendar;
    std::vector<passage> passages; ///< since the last drain: few
  };
  struct booked_head {
    femtoseconds time;
    bool shared = false; ///< the packet's multicast has been here
  };
  /// Members of a reduction that have departed.
  struct gathering {
    struct member {
      std::uint32_t node = 0;
      femtoseconds head; ///< when it entered the router
    };
    std::uint64_t number = 0; ///< 0: free
    std::vector<member> members;
  };
  /// What has come to a router of the tree that is booked.
  struct meeting {
    femtoseconds head; ///< the latest one
    std::uint32_t children = 0;
  };
  struct exit {
    direction way{};
    std::uint32_t next = 0; ///< node
  };
  femtoseconds reduce(const packet& p, femtoseconds departure);
  femtoseconds book_tree(const packet& p, const gathering& all);
  void list_tree(const gathering& all, std::uint32_t root);
  void arrive(std::uint32_t node, femtoseconds head);
  gathering& gathering_of(std::uint64_t number);
  [[nodiscard]] exit exit_towards(std::uint32_t destination, std::uint32_t node) const;
  [[nodiscard]] std::uint32_t distance(std::uint32_t a, std::uint32_t b) const;
  [[nodiscard]] std::uint64_t flits_of(const packet& p) const;
  booked_head enter(std::uint32_t node, direction d, std::uint64_t multicast, femtoseconds earliest, femtoseconds held);

  mesh_configuration configuration_;
  transaction::clock_domain clock_;
  std::vector<channel> channels_; ///< outgoing channels of every router
  std::vector<gathering> gatherings_;
  std::vector<meeting> meetings_;   ///< by node
  std::vector<std::uint32_t> tree_; ///< its nodes, the furthest first
  component_account& account_;
};

} // namespace tilework::hardware
