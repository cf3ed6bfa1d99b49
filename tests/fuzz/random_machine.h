// SPDX-License-Identifier: Apache-2.0
/// \file Small machines that one number decides.
#pragma once

#include <tilework/physics/crossbar/analog_array.h>
#include <tilework/platforms/machine_configuration.h>

#include <array>
#include <cstdint>
#include <random>

namespace tilework::test {

/// Choices that follow one another; the same from every seed on every computer.
class draws {
public:
  explicit draws(std::uint64_t seed) : random_(seed) {}
  template <typename First, typename... Others>
  First one_of(First first, Others... others) {
    const std::array<First, 1 + sizeof...(Others)> all{first, others...};
    return all.at(below(static_cast<std::uint32_t>(all.size())));
  }
  /// 0 ... n - 1
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }
  bool chance() { return below(2) == 0; }

private:
  std::mt19937_64 random_;
};

/// Converters, phases and pulses of a tile of 2 to 9 lines a side.
hardware::tile_configuration random_tile(draws& d);
/// What goes with it: converters' resolutions, and how a vector is applied.
physics::array_parameters random_parameters(draws& d, const hardware::tile_configuration& tile);
/// Any network of at least `nodes` nodes, of calendars.
platform::interconnect_configuration random_network(draws& d, std::uint32_t nodes);
platform::machine_configuration random_machine(draws& d, const hardware::tile_configuration& tile, std::uint32_t nodes);
/// Whether there is a model of routers, or of an arbiter; if so, the machine has it afterwards.
bool use_routers(platform::machine_configuration& machine);

} // namespace tilework::test
