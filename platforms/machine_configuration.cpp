// SPDX-License-Identifier: Apache-2.0
#include <tilework/platforms/machine_configuration.h>

namespace tilework::platform {
namespace {

using hardware::routed_network_configuration;

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
  const auto* routed = std::get_if<routed_network_configuration>(&interconnect);
  return routed != nullptr ? routed->reduction
                           : std::holds_alternative<hardware::ideal_network_configuration>(interconnect);
}

hardware::network_model machine_configuration::network_model() const {
  if (const auto* routed = std::get_if<routed_network_configuration>(&interconnect))
    return routed->model;
  const auto* bus = std::get_if<hardware::bus_configuration>(&interconnect);
  return bus != nullptr ? bus->model : hardware::network_model::calendar;
}

std::uint32_t machine_configuration::chips() const {
  const auto* routed = std::get_if<routed_network_configuration>(&interconnect);
  return routed != nullptr ? routed->chips : 1;
}

namespace {

std::string text_of(const routed_network_configuration& network) {
  return name_of(network);
}
std::string text_of(const hardware::bus_configuration& bus) {
  return "bus of " + std::to_string(bus.nodes);
}
std::string text_of(const hardware::ideal_network_configuration& /*network*/) {
  return "ideal";
}

} // namespace

std::string name_of(const interconnect_configuration& interconnect) {
  return std::visit([](const auto& network) { return text_of(network); }, interconnect);
}

} // namespace tilework::platform
