// SPDX-License-Identifier: Apache-2.0
/// \file A routed network flit by flit: input-queued routers with virtual channels, wormhole switching and credits.
#pragma once

#include <tilework/modules/interconnect/flit_network.h>
#include <tilework/modules/interconnect/topology.h>
#include <tilework/modules/interconnect/traffic_counter.h>

#include <limits>
#include <string>
#include <vector>

namespace tilework::hardware {

/// A packet is one head flit and its payload flits. A flit that enters a buffer at cycle a may leave it from
/// a + router_latency on. In every cycle a router
///  1. gives free virtual channels of its exits to heads (round robin over inputs, per exit),
///  2. lets every input port nominate one flit (round robin over its virtual channels) that has a virtual channel, a
///     free place in the buffer there, and a free exit,
///  3. lets every exit take one of the nominated flits (round robin over input ports).
/// A flit that leaves at cycle t is in the next buffer at t + latency + cycles_per_flit - 1, and its old place can be
/// used from t + credit_latency on; injection and ejection ports take one flit per cycle and no time. A packet keeps a
/// virtual channel until its tail has entered it. So a channel passes min(1, buffer_depth / (router_latency + latency +
/// credit_latency)) flits per cycle and packet; buffers behind a chip link are as deep as its round trip, if that is
/// more. A node sends the packets of a class (requests, responses) one after the other.
///
/// What a router does in a cycle depends only on what the others did in earlier ones: their order never matters.
///
/// Where the ways of a multicast part, or the members of a reduction meet, is a *station*: it has room for a packet of
/// each child, takes flits without credit, adds those of its children (reduction_latency later) and sends one packet to
/// each of its branches. Nothing that waits in a station holds a channel, so neither can deadlock.
class router_network final : public flit_network {
public:
  /// \param chip_links of the links between chips; null: not counted
  router_network(const routed_network_configuration& configuration, component_account& account,
                 component_account* chip_links = nullptr)
      : router_network(configuration, topology_of(configuration), account, chip_links) {}
  /// \param network in place of that of the configuration
  router_network(const routed_network_configuration& configuration, topology network, component_account& account,
                 component_account* chip_links);

  [[nodiscard]] std::optional<cycle> next() const override {
    return next_ == never ? std::nullopt : std::optional(next_);
  }
  void step() override;
  void drain() override;
  [[nodiscard]] std::uint32_t nodes() const override { return topology_.nodes; }

  /// Flits in the buffers of routers.
  [[nodiscard]] std::uint64_t buffered() const { return buffered_; }
  /// Flits that passed links so far.
  [[nodiscard]] std::uint64_t flit_hops() const { return flit_hops_; }

private:
  static constexpr auto none = std::numeric_limits<std::uint32_t>::max();
  static constexpr auto never = std::numeric_limits<cycle>::max();

  struct moving_packet {
    std::uint32_t destination = 0;
    std::uint32_t flits = 0;
    std::uint32_t station = none; ///< where it ends; none: in the ejection port of its destination
    std::uint32_t first_vc = 0;   ///< of its class
    std::uint32_t last_vc = 0;    ///< behind the last one
    std::uint32_t behind = none;  ///< in the queue of its node
    cycle departure = 0;
    std::uint64_t ticket = 0;
    std::uint64_t multicast = 0; ///< its ejection is a delivery
    std::uint64_t reduction = 0; ///< its ejection is the sum's arrival
    bool reports_departure = false;
    phase booked_under{};
  };
  /// Where a packet that goes on from here has got to.
  struct lane {
    std::uint32_t exit = none; ///< channel
    std::uint32_t vc = none;   ///< of the exit
    std::uint32_t sent = 0;    ///< flits
  };
  /// Of one virtual channel, at its receiving end.
  struct buffer {
    lane front;
    std::uint32_t first_slot = 0;
    std::uint32_t depth = 0;
    std::uint32_t head = 0;
    std::uint32_t count = 0;
    [[nodiscard]] std::uint32_t front_slot() const { return first_slot + head; }
    /// The place for the next flit; taking flits out does not change it.
    [[nodiscard]] std::uint32_t back_slot() const {
      const auto back = head + count;
      return first_slot + (back >= depth ? back - depth : back);
    }
  };
  struct slot {
    cycle time = 0; ///< with a flit: when it may leave; without: when the sender may use the place
    std::uint32_t packet = none;
  };
  struct station_state {
    std::uint32_t router = 0;
    std::uint32_t children = 0;
    std::uint32_t branches = 0;         ///< that have flits to send
    std::uint32_t latency = 0;          ///< from the last child's flit to the branches' one: adders and router
    std::vector<cycle> latest;          ///< by flit
    std::vector<std::uint32_t> arrived; ///< same: children
  };
  struct branch_state {
    lane at;
    std::uint32_t packet = none;
    std::uint32_t station = none;
  };
  struct router_state {
    struct input_lane {
      std::uint32_t buffer = 0;
      std::uint32_t port = 0;
      std::uint32_t vc = 0;
    };
    std::vector<std::uint32_t> inputs;   ///< channels, by port
    std::vector<input_lane> lanes;       ///< by port and virtual channel
    std::vector<std::uint64_t> occupied; ///< bits: lanes with flits
    std::vector<std::uint32_t> branches; ///< of its stations
    std::uint32_t flits = 0;             ///< in its buffers
  };
  struct queue {
    std::uint32_t first = none;
    std::uint32_t last = none;
    lane front;
  };
  struct node_state {
    std::vector<queue> classes;
    std::uint32_t next_class = 0;
    std::uint32_t packets = 0; ///< in the queues
  };
  /// A flit that may leave a router now.
  struct candidate {
    lane* at = nullptr;
    std::uint32_t packet = none;
    std::uint32_t port = 0;       ///< of the router; behind its inputs: branches
    std::uint32_t vc = 0;         ///< of the port
    std::uint32_t channel = none; ///< of the port; none: a branch
    std::uint32_t input = none;   ///< buffer; none: a branch
    std::uint32_t branch = none;
    cycle ready = 0;
    bool is_head = false; ///< had no virtual channel yet
  };
  struct reduction {
    std::uint64_t number = 0; ///< 0: free
    std::uint32_t left = 0;   ///< members that have not been sent
    std::uint64_t ticket = 0; ///< of the last one
    struct member {
      std::uint32_t node = 0;
      std::uint32_t station = none;
      bool sent = false;
    };
    std::vector<member> members;
  };
  struct part {
    std::uint32_t router = 0;
    std::uint32_t packet = 0;
    std::size_t first = 0; ///< of its nodes in grouped_
    std::size_t last = 0;
  };

