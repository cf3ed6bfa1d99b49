// SPDX-License-Identifier: Apache-2.0
/// \file What a packet counts on its way, whichever model finds out when it is where.
#pragma once

#include <tilework/core/action_counts.h>
#include <tilework/modules/interconnect/topology.h>
#include <tilework/tlm/clock_domain.h>

namespace tilework::hardware {

class traffic_counter {
public:
  /// \param chip_links null: links between chips are not counted
  traffic_counter(const routed_network_configuration& configuration, component_account& network,
                  component_account* chip_links)
      : flit_width_bits_(configuration.flit_width_bits),
        clock_(configuration.clock_Hz),
        network_(network),
        chip_links_(chip_links) {}

  /// A packet passes a link or an ejection port, and the router before it.
  void pass(const channel& next, phase booked_under, std::uint64_t flits) {
    network_.counts.add(booked_under, action::router_arbitration, 1);
    if (next.what != channel::kind::ejection)
      network_.counts.add(booked_under, action::flit_hop, flits);
    auto* in_use = next.what == channel::kind::chip_link ? chip_links_ : &network_;
    if (in_use == nullptr)
      return;
    in_use->busy[static_cast<std::size_t>(booked_under)] +=
        clock_.cycles(static_cast<std::int64_t>(flits * next.cycles_per_flit));
    if (next.what == channel::kind::chip_link)
      in_use->counts.add(booked_under, action::chip_link_bit, flits * flit_width_bits_);
  }
  /// Elements are added in a router.
  void add(phase booked_under, std::uint64_t elements) {
    network_.counts.add(booked_under, action::router_add, elements);
  }

private:
  std::uint32_t flit_width_bits_;
  transaction::clock_domain clock_;
  component_account& network_;
  component_account* chip_links_;
};

} // namespace tilework::hardware
