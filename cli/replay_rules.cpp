// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/replay_rules.h>
#include <tilework/cli/simulation.h>
#include <tilework/config/parse_yaml.h>
#include <tilework/core/error.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace tilework::cli {
namespace {

using config::node;
using config::node_kind;

struct rule {
  std::string_view path;
  std::string_view why; ///< it cannot change; empty: it can
};

/// The rule with the longest path that a key lies under holds. The first one holds for all: what is not known to be
/// free is refused.
constexpr std::array rules{
    rule{"", "it decides values"},
    rule{"name", ""},
    rule{"machine", ""},
    rule{"mapping", ""},
    rule{"training.schedule", ""},  // only what waits for what
    rule{"machine.tile.array", ""}, // as long as layers are cut as before
    rule{"machine.tile.dac.bits", "the steps of the inputs decide values"},
    rule{"machine.tile.adc.bits", "the steps of the outputs decide values"},
    rule{"machine.tile.faults", "broken lines decide values"},
    rule{"machine.digital.vector_unit.number_format", "results are rounded to it"},
    rule{"dataset", "other samples give other values"},
    rule{"seed", "other random numbers give other values"},
    rule{"network", "it decides values and which operations a step has"},
    rule{"training.algorithm", "it decides values and which operations a step has"},
    rule{"training.transfer", "it decides in which steps there are transfers"},
    rule{"training.batch_size", "it decides the bursts of every step"},
    rule{"training.epochs", "the record holds no more epochs"},
    rule{"evaluate", "the record holds the evaluations that were made"},
};

const rule& rule_of(std::string_view path) {
  const auto* best = rules.begin();
  for (const auto& r : rules)
    if (r.path.size() >= best->path.size() && path.starts_with(r.path) &&
        (r.path.empty() || path.size() == r.path.size() || path[r.path.size()] == '.'))
      best = &r;
  return *best;
}

std::string text_of(const node* n) {
  if (n == nullptr || n->kind == node_kind::absent)
    return "nothing";
  if (n->kind == node_kind::scalar)
    return n->text;
  if (n->kind == node_kind::map)
    return "{...}";
  std::vector<std::string> items;
  for (const auto& item : n->items)
    items.push_back(text_of(&item));
  return fmt::format("[{}]", fmt::join(items, ", "));
}

/// Whether a node holds the same as another one; maps are compared entry by entry elsewhere.
bool same(const node* a, const node* b) {
  const auto kind = [](const node* n) { return n == nullptr ? node_kind::absent : n->kind; };
  if (kind(a) != kind(b) || a == nullptr || b == nullptr)
    return kind(a) == kind(b);
  return a->text == b->text && std::ranges::equal(a->items, b->items, [](const node& x, const node& y) {
           return config::to_yaml(x) == config::to_yaml(y);
         });
}

void compare(const std::string& path, const node* before, const node* now, std::vector<changed_key>& changes) {
  const auto is_map = [](const node* n) { return n != nullptr && n->kind == node_kind::map; };
  if (!is_map(before) && !is_map(now)) {
    if (!same(before, now))
      changes.push_back({path, text_of(before), text_of(now)});
    return;
  }
  // What one side has as a value and the other one as a map differs in the value and in all entries.
  if (is_map(before) != is_map(now) && !same(is_map(before) ? now : before, nullptr))
    changes.push_back({path, is_map(before) ? "nothing" : text_of(before), is_map(now) ? "nothing" : text_of(now)});
  std::vector<std::string_view> keys;
  for (const auto* side : {before, now})
    if (is_map(side))
      for (const auto& entry : side->entries)
        if (std::ranges::find(keys, entry.key) == keys.end())
          keys.push_back(entry.key);
  for (const auto key : keys)
    compare(path.empty() ? std::string(key) : fmt::format("{}.{}", path, key),
            is_map(before) ? before->find(key) : nullptr, is_map(now) ? now->find(key) : nullptr, changes);
}

[[noreturn]] void refuse(const changed_key& change, std::string_view why) {
  throw input_error(fmt::format("a replay cannot change {} (recorded {}, now {}): {}; use tilework run", change.path,
                                change.before, change.now, why));
}

/// Pieces of the layers, wherever they are.
void require_same_pieces(const experiment& recorded, const experiment& wanted) {
  const auto before = map_of(recorded);
  const auto now = map_of(wanted);
  const auto equal = [](const array_region& a, const array_region& b) {
    return a.id.key() == b.id.key() && a.inputs == b.inputs && a.outputs == b.outputs;
  };
  if (!std::ranges::equal(before.arrays, now.arrays, equal))
    refuse({"machine.tile.array", fmt::format("{} x {}", recorded.machine.tile.inputs, recorded.machine.tile.outputs),
            fmt::format("{} x {}", wanted.machine.tile.inputs, wanted.machine.tile.outputs)},
           fmt::format("layers were cut into {} arrays and would be cut into {} others", before.arrays.size(),
                       now.arrays.size()));
}

/// Whether the state of transfers is rounded; without a controller there is none.
bool rounds_state(const platform::machine_configuration& machine) {
  return machine.vector_unit.format != numerics::number_format::fp32 && machine.transfer_controller &&
         machine.transfer_controller->buffer_word_bits == 0;
}

} // namespace

std::vector<changed_key> changed_keys(const std::string& before, const std::string& now) {
  const auto a = config::parse_yaml(before, "recorded", {});
  const auto b = config::parse_yaml(now, "replayed", {});
  std::vector<changed_key> changes;
  compare({}, &a, &b, changes);
  return changes;
}

void require_same_values(const experiment& recorded, const experiment& wanted) {
  for (const auto& change : changed_keys(recorded.resolved_yaml, wanted.resolved_yaml)) {
    const auto& r = rule_of(change.path);
    const bool fewer_epochs = r.path == "training.epochs" && wanted.session.epochs < recorded.session.epochs;
    if (!r.why.empty() && !fewer_epochs)
      refuse(change, r.why);
  }
  if (rounds_state(recorded.machine) != rounds_state(wanted.machine) &&
      workload::stages_per_piece(wanted.session.algorithm) > 0)
    refuse({"machine.digital.transfer_controller.buffer_word",
            rounds_state(recorded.machine) ? "rounded state" : "exact state",
            rounds_state(wanted.machine) ? "rounded state" : "exact state"},
           "without it the state of transfers is rounded to the number format");
  require_same_pieces(recorded, wanted);
}

} // namespace tilework::cli