  /// A number from a free list, or of a new element.
  template <typename T>
  static std::uint32_t take(std::vector<T>& all, std::vector<std::uint32_t>& unused) {
    if (unused.empty()) {
      all.emplace_back();
      return static_cast<std::uint32_t>(all.size() - 1);
    }
    const auto number = unused.back();
    unused.pop_back();
    return number;
  }

  void launch(const packet& p, cycle departure, std::uint64_t ticket) override;
  std::uint32_t make_packet(const packet& p, cycle departure);
  void enqueue(std::uint32_t node, std::uint32_t number);
  void plan_multicast(const packet& p, std::uint32_t number);
  std::vector<reduction>::iterator plan_reduction(const packet& p);
  void launch_member(const packet& p, cycle departure, std::uint64_t ticket);
  std::uint32_t open_station(std::uint32_t router, std::uint32_t children, std::uint32_t flits);
  void open_branch(std::uint32_t station, std::uint32_t packet);
  [[nodiscard]] std::uint32_t next_router(std::uint32_t router, std::uint32_t node) const {
    return topology_.channels[topology_.exit_towards(router, node)].to;
  }

  void inject(std::uint32_t n);
  bool inject(std::uint32_t n, queue& q);
  void route(std::uint32_t r);
  void list_candidates(std::uint32_t r);
  void give_virtual_channels();
  [[nodiscard]] bool may_leave(const lane& at, const moving_packet& p);
  void nominate(const candidate& c);
  void move(const candidate& c);
  void leave_buffer(std::uint32_t number);
  void leave_station(std::uint32_t number);
  [[nodiscard]] bool may_enter(std::uint32_t exit, std::uint32_t vc, const moving_packet& p);
  void enter(std::uint32_t exit, std::uint32_t vc, std::uint32_t packet, std::uint32_t flit, cycle there);
  void finish(std::uint32_t number, cycle at);
  [[nodiscard]] bool ends_at(const moving_packet& p, const channel& c) const {
    return p.station != none && stations_[p.station].router == c.to && c.what != channel::kind::ejection;
  }
  [[nodiscard]] std::uint32_t free_vc(std::uint32_t exit, const moving_packet& p) const;
  void wait_until(cycle t) { soonest_ = std::min(soonest_, t); }
  [[nodiscard]] std::string deadlock() const;
  [[nodiscard]] std::uint32_t blocker_of(std::uint32_t number) const;

  routed_network_configuration configuration_;
  topology topology_;
  traffic_counter counter_;
  std::uint32_t vcs_;
  std::uint32_t classes_;

  std::vector<router_state> routers_;
  std::vector<node_state> nodes_;
  std::vector<buffer> buffers_; ///< channel x virtual channels + virtual channel; of ejection ports unused
  std::vector<slot> slots_;
  std::vector<std::uint32_t> port_of_;   ///< of a channel at its receiving router
  std::vector<std::uint32_t> holder_;    ///< of a virtual channel: buffer, or `held` if it is none; none: free
  std::vector<std::uint32_t> next_vc_;   ///< round robin pointers by channel: over its virtual channels as an exit,
  std::vector<std::uint32_t> next_head_; ///< over heads that want to go there,
  std::vector<std::uint32_t> next_in_;   ///< over its virtual channels as an input,
  std::vector<std::uint32_t> next_port_; ///< over input ports that want to go there
  std::vector<cycle> free_at_;           ///< by channel
  std::vector<moving_packet> packets_;
  std::vector<std::uint32_t> free_packets_;
  std::vector<station_state> stations_;
  std::vector<std::uint32_t> free_stations_;
  std::vector<branch_state> branches_;
  std::vector<std::uint32_t> free_branches_;
  std::vector<reduction> reductions_;

  std::vector<candidate> candidates_;  ///< scratch of one router and cycle
  std::vector<std::uint32_t> heads_;   ///< same: candidates without a virtual channel
  std::vector<std::uint32_t> best_;    ///< by exit: nominated candidate
  std::vector<std::uint32_t> taken_;   ///< exits with a nominated candidate
  std::vector<std::uint32_t> grouped_; ///< scratch of a plan: nodes
  std::vector<part> parts_;
  std::vector<std::uint32_t> children_; ///< same, by router
  std::vector<std::uint32_t> tree_;

  cycle now_ = 0;
  cycle next_ = never;
  cycle soonest_ = never; ///< when something that waits for its time may go on
  bool moved_ = false;
  bool used_ = false; ///< since the last drain
  std::uint64_t queued_ = 0;
  std::uint64_t buffered_ = 0;
  std::uint64_t flit_hops_ = 0;
};

} // namespace tilework::hardware
