// SPDX-License-Identifier: Apache-2.0
/// \file A routed network, wormhole-switched, as calendars.
#pragma once

#include <tilework/modules/interconnect/fabric.h>
#include <tilework/modules/interconnect/topology.h>
#include <tilework/modules/interconnect/traffic_counter.h>
#include <tilework/tlm/clock_domain.h>

#include <vector>

namespace tilework::hardware {

/// A packet is one head flit and its payload flits. Its head passes every router on the way (router_latency each) and
/// every link (its own latency each); injection port, links and ejection port are held for as many cycles as the flits
/// need. Over H equal links and F flits an empty network takes (H + 1) router_latency + H link_latency + F cycles; see
/// empty_network_cycles() for slower links. The ways of a multicast are a tree: its flits pass and count once on every
/// channel, and routers fork them.
///
/// The ways of a reduction are a tree too, whose root is the destination. A router with c > 1 children (members at its
/// own injection ports, and links) keeps what has come until all of them have, takes reduction_latency longer and sends
/// one packet on: c - 1 additions per element. Bookings: each injection port when its member departs; links and
/// ejection port when the last member has departed, from the leaves to the root, each as soon as the heads of all
/// children are there. So the order of calls does not matter to the tree. What waits in a router holds no channel.
class calendar_network final : public fabric {
public:
  /// \param chip_links of the links between chips; null: not counted
  calendar_network(const routed_network_configuration& configuration, component_account& account,
                   component_account* chip_links = nullptr);

  femtoseconds transfer(const packet& p, femtoseconds departure) override;
  void drain() override;
  void visit_calendars(const transaction::calendar_visitor& visitor) override;
  [[nodiscard]] std::uint32_t nodes() const override { return topology_.nodes; }
  [[nodiscard]] transaction::calendar_statistics bookings() const override;

private:
  /// First and last flit of a packet where it is now.
  struct worm {
    femtoseconds head;
    femtoseconds tail;
  };
  /// A multicast that has passed.
  struct passage {
    std::uint64_t multicast = 0;
    worm entered; ///< when it entered the channel
  };
  struct booked_channel {
    transaction::resource_calendar calendar;
    std::vector<passage> passages; ///< since the last drain: few
  };
  struct booked_worm {
    worm entered;
    bool shared = false; ///< the packet's multicast has been here
  };
  /// Members of a reduction that have departed.
  struct gathering {
    struct member {
      std::uint32_t node = 0;
      worm entered; ///< the router
    };
    std::uint64_t number = 0; ///< 0: free
    std::vector<member> members;
  };
  /// What has come to a router of the tree that is booked.
  struct meeting {
    worm latest; ///< of all children
    std::uint32_t children = 0;
    std::uint32_t hops = 0; ///< to the root
  };
  femtoseconds reduce(const packet& p, femtoseconds departure);
  femtoseconds book_tree(const packet& p, const gathering& all);
  void list_tree(const gathering& all, std::uint32_t destination);
  void arrive(std::uint32_t router, const worm& child);
  gathering& gathering_of(std::uint64_t number);
  booked_worm enter(std::uint32_t number, const packet& p, const worm& earliest, std::uint64_t flits);
  [[nodiscard]] worm leave(const channel& passed, const worm& entered) const;
  [[nodiscard]] femtoseconds cycles(std::uint64_t n) const { return clock_.cycles(static_cast<std::int64_t>(n)); }

  routed_network_configuration configuration_;
  topology topology_;
  transaction::clock_domain clock_;
  std::vector<booked_channel> channels_;
  std::vector<std::uint32_t> booked_; ///< channels with bookings: a step uses few of a large network
  std::vector<gathering> gatherings_;
  std::vector<meeting> meetings_;   ///< by router
  std::vector<std::uint32_t> tree_; ///< its routers, the furthest first
  traffic_counter counter_;
};

} // namespace tilework::hardware
