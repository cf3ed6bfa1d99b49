// SPDX-License-Identifier: Apache-2.0
/// \file One bus that all nodes share, transfer by transfer.
#pragma once

#include <tilework/modules/interconnect/bus.h>
#include <tilework/modules/interconnect/flit_network.h>

#include <vector>

namespace tilework::hardware {

/// A transfer of F beats may begin arbitration_cycles after its departure, when the bus is free; among nodes that are
/// ready then, it goes round robin. All nodes hear a multicast.
class arbitrated_bus final : public flit_network {
public:
  arbitrated_bus(const bus_configuration& configuration, component_account& account)
      : configuration_(configuration), clock_(configuration.clock_Hz), account_(account) {}

  [[nodiscard]] std::optional<cycle> next() const override;
  void step() override;
  void drain() override;
  [[nodiscard]] std::uint32_t nodes() const override { return configuration_.nodes; }

private:
  struct request {
    packet p;
    cycle ready = 0;
    std::uint64_t ticket = 0;
  };
  void launch(const packet& p, cycle departure, std::uint64_t ticket) override;

  bus_configuration configuration_;
  transaction::clock_domain clock_;
  component_account& account_;
  std::vector<request> waiting_; ///< in order of sending
  cycle free_at_ = 0;
  std::uint32_t next_node_ = 0; ///< whose turn it is
};

} // namespace tilework::hardware
