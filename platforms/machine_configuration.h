// SPDX-License-Identifier: Apache-2.0
/// \file A machine as data: what a machine file says.
#pragma once

#include <tilework/modules/digital/matrix_unit_timing.h>
#include <tilework/modules/digital/memory_port.h>
#include <tilework/modules/digital/sram_buffer.h>
#include <tilework/modules/digital/transfer_controller.h>
#include <tilework/modules/digital/vector_unit.h>
#include <tilework/modules/interconnect/bus.h>
#include <tilework/modules/interconnect/ideal_network.h>
#include <tilework/modules/interconnect/topology.h>
#include <tilework/modules/tile/tile_configuration.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace tilework::platform {

using interconnect_configuration = std::variant<hardware::routed_network_configuration, hardware::bus_configuration,
                                                hardware::ideal_network_configuration>;

struct machine_configuration {
  std::string name = "unnamed";
  hardware::tile_configuration tile;                              ///< without matrix_unit
  std::optional<hardware::matrix_unit_configuration> matrix_unit; ///< a digital machine: in place of tiles
  hardware::vector_unit_configuration vector_unit;
  std::optional<hardware::transfer_controller_configuration> transfer_controller; ///< only transfers need one
  hardware::sram_configuration buffer;
  interconnect_configuration interconnect;
  hardware::memory_configuration memory;
  std::vector<std::uint32_t> dead_tiles; ///< known to be dead, ascending: they hold no array

  /// One tile, or one matrix unit, per network node.
  [[nodiscard]] std::uint32_t tiles() const;
  /// Whether the interconnect adds packets on their way: routers that have adders, or an ideal network.
  [[nodiscard]] bool reduces() const;
  /// Whether packets are simulated flit by flit.
  [[nodiscard]] hardware::network_model network_model() const;
  [[nodiscard]] std::uint32_t chips() const;
};

/// "mesh 4 x 2", "bus of 4", "ideal".
std::string name_of(const interconnect_configuration& interconnect);

} // namespace tilework::platform
