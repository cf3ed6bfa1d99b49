// SPDX-License-Identifier: Apache-2.0
/// \file What carries packets between nodes, as calendars.
#pragma once

#include <tilework/core/action_counts.h>
#include <tilework/core/femtoseconds.h>
#include <tilework/tlm/resource_calendar.h>

#include <cstdint>
#include <span>

namespace tilework::hardware {

/// A packet of one operand set.
struct packet {
  std::uint32_t source = 0;      ///< node
  std::uint32_t destination = 0; ///< node
  std::uint64_t bytes = 0;
  phase booked_under{};
  /// Packets of this number, from one drain to the next, carry the same payload from the same source; 0: on its own.
  /// A fabric may send the payload once where their ways are the same: to every destination with the first of them, and
  /// the interface there keeps it until its own packet departs.
  std::uint64_t multicast = 0;
  /// Packets of this number, from one drain to the next, are added element by element on their way to one destination
  /// and arrive as one; 0: on its own. A reduction has as many packets as `members` says, each of `elements`.
  std::uint64_t reduction = 0;
  std::uint32_t members = 0;
  std::uint32_t elements = 0;
  /// Nodes: destinations of a multicast, sources of a reduction (one per member). Calendars find out from the calls;
  /// routers must know before. Must stay until the next drain.
  std::span<const std::uint32_t> group{};
  bool response = false; ///< responses have virtual channels of their own
};

/// Calendar model of a network: links are booked, not simulated flit by flit. Time is relative to the last drain.
class fabric {
public:
  fabric() = default;
  fabric(const fabric&) = delete;
  fabric& operator=(const fabric&) = delete;
  virtual ~fabric() = default;

  /// Books the way of a packet that is ready at `departure`; returns when its tail has arrived. Empty packets take no
  /// time. Of a reduction the call for its last member, whichever that is, returns when the sum has arrived; the others
  /// return when the tail has left the source.
  virtual femtoseconds transfer(const packet& p, femtoseconds departure) = 0;
  /// No packet is in flight: forget all bookings.
  virtual void drain() = 0;
  [[nodiscard]] virtual std::uint32_t nodes() const = 0;
  /// All reservations so far: how many found their channel taken, how many were made out of time order and how far.
  [[nodiscard]] virtual transaction::calendar_statistics bookings() const = 0;
};

} // namespace tilework::hardware
