// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/control/step_plan.h>
#include <tilework/platforms/placer.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <utility>

namespace tilework::platform {
namespace {

constexpr std::uint32_t hub_node = 0;
constexpr std::uint32_t no_one = no_array; ///< on a spare tile
constexpr double real_gain = 1 - 1e-12;    ///< not one of rounding

/// Links of the way from one node to another.
std::vector<std::uint32_t> way(const hardware::topology& network, std::uint32_t source, std::uint32_t destination) {
  std::vector<std::uint32_t> links;
  for (auto router = network.router_of[source];;) {
    const auto exit = network.exit_towards(router, destination);
    if (network.is_ejection(exit))
      return links;
    links.push_back(exit);
    router = network.channels[exit].to;
  }
}

/// Ways between the hub and every tile.
class hub_ways {
public:
  explicit hub_ways(const machine_configuration& machine) {
    const auto* routed = std::get_if<hardware::routed_network_configuration>(&machine.interconnect);
    if (routed == nullptr) { // one channel for all, or none
      const auto* bus = std::get_if<hardware::bus_configuration>(&machine.interconnect);
      channels_ = bus == nullptr ? 0 : 1;
      for (auto& ways : ways_)
        ways.assign(machine.tiles(), std::vector<std::uint32_t>(channels_, 0));
      return;
    }
    const auto network = hardware::topology_of(*routed);
    channels_ = network.channels.size();
    for (std::uint32_t tile = 0; tile < network.nodes; ++tile) {
      ways_[0].push_back(way(network, hub_node, tile));
      ways_[1].push_back(way(network, tile, hub_node));
    }
  }
  [[nodiscard]] const std::vector<std::uint32_t>& of(std::uint32_t tile, bool to_hub) const {
    return ways_[to_hub ? 1 : 0][tile];
  }
  [[nodiscard]] std::size_t there_and_back(std::uint32_t tile) const {
    return of(tile, false).size() + of(tile, true).size();
  }
  [[nodiscard]] std::size_t channels() const { return channels_; }

private:
  std::array<std::vector<std::vector<std::uint32_t>>, 2> ways_; ///< from and to the hub, by tile
  std::size_t channels_ = 0;
};

/// A placement that knows what it costs.
class costed_placement {
public:
  costed_placement(const machine_configuration& machine, std::span<const array_flow> flows,
                   std::vector<std::uint32_t> tiles)
      : ways_(machine),
        flows_(flows),
        tiles_(std::move(tiles)),
        flows_of_(tiles_.size()),
        passed_(ways_.channels(), 0),
        counted_(flows.size(), 0) {
    for (std::uint32_t f = 0; f < flows.size(); ++f)
      for (const auto array : flows[f].arrays)
        flows_of_[array].push_back(f);
  }
  [[nodiscard]] const hub_ways& ways() const { return ways_; }
  [[nodiscard]] const std::vector<std::uint32_t>& tiles() const { return tiles_; }
  void move(std::uint32_t array, std::uint32_t tile) { tiles_[array] = tile; }
  [[nodiscard]] double total() {
    double sum = 0;
    for (const auto& flow : flows_)
      sum += cost_of(flow);
    return sum;
  }
  /// Of all flows that one of two arrays has a part in. \param b may be no_one
  [[nodiscard]] double of_both(std::uint32_t a, std::uint32_t b) {
    ++counting_;
    double sum = 0;
    for (const auto array : {a, b})
      if (array != no_one)
        for (const auto f : flows_of_[array])
          if (std::exchange(counted_[f], counting_) != counting_)
            sum += cost_of(flows_[f]);
    return sum;
  }
  [[nodiscard]] double bytes_of(std::uint32_t array) const {
    double sum = 0;
    for (const auto f : flows_of_[array])
      sum += flows_[f].bytes;
    return sum;
  }

private:
  [[nodiscard]] double cost_of(const array_flow& flow) {
    if (flow.arrays.size() == 1)
      return flow.bytes * static_cast<double>(ways_.of(tiles_[flow.arrays.front()], flow.to_hub).size());
    ++passing_;
    std::size_t hops = 0;
    for (const auto array : flow.arrays)
      for (const auto channel : ways_.of(tiles_[array], flow.to_hub))
        if (std::exchange(passed_[channel], passing_) != passing_)
          ++hops;
    return flow.bytes * static_cast<double>(hops);
  }

