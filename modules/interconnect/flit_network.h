// SPDX-License-Identifier: Apache-2.0
/// \file What carries packets between nodes cycle by cycle.
#pragma once

#include <tilework/modules/interconnect/fabric.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace tilework::hardware {

/// The counterpart of fabric whose answers come later: a packet is sent, cycles are simulated while anything moves, and
/// its arrival shows up. Cycles are numbered from the last drain. Empty packets need no network: do not send them.
class flit_network {
public:
  using cycle = std::int64_t;
  struct arrival {
    std::uint64_t ticket = 0; ///< of the packet
    cycle at = 0;             ///< its tail is there, as fabric::transfer() would return it
  };

  flit_network() = default;
  flit_network(const flit_network&) = delete;
  flit_network& operator=(const flit_network&) = delete;
  virtual ~flit_network() = default;

  /// A packet is ready at a cycle that has not been simulated. Among packets of one node the earlier departure goes
  /// first, then the earlier call. The first packet of a multicast takes the payload to the whole group; the arrival of
  /// another one is that of the payload at its destination, or its departure if that is later.
  void send(const packet& p, cycle departure, std::uint64_t ticket);
  /// Whether the payload of the packet's multicast has been sent; if so, an arrival for the ticket follows. Other than
  /// send(), allowed at any time.
  bool join(const packet& p, cycle departure, std::uint64_t ticket);
  /// The next cycle in which anything can happen; none: only a packet that is sent can change anything.
  [[nodiscard]] virtual std::optional<cycle> next() const = 0;
  /// Simulates the cycle next(). \throws run_error on a deadlock, with the packets that wait for each other
  virtual void step() = 0;
  /// Nothing is in flight: forget everything.
  virtual void drain();

  /// Since the caller emptied it, in order of simulation.
  [[nodiscard]] std::vector<arrival>& arrivals() { return arrivals_; }
  [[nodiscard]] virtual std::uint32_t nodes() const = 0;
  /// Heads that could not enter a channel as soon as they were ready.
  [[nodiscard]] std::uint64_t delayed() const { return delayed_; }

protected:
  virtual void launch(const packet& p, cycle departure, std::uint64_t ticket) = 0;
  void arrive(std::uint64_t ticket, cycle at) { arrivals_.push_back({ticket, at}); }
  /// The payload of a multicast is at a node.
  void deliver(std::uint64_t multicast, std::uint32_t node, cycle at);
  void note_delay() { ++delayed_; }

private:
  static constexpr cycle under_way = -1;
  struct delivery {
    std::uint64_t multicast = 0;
    std::uint32_t node = 0;
    cycle at = under_way;
  };
  struct waiting_member {
    std::uint64_t multicast = 0;
    std::uint32_t node = 0;
    cycle departure = 0;
    std::uint64_t ticket = 0;
  };
  delivery* find_delivery(const packet& p);

  std::vector<arrival> arrivals_;
  std::vector<delivery> deliveries_; ///< since the last drain: few
  std::vector<waiting_member> waiting_;
  std::uint64_t delayed_ = 0;
};

} // namespace tilework::hardware
