// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/mapping_file.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tilework::cli {
namespace {

using config::reader;
using workload::any_tile;

/// Lines of an array in the memory of a digital unit, which holds whole layers: more than any layer has.
constexpr std::uint32_t any_lines = 1U << 30U;

/// Arrays of a layer that an entry means; what it does not say is any.
struct array_choice {
  std::uint32_t layer = 0;
  std::optional<std::uint32_t> role;
  std::optional<std::uint32_t> replica;
  std::vector<std::uint32_t> split; ///< input piece, output piece; empty: any

  [[nodiscard]] bool has(const logical_array& id) const {
    return id.layer == layer && id.role == role.value_or(id.role) && id.copy == replica.value_or(id.copy) &&
           (split.empty() || (id.input_split == split[0] && id.output_split == split[1]));
  }
};

/// A placement while it is being read.
class placing {
public:
  explicit placing(const experiment& e)
      : supply_(supply_of(e.machine)),
        copies_(e.session.algorithm.copies()),
        map_(workload::map_network(e.session.network, supply_, {}, copies_)),
        tiles_(map_.arrays.size(), any_tile),
        placed_by_(map_.arrays.size()) {}

  void add(reader& entry);
  [[nodiscard]] const std::vector<std::uint32_t>& tiles() const { return tiles_; }

private:
  [[nodiscard]] array_choice read_choice(reader& entry) const;
  [[nodiscard]] std::uint32_t read_role(reader& entry) const;
  void read_split(reader& entry, array_choice& choice) const;
  [[nodiscard]] std::vector<std::uint32_t> read_tiles(reader& entry, std::string_view key) const;
  void take(const reader& entry, std::string_view key, std::uint32_t tile);

  workload::tile_supply supply_;
  std::vector<std::uint32_t> copies_; ///< by role
  workload::network_map map_;
  std::vector<std::uint32_t> tiles_;           ///< of each array
  std::vector<std::string> placed_by_;         ///< each array: where
  std::map<std::uint32_t, std::string> taken_; ///< tiles: where
};

/// fast, slow or a number.
std::uint32_t placing::read_role(reader& entry) const {
  constexpr std::string_view key = "role";
  const auto roles = static_cast<std::uint32_t>(copies_.size());
  const auto name = entry.require<std::string>(key);
  if (roles > 1 && (name == "fast" || name == "slow"))
    return name == "fast" ? 0 : roles - 1;
  std::uint32_t role = roles;
  const auto* const end = name.data() + name.size();
  if (const auto read = std::from_chars(name.data(), end, role); read.ec == std::errc{} && read.ptr == end)
    if (role < roles)
      return role;
  throw entry.error(key, roles == 1 ? "the algorithm has one array per weight; leave role out"
                                    : fmt::format("expected fast, slow or a number from 0 to {}, fastest first, got "
                                                  "'{}'",
                                                  roles - 1, name));
}

void placing::read_split(reader& entry, array_choice& choice) const {
  constexpr std::string_view key = "split";
  if (!entry.has(key))
    return;
  const auto& layer = map_.layers[choice.layer];
  choice.split = entry.get_list(key, choice.split);
  if (choice.split.size() != 2 || choice.split[0] >= layer.input_splits || choice.split[1] >= layer.output_splits)
    throw entry.error(key, fmt::format("layer {} has {} input and {} output pieces; expected [input piece, output "
                                       "piece], counted from 0",
                                       choice.layer, layer.input_splits, layer.output_splits));
}

array_choice placing::read_choice(reader& entry) const {
  array_choice choice;
  choice.layer =
      entry.require<std::uint32_t>("layer", {.minimum = 0, .maximum = static_cast<double>(map_.layers.size()) - 1});
  if (entry.has("role"))
    choice.role = read_role(entry);
  const auto copies = choice.role ? copies_[*choice.role] : *std::ranges::max_element(copies_);
  choice.replica = entry.find<std::uint32_t>("replica", {.minimum = 0, .maximum = copies - 1.0});
  read_split(entry, choice);
  return choice;
}

std::vector<std::uint32_t> placing::read_tiles(reader& entry, std::string_view key) const {
  const field limits{.minimum = 0, .maximum = supply_.tiles - 1.0};
  if (key == "tile")
    return {entry.require<std::uint32_t>(key, limits)};
  if (!entry.has(key))
    throw entry.error({}, "expected tile or tiles: where these arrays are");
  return entry.get_list(key, std::vector<std::uint32_t>{}, limits);
}

void placing::take(const reader& entry, std::string_view key, std::uint32_t tile) {
  if (supply_.is_dead(tile))
    throw entry.error(key, fmt::format("tile {} is dead", tile));
  const auto [holder, is_free] = taken_.emplace(tile, entry.where(key));
  if (!is_free && !supply_.shared)
    throw entry.error(key, fmt::format("tile {} is taken at {}; a tile holds one array", tile, holder->second));
}

void placing::add(reader& entry) {
  const auto choice = read_choice(entry);
  entry.exclusive("tile", "tiles");
  const std::string_view key = entry.has("tile") ? "tile" : "tiles";
  const auto tiles = read_tiles(entry, key);
  std::vector<std::size_t> arrays;
  for (std::size_t a = 0; a < map_.arrays.size(); ++a)
    if (choice.has(map_.arrays[a].id))
      arrays.push_back(a);
  if (arrays.size() != tiles.size())
    throw entry.error(key, fmt::format("names {} tiles for {} arrays; list one tile per array, or say which arrays by "
                                       "role, replica and split",
                                       tiles.size(), arrays.size()));
  for (std::size_t k = 0; k < arrays.size(); ++k) {
    auto& placed_by = placed_by_[arrays[k]];
    if (!placed_by.empty())
      throw entry.error({}, fmt::format("places an array again that has its tile from {}", placed_by));
    placed_by = entry.where();
    take(entry, key, tiles[k]);
    tiles_[arrays[k]] = tiles[k];
  }
}

/// Of a network that does not fit, the message is the network's.
placing begin_placing(const experiment& e, const std::string& network) {
  try {
    return placing(e);
  } catch (const input_error& error) {
    throw input_error(fmt::format("{}: {}", network, error.what()));
  }
}

} // namespace

workload::tile_supply supply_of(const platform::machine_configuration& machine) {
  if (machine.matrix_unit)
    return {machine.tiles(), any_lines, any_lines, true};
  return {machine.tiles(), machine.tile.inputs, machine.tile.outputs, false, machine.dead_tiles};
}

void read_mapping(reader r, const std::string& network, experiment& e) {
  if (!r.has("place") && !r.has("placer")) {
    e.placement = r.get_list("tiles", e.placement);
    return;
  }
  r.exclusive("tiles", "place");
  r.exclusive("tiles", "placer");
  e.placer = r.get("placer", e.placer);
  if (e.placer != workload::placer_kind::in_order && e.machine.matrix_unit)
    throw r.error("placer", "a matrix unit holds any number of layers; use place, or in_order");
  if (!r.has("place"))
    return;
  auto placement = begin_placing(e, network);
  for (auto& entry : r.children("place"))
    placement.add(entry);
  e.placement = placement.tiles();
}

} // namespace tilework::cli
