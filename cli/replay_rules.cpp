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

constexpr std::string_view free_to_change;

/// The rule with the longest path that a key lies under holds. The first one holds for all: what is not known to be
/// free is refused. Every key of a machine file has a rule of its own, which a test checks.
constexpr std::array rules{
    rule{"", "it decides values"},
    rule{"name", free_to_change},
    rule{"mapping", free_to_change},
    rule{"report", free_to_change},
    rule{"evaluate", "the record holds the evaluations that were made"},
    rule{"evaluate.target_accuracy", free_to_change}, // only looked up among them
    rule{"dataset", "other samples give other values"},
    rule{"seed", "other random numbers give other values"},
    rule{"network", "it decides values and which operations a step has"},
    rule{"training.algorithm", "it decides values and which operations a step has"},
    rule{"training.transfer", "it decides values and in which steps there are transfers"},
    rule{"training.programming", "it decides values and how often arrays are programmed"},
    rule{"training.update", "pulses and their management decide values"},
    rule{"training.device", "another device takes pulses in another way"},
    rule{"training.batch_size", "it decides the bursts of every step"},
    rule{"training.epochs", "the record holds no more epochs"},
    rule{"training.schedule", free_to_change}, // only what waits for what
    rule{"forward", "converters, noise and management decide values"},
    rule{"backward", "converters, noise and management decide values"},
    rule{"transfer_read", "converters and noise decide values"},

    rule{"machine.name", free_to_change},
    rule{"machine.chips", free_to_change},
    rule{"machine.technology", free_to_change},
    rule{"machine.published", free_to_change},
    rule{"machine.tile.array.inputs", free_to_change}, // as long as layers are cut as before
    rule{"machine.tile.array.outputs", free_to_change},
    rule{"machine.tile.cell.g_min", free_to_change}, // values are without unit: energy and currents only
    rule{"machine.tile.cell.g_max", free_to_change},
    rule{"machine.tile.cell.v_read", free_to_change},
    rule{"machine.tile.cell.v_write", free_to_change},
    rule{"machine.tile.cell.endurance", free_to_change},
    rule{"machine.tile.cell.wire.resistance", free_to_change},
    rule{"machine.tile.cell.wire.capacitance", free_to_change},
    rule{"machine.tile.dac.kind", free_to_change},
    rule{"machine.tile.dac.bits", "the steps of the inputs decide values"},
    rule{"machine.tile.dac.slot", free_to_change},
    rule{"machine.tile.dac.signed", free_to_change},
    rule{"machine.tile.dac.sides", free_to_change},
    rule{"machine.tile.adc.kind", free_to_change},
    rule{"machine.tile.adc.bits", "the steps of the outputs decide values"},
    rule{"machine.tile.adc.cycle", free_to_change},
    rule{"machine.tile.adc.conversion_time", free_to_change},
    rule{"machine.tile.adc.lines_per_adc", free_to_change},
    rule{"machine.tile.adc.sides", free_to_change},
    rule{"machine.tile.sample_and_hold", free_to_change},
    rule{"machine.tile.weight_phases", free_to_change},
    rule{"machine.tile.pulse.width", free_to_change},
    rule{"machine.tile.pulse.period", free_to_change},
    rule{"machine.tile.pulse.phases", free_to_change},
    rule{"machine.tile.pulse.charge", free_to_change},
    rule{"machine.tile.output_latency", free_to_change},
    rule{"machine.tile.program_row_time", free_to_change},
    rule{"machine.tile.faults", "broken lines decide values"},
    rule{"machine.tile.faults.dead", free_to_change},             // arrays are put elsewhere
    rule{"machine.tile.calibration.pulse_pairs", free_to_change}, // references are exact whatever it takes
    rule{"machine.tile.calibration.reads", free_to_change},
    rule{"machine.tile.input_depth", free_to_change},
    rule{"machine.matrix_unit.kind", free_to_change}, // all compute in single precision, in one order
    rule{"machine.matrix_unit.rows", free_to_change},
    rule{"machine.matrix_unit.columns", free_to_change},
    rule{"machine.matrix_unit.folds", free_to_change},
    rule{"machine.matrix_unit.lanes", free_to_change},
    rule{"machine.matrix_unit.latency", free_to_change},
    rule{"machine.matrix_unit.vectors_per_weight", free_to_change},
    rule{"machine.matrix_unit.clock", free_to_change},
    rule{"machine.matrix_unit.number_format", free_to_change},
    rule{"machine.matrix_unit.weight_memory.kind", free_to_change},
    rule{"machine.matrix_unit.weight_memory.capacity", free_to_change},
    rule{"machine.matrix_unit.weight_memory.word", free_to_change},
    rule{"machine.matrix_unit.weight_memory.width", free_to_change},
    rule{"machine.matrix_unit.weight_memory.bandwidth", free_to_change},
    rule{"machine.matrix_unit.weight_memory.latency", free_to_change},
    rule{"machine.matrix_unit.operand_buffer", free_to_change},
    rule{"machine.matrix_unit.input_depth", free_to_change},
    rule{"machine.digital.vector_unit.lanes", free_to_change},
    rule{"machine.digital.vector_unit.clock", free_to_change},
    rule{"machine.digital.vector_unit.ops_per_lane_cycle", free_to_change},
    rule{"machine.digital.vector_unit.latency", free_to_change},
    rule{"machine.digital.vector_unit.number_format", "results are rounded to it"},
    rule{"machine.digital.transfer_controller.lanes", free_to_change},
    rule{"machine.digital.transfer_controller.clock", free_to_change},
    rule{"machine.digital.transfer_controller.ops_per_lane_cycle", free_to_change},
    rule{"machine.digital.transfer_controller.latency", free_to_change},
    rule{"machine.digital.transfer_controller.buffer", free_to_change},
    rule{"machine.digital.transfer_controller.buffer_ports", free_to_change},
    rule{"machine.digital.transfer_controller.buffer_width", free_to_change},
    rule{"machine.digital.transfer_controller.buffer_latency", free_to_change},
    rule{"machine.digital.transfer_controller.buffer_word", free_to_change}, // unless state is rounded, see below
    rule{"machine.digital.transfer_controller.input_depth", free_to_change},
    rule{"machine.digital.buffer.capacity", free_to_change},
    rule{"machine.digital.buffer.ports", free_to_change},
    rule{"machine.digital.buffer.width", free_to_change},
    rule{"machine.digital.buffer.clock", free_to_change},
    rule{"machine.digital.buffer.latency", free_to_change},
    rule{"machine.interconnect.mesh.columns", free_to_change},
    rule{"machine.interconnect.mesh.rows", free_to_change},
    rule{"machine.interconnect.mesh.flit_width", free_to_change},
    rule{"machine.interconnect.mesh.clock", free_to_change},
    rule{"machine.interconnect.mesh.router_latency", free_to_change},
    rule{"machine.interconnect.mesh.link_latency", free_to_change},
    rule{"machine.interconnect.mesh.reduction", free_to_change}, // what is added follows from the algorithm
    rule{"machine.interconnect.mesh.reduction_latency", free_to_change},
    rule{"machine.interconnect.mesh.model", free_to_change},
    rule{"machine.interconnect.mesh.virtual_channels", free_to_change},
    rule{"machine.interconnect.mesh.buffer_depth", free_to_change},
    rule{"machine.interconnect.mesh.credit_latency", free_to_change},
    rule{"machine.interconnect.tree.nodes", free_to_change},
    rule{"machine.interconnect.tree.fan_out", free_to_change},
    rule{"machine.interconnect.tree.flit_width", free_to_change},
    rule{"machine.interconnect.tree.clock", free_to_change},
    rule{"machine.interconnect.tree.router_latency", free_to_change},
    rule{"machine.interconnect.tree.link_latency", free_to_change},
    rule{"machine.interconnect.tree.reduction", free_to_change},
    rule{"machine.interconnect.tree.reduction_latency", free_to_change},
    rule{"machine.interconnect.tree.model", free_to_change},
    rule{"machine.interconnect.tree.virtual_channels", free_to_change},
    rule{"machine.interconnect.tree.buffer_depth", free_to_change},
    rule{"machine.interconnect.tree.credit_latency", free_to_change},
    rule{"machine.interconnect.crossbar.nodes", free_to_change},
    rule{"machine.interconnect.crossbar.flit_width", free_to_change},
    rule{"machine.interconnect.crossbar.clock", free_to_change},
    rule{"machine.interconnect.crossbar.router_latency", free_to_change},
    rule{"machine.interconnect.crossbar.link_latency", free_to_change},
    rule{"machine.interconnect.crossbar.reduction", free_to_change},
    rule{"machine.interconnect.crossbar.reduction_latency", free_to_change},
    rule{"machine.interconnect.crossbar.model", free_to_change},
    rule{"machine.interconnect.crossbar.virtual_channels", free_to_change},
    rule{"machine.interconnect.crossbar.buffer_depth", free_to_change},
    rule{"machine.interconnect.crossbar.credit_latency", free_to_change},
    rule{"machine.interconnect.bus.nodes", free_to_change},
    rule{"machine.interconnect.bus.width", free_to_change},
    rule{"machine.interconnect.bus.clock", free_to_change},
    rule{"machine.interconnect.bus.arbitration", free_to_change},
    rule{"machine.interconnect.bus.model", free_to_change},
    rule{"machine.interconnect.chip_link.latency", free_to_change},
    rule{"machine.interconnect.chip_link.bandwidth", free_to_change},
    rule{"machine.interconnect.ideal.nodes", free_to_change},
    rule{"machine.memory.kind", free_to_change},
    rule{"machine.memory.bandwidth", free_to_change},
    rule{"machine.memory.latency", free_to_change},
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

/// Digital units compute other values than analog tiles.
void require_same_kind(const platform::machine_configuration& recorded, const platform::machine_configuration& wanted) {
  const auto kind_of = [](const platform::machine_configuration& machine) {
    return machine.matrix_unit ? "a digital matrix_unit" : "analog tiles";
  };
  if (recorded.matrix_unit.has_value() != wanted.matrix_unit.has_value())
    refuse({"machine", kind_of(recorded), kind_of(wanted)}, "they compute other values");
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

bool has_rule(std::string_view path) {
  return !rule_of(path).path.empty();
}

void require_same_values(const experiment& recorded, const experiment& wanted) {
  require_same_kind(recorded.machine, wanted.machine);
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
