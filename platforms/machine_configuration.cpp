// SPDX-License-Identifier: Apache-2.0
#include <tilework/platforms/machine_configuration.h>

namespace tilework::platform {
namespace {

std::uint32_t nodes_of(const hardware::mesh_configuration& mesh) {
  return mesh.columns * mesh.rows;
}
std::uint32_t nodes_of(const hardware::bus_configuration& bus) {
  return bus.nodes;
}
std::uint32_t nodes_of(const hardware::ideal_network_configuration& network) {
  return network.nodes;
}

} // namespace

std::uint32_t machine_configuration::tiles() const {
  return std::visit([](const auto& network) { return nodes_of(network); }, interconnect);
}

bool machine_configuration::reduces() const {
  const auto* mesh = std::get_if<hardware::mesh_configuration>(&interconnect);
  return mesh != nullptr ? mesh->reduction
                         : std::holds_alternative<hardware::ideal_network_configuration>(interconnect);
}

} // namespace tilework::platform