  hub_ways ways_;
  std::span<const array_flow> flows_;
  std::vector<std::uint32_t> tiles_;                 ///< of each array
  std::vector<std::vector<std::uint32_t>> flows_of_; ///< each array
  std::vector<std::uint64_t> passed_;                ///< channels: passing_ of the flow that passed last
  std::vector<std::uint64_t> counted_;               ///< flows: counting_ of the last sum
  std::uint64_t passing_ = 0;
  std::uint64_t counting_ = 0;
};

/// Tiles that arrays may be on, nearest first, and the array on each.
struct seats {
  std::vector<std::uint32_t> tiles;
  std::vector<std::uint32_t> arrays; ///< no_one: spare
};

/// Most bytes to the nearest tile: the best placement where no packets are shared.
seats seat_by_bytes(costed_placement& placement, std::vector<std::uint32_t> arrays, std::vector<std::uint32_t> tiles) {
  std::ranges::stable_sort(arrays, [&](auto a, auto b) { return placement.bytes_of(a) > placement.bytes_of(b); });
  std::ranges::stable_sort(
      tiles, [&](auto a, auto b) { return placement.ways().there_and_back(a) < placement.ways().there_and_back(b); });
  for (std::size_t k = 0; k < arrays.size(); ++k)
    placement.move(arrays[k], tiles[k]);
  arrays.resize(tiles.size(), no_one);
  return {std::move(tiles), std::move(arrays)};
}

void exchange(costed_placement& placement, seats& s, std::size_t a, std::size_t b) {
  std::swap(s.arrays[a], s.arrays[b]);
  for (const auto seat : {a, b})
    if (s.arrays[seat] != no_one)
      placement.move(s.arrays[seat], s.tiles[seat]);
}

/// Every exchange that is a gain, once through all pairs. Returns whether there was one.
bool improve(costed_placement& placement, seats& s) {
  bool improved = false;
  for (std::size_t a = 0; a < s.tiles.size(); ++a)
    for (std::size_t b = a + 1; b < s.tiles.size(); ++b) {
      const auto one = s.arrays[a];
      const auto other = s.arrays[b];
      if (one == other)
        continue; // both spare
      const auto before = placement.of_both(one, other);
      exchange(placement, s, a, b);
      if (placement.of_both(one, other) < before * real_gain)
        improved = true;
      else
        exchange(placement, s, a, b);
    }
  return improved;
}

/// Adds bytes to the flow of these arrays and this direction.
using flow_sums = std::map<std::pair<bool, std::vector<std::uint32_t>>, double>;

void add_packets(flow_sums& sums, hardware::step_plan& plan, std::size_t index, double repeats) {
  auto& planned = plan[index];
  auto& request = planned.request.request();
  const auto count = [&](bool to_hub, std::uint32_t group, double bytes) {
    if (bytes == 0 || (group != hardware::no_group && group != index))
      return; // nothing, or the first of its group stands for it
    std::vector<std::uint32_t> arrays{request.op->array};
    if (group != hardware::no_group)
      arrays.assign(request.group.begin(), request.group.end());
    std::ranges::sort(arrays);
    sums[{to_hub, std::move(arrays)}] += bytes * repeats;
  };
  count(false, planned.multicast, planned.request.payload().get_data_length());
  count(true, planned.reduction, request.response_bytes);
}

} // namespace

std::vector<array_flow> flows_of(const step_program& program, operand_arena& arena, numerics::number_format format,
                                 std::size_t arrays, std::span<const double> repeats) {
  std::vector<std::uint32_t> own_nodes(arrays); // so that groups of nodes are groups of arrays
  std::iota(own_nodes.begin(), own_nodes.end(), 0U);
  const step_context context;
  transaction::payload_pool payloads;
  hardware::step_plan plan(
      program, {arena, payloads, context, format, 0, hub_node, own_nodes, [](const operation&) { return nullptr; }});
  flow_sums sums;
  for (std::size_t k = 0; k < plan.size(); ++k) {
    const auto& op = program.operations()[k];
    if (op.array != no_array)
      add_packets(sums, plan, k, op.stage == no_stage ? 1 : repeats[op.stage]);
  }
  std::vector<array_flow> flows;
  for (const auto& [way, bytes] : sums)
    flows.push_back({way.second, way.first, bytes});
  return flows;
}

double byte_hops(const machine_configuration& machine, std::span<const array_flow> flows,
                 std::span<const std::uint32_t> tiles) {
  return costed_placement(machine, flows, {tiles.begin(), tiles.end()}).total();
}

std::vector<std::uint32_t> place_near_hub(const machine_configuration& machine, std::span<const array_flow> flows,
                                          std::vector<std::uint32_t> tiles, const std::vector<bool>& is_fixed,
                                          std::vector<std::uint32_t> free) {
  std::vector<std::uint32_t> movable;
  for (std::uint32_t a = 0; a < tiles.size(); ++a)
    if (!is_fixed[a]) {
      movable.push_back(a);
      free.push_back(tiles[a]);
    }
  std::ranges::sort(free);
  costed_placement placement(machine, flows, tiles);
  const auto before = placement.total();
  auto taken = seat_by_bytes(placement, std::move(movable), std::move(free));
  while (improve(placement, taken))
    ;
  return placement.total() < before * real_gain ? placement.tiles() : tiles;
}

} // namespace tilework::platform
