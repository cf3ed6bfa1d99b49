// SPDX-License-Identifier: Apache-2.0
/// \file One bus that all nodes share.
#pragma once

#include <tilework/modules/interconnect/fabric.h>
#include <tilework/tlm/clock_domain.h>
#include <tilework/tlm/resource_calendar.h>

#include <vector>

namespace tilework::hardware {

struct bus_configuration {
  std::uint32_t nodes = 4;
  std::uint32_t width_bits = 64;
  double clock_Hz = 1e9;
  std::uint32_t arbitration_cycles = 1;
};

/// A transfer of F beats takes arbitration + F cycles on an idle bus and holds it for F cycles; one beat is an address.
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
  void visit_calendars(const transaction::calendar_visitor& visitor) override {
    visitor("bus", resource_kind::network, calendar_);
  }
  [[nodiscard]] std::uint32_t nodes() const override { return configuration_.nodes; }
  [[nodiscard]] std::uint64_t delayed_requests() const override { return calendar_.statistics().delayed; }
  [[nodiscard]] std::uint64_t out_of_order_requests() const override { return calendar_.statistics().out_of_order; }

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
