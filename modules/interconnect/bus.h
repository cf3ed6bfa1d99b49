// SPDX-License-Identifier: Apache-2.0
/// \file One bus that all nodes share.
#pragma once

#include <tilework/modules/interconnect/fabric.h>
#include <tilework/modules/interconnect/topology.h>
#include <tilework/tlm/clock_domain.h>

#include <vector>

namespace tilework::hardware {

struct bus_configuration {
  std::uint32_t nodes = 4;
  std::uint32_t width_bits = 64;
  double clock_Hz = 1e9;
  std::uint32_t arbitration_cycles = 1;
  network_model model = network_model::calendar;

  /// One beat is an address.
  [[nodiscard]] std::uint64_t beats_of(std::uint64_t bytes) const {
    return 1 + (bytes * 8 + width_bits - 1) / width_bits;
  }
};

/// A transfer of F beats takes arbitration + F cycles on an idle bus and holds it for F cycles.
/// All nodes hear a multicast, so its packets after the first take and count nothing.
class bus final : public fabric {
public:
  bus(const bus_configuration& configuration, component_account& account)
      : configuration_(configuration), clock_(configuration.clock_Hz), account_(account) {}

  femtoseconds transfer(const packet& p, femtoseconds departure) override;
  void drain() override {
    calendar_.clear();
    heard_.clear();
  }
  [[nodiscard]] std::uint32_t nodes() const override { return configuration_.nodes; }
  [[nodiscard]] transaction::calendar_statistics bookings() const override { return calendar_.statistics(); }

private:
  bus_configuration configuration_;
  transaction::clock_domain clock_;
  struct broadcast {
    std::uint64_t multicast = 0;
    femtoseconds arrival;
  };
  transaction::resource_calendar calendar_;
  std::vector<broadcast> heard_; ///< since the last drain: few
  component_account& account_;
};

} // namespace tilework::hardware
