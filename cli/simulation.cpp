// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/mapping_file.h>
#include <tilework/cli/run_figures.h>
#include <tilework/cli/saved_evaluations.h>
#include <tilework/cli/simulation.h>
#include <tilework/core/byte_stream.h>
#include <tilework/core/checksum.h>
#include <tilework/core/error.h>
#include <tilework/modules/digital/sram_buffer.h>
#include <tilework/modules/digital/transfer_controller.h>
#include <tilework/physics/devices/pow_step.h>
#include <tilework/physics/devices/soft_bounds_reference.h>
#include <tilework/physics/periphery/read_plan.h>
#include <tilework/platforms/placer.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tilework::cli {
namespace {

/// A static input range needs no maximum of every vector.
workload::management management_of(const experiment& e) {
  const auto& parameters = e.arrays;
  const auto noise = [](const physics::io_parameters& io) {
    return !io.is_perfect && io.noise_management != physics::noise_management::none;
  };
  const auto manages = [](const physics::update_parameters& update) {
    return !update.is_exact() && (update.update_management || update.update_bl_management);
  };
  const bool is_written = e.session.algorithm.family == workload::algorithm_family::transfer;
  const bool has_pulses = !physics::updates_exactly(parameters);
  return {noise(parameters.forward) && !e.session.input_range.enable, noise(parameters.backward),
          has_pulses && manages(parameters.update),
          has_pulses && manages(is_written ? e.algorithm.transfer_update : parameters.update)};
}

/// Runs a check whose messages know no place.
template <typename Check>
auto located(const std::string& place, Check check) {
  try {
    return check();
  } catch (const input_error& error) {
    throw input_error(fmt::format("{}: {}", place, error.what()));
  }
}

/// Products of the forward direction where a line is read at full scale: nothing is managed.
physics::io_parameters read_alone(physics::io_parameters io) {
  io.noise_management = physics::noise_management::none;
  io.bound_management = physics::bound_management::none;
  return io;
}

/// Parameters of the arrays of every role. Pulses of the fast array are generated with the mean granularity of all.
std::vector<physics::array_parameters> parameters_by_role(const experiment& e) {
  std::vector<physics::array_parameters> roles(e.session.algorithm.roles, e.arrays);
  const auto family = e.session.algorithm.family;
  for (std::size_t role = 0; role < roles.size(); ++role) {
    roles[role].device = e.algorithm.devices[role];
    if (family == workload::algorithm_family::transfer) {
      roles[role].line_read = e.algorithm.transfer_read;
      roles[role].line_write = e.algorithm.transfer_update;
    } else {
      roles[role].line_read = read_alone(e.arrays.forward);
    }
    if (family == workload::algorithm_family::mixed_precision) { // as updates, always managed
      roles[role].line_write = e.arrays.update;
      roles[role].line_write.update_management = roles[role].line_write.update_bl_management = true;
    }
  }
  if (family == workload::algorithm_family::transfer)
    roles[e.session.algorithm.initial_role()].update = e.algorithm.transfer_update; // of programming, nothing else
  if (family == workload::algorithm_family::transfer)
    roles.front().update_granularity = workload::update_granularity_of(e.session.algorithm);
  return roles;
}

/// Whether a device's reference is set from a measurement of its symmetry point.
bool calibrates(const physics::device_spec& device) {
  const auto* soft_bounds = device.get_if<physics::soft_bounds_reference>();
  const auto* power = device.get_if<physics::pow_step_reference>();
  return (soft_bounds != nullptr && soft_bounds->subtract_symmetry_point) ||
         (power != nullptr && power->subtract_symmetry_point);
}

std::vector<workload::role_traits> traits_of(const std::vector<physics::array_parameters>& roles) {
  std::vector<workload::role_traits> traits;
  for (const auto& parameters : roles)
    traits.push_back({physics::devices_rest(parameters), calibrates(parameters.device)});
  return traits;
}

std::vector<numerics::transfer_stage> stages_of(const std::vector<workload::stage_plan>& plans) {
  std::vector<numerics::transfer_stage> stages;
  for (const auto& plan : plans)
    stages.push_back(plan.stage);
  return stages;
}

/// Lists per line must be long enough for every mapped array.
void require_lines(const experiment& e, const workload::network_map& map) {
  for (const auto& region : map.arrays) {
    located(e.places.forward, [&] { e.arrays.forward.require_lines(region.outputs); });
    located(e.places.backward, [&] { e.arrays.backward.require_lines(region.inputs); });
  }
}

void require_controller(const experiment& e, const operand_arena& arena) {
  const auto& algorithm = e.session.algorithm;
  if (workload::stages_per_piece(algorithm) == 0)
    return;
  if (!e.machine.transfer_controller)
    throw input_error(fmt::format("{} needs a transfer controller and this machine has none: add "
                                  "digital.transfer_controller, such as {{lanes: 32, clock: 1 GHz, buffer: 8 MiB}}",
                                  algorithm.name));
  hardware::require_capacity(*e.machine.transfer_controller, e.machine.vector_unit.format, arena);
}

} // namespace

std::uint32_t largest_burst(const experiment& e) {
  return std::max(e.session.batch_size, e.session.evaluation_burst);
}

workload::network_map map_of(const experiment& e) {
  return located(e.placement.empty() ? e.places.network : e.places.mapping, [&] {
    return workload::map_network(e.session.network, supply_of(e.machine), e.placement, e.session.algorithm.copies());
  });
}

planned_run::planned_run(const experiment& e, const workload::dataset& data)
    : map(map_of(e)),
      roles(parameters_by_role(e)),
      session(e.session, data, map, management_of(e), traits_of(roles), arena),
      stages(stages_of(session.stages())),
      prices(price(e)) {
  require_lines(e, map);
  located(e.places.controller, [&] { require_controller(e, arena); });
  if (e.machine.matrix_unit)
    located(e.places.matrix_unit,
            [&] { hardware::require_capacity(*e.machine.matrix_unit, map.arrays, largest_burst(e)); });
  located(e.places.buffer, [&] { hardware::require_capacity(e.machine.buffer, e.machine.vector_unit.format, arena); });
}

price_list planned_run::price(const experiment& e) {
  ledger books;
  platform::open_accounts(books, e.machine);
  return {e.prices, platform::quantities_of(e.machine), kinds_of(books)};
}

namespace {

/// A digital unit converts nothing.
line_conversions conversions_of(const experiment& e) {
  if (e.machine.matrix_unit)
    return {0, 0};
  const auto& parameters = e.arrays;
  return {physics::plan_of(parameters.forward).conversions(), physics::plan_of(parameters.backward).conversions()};
}

} // namespace

const experiment& require_timing(const experiment& e, hardware::timing_mode timing) {
  if (timing == hardware::timing_mode::loosely && e.machine.network_model() == hardware::network_model::router)
    throw input_error(fmt::format("{}: a network of model: router is simulated flit by flit, which loosely timed "
                                  "requests cannot be; run with --timing at, or use model: calendar",
                                  e.places.network_model));
  return e;
}

namespace {

std::vector<std::uint32_t> tiles_of(const workload::network_map& map) {
  std::vector<std::uint32_t> tiles;
  for (const auto& region : map.arrays)
    tiles.push_back(region.tile);
  return tiles;
}

/// Working tiles without an array.
std::vector<std::uint32_t> spare_tiles(const platform::machine_configuration& machine,
                                       const std::vector<std::uint32_t>& taken) {
  std::vector<bool> is_spare(machine.tiles(), true);
  for (const auto* held : {&taken, &machine.dead_tiles})
    for (const auto tile : *held)
      is_spare[tile] = false;
  std::vector<std::uint32_t> spare;
  for (std::uint32_t t = 0; t < is_spare.size(); ++t)
    if (is_spare[t])
      spare.push_back(t);
  return spare;
}

/// Moves arrays that may be on any tile close to the hub.
void place_near_hub(const experiment& e, planned_run& plan, placement_figures& figures) {
  const auto step = plan.session.mean_training_step();
  const auto flows =
      platform::flows_of(step.program, plan.arena, e.machine.vector_unit.format, plan.map.arrays.size(), step.events);
  std::vector<bool> is_fixed(figures.tiles.size(), false);
  for (std::size_t a = 0; a < e.placement.size(); ++a)
    is_fixed[a] = e.placement[a] != workload::any_tile;
  figures.byte_hops_in_order = platform::byte_hops(e.machine, flows, figures.tiles);
  figures.tiles =
      platform::place_near_hub(e.machine, flows, figures.tiles, is_fixed, spare_tiles(e.machine, figures.tiles));
  figures.byte_hops = platform::byte_hops(e.machine, flows, figures.tiles);
  for (std::size_t a = 0; a < figures.tiles.size(); ++a)
    plan.map.arrays[a].tile = figures.tiles[a];
}

} // namespace

placement_figures prepared(const experiment& e, planned_run& plan) {
  plan.arena.allocate();
  plan.session.initialise();
  placement_figures figures{.placer = std::string(names_of(e.placer)[static_cast<std::size_t>(e.placer)].first),
                            .tiles = tiles_of(plan.map)};
  if (e.placer == workload::placer_kind::nearest)
    place_near_hub(e, plan, figures);
  return figures;
}

simulation::simulation(const experiment& e, const workload::dataset& data, const simulation_options& options)
    : experiment_(require_timing(e, options.timing)),
      plan_(e, data),
      placement_(prepared(e, plan_)),
      options_(options),
      pool_(options.threads),
      machine_(e.machine, platform::elaboration{.arrays = plan_.map.arrays,
                                                .parameters = plan_.roles,
                                                .seed = e.seed,
                                                .max_burst = largest_burst(e),
                                                .timing = options.timing,
                                                .source = plan_.session,
                                                .samples = plan_.session,
                                                .arena = plan_.arena,
                                                .pool = pool_,
                                                .stages = plan_.stages,
                                                .values_follow_time = e.values_depend_on_time()}),
      health_(plan_.map.arrays, conversions_of(e)),
      loads_(machine_, plan_.prices, e.power_window, pulsed_cell_of(e.machine)),
      timing_(machine_),
      staleness_(plan_.map.layers.size()),
      data_(data) {
  machine_.control().add_listener(health_);
  machine_.control().add_listener(loads_);
  machine_.control().add_listener(timing_);
  if (e.is_asynchronous())
    machine_.control().add_listener(staleness_);
  fabricate_weights();
}

void simulation::fabricate_weights() {
  std::vector<float> weights;
  for (std::uint32_t a = 0; a < plan_.map.arrays.size(); ++a) {
    if (!plan_.session.starts_fabricated(a))
      continue;
    const auto& region = plan_.map.arrays[a];
    weights.resize(std::size_t{region.inputs} * region.outputs);
    plan_.session.load_fabricated_weights(a, {weights.data(), region.outputs, region.inputs, region.inputs});
    machine_.tile_of(a).values().set_weights(weights);
  }
}

void simulation::run(run_observer& observer) {
  observer_ = &observer;
  plan_.session.set_listener(this);
  machine_.run();
}

void simulation::evaluated(const workload::evaluation_result& result) {
  evaluations_.push_back({result.epoch, result.train_loss, result.test_loss, result.test_accuracy,
                          training_time().seconds(), costs().training_energy_J});
  auto& row = evaluations_.back();
  row.layers = take_health();
  if (experiment_.digital_evaluation)
    row.digital_accuracy = workload::accuracy_of(experiment_.session.network, digital_layers(), data_.test);
  if (average_.count() > 0)
    row.averaged_accuracy = workload::accuracy_of(experiment_.session.network, average_.mean(), data_.test);
  observer_->evaluated(evaluations_.back());
}

std::vector<layer_health> simulation::take_health() {
  auto layers = health_.take(machine_);
  for (std::size_t l = 0; l < layers.size(); ++l)
    layers[l].gradient_cosine = gradient_.cosine(l);
  gradient_.clear();
  if (experiment_.gradient_cosine)
    gradient_.begin(digital_layers());
  return layers;
}

void simulation::step_done(const workload::training_position& position) {
  if (gradient_.has_begun())
    gradient_.finish(digital_layers(), plan_.session);
  else if (experiment_.gradient_cosine && position.step == 1)
    gradient_.begin(digital_layers());
  observer_->step_done(position);
}

void simulation::copies_programmed(std::span<const std::uint32_t> copies) {
  observer_->copies_programmed(copies);
}

void simulation::epoch_trained(const workload::training_position& /*position*/) {
  observer_->epoch_trained(plan_.session.epoch_loss());
}

void simulation::weights_read() {
  average_.add(layers_of([this](std::uint32_t array, std::uint32_t output, std::uint32_t input) {
    return plan_.session.weights_read(array)[input][output];
  }));
}

void simulation::programmed() {
  spreads_.clear();
  for (std::size_t l = 0; l < plan_.map.layers.size(); ++l)
    spreads_.push_back(spread_of(l));
}

programmed_spread simulation::spread_of(std::size_t layer) const {
  const auto& split = plan_.map.layers[layer];
  const auto role = experiment_.session.algorithm.initial_role();
  const auto copies = split.copies[role];
  double weights = 0;
  double squares = 0;     // of the first copy
  double differences = 0; // squared, of all pairs
  for (std::uint32_t i = 0; i < split.input_splits; ++i)
    for (std::uint32_t o = 0; o < split.output_splits; ++o) {
      const auto first = machine_.tile_of(split.array(i, o, role)).values().weights();
      std::vector<double> sums(first.size());
      for (std::uint32_t copy = 0; copy < copies; ++copy) {
        const auto w = machine_.tile_of(split.array(i, o, role, copy)).values().weights();
        for (std::size_t k = 0; k < w.size(); ++k) {
          sums[k] += w[k];
          differences += copies * double{w[k]} * w[k];
        }
      }
      weights += static_cast<double>(first.size());
      squares += std::inner_product(first.begin(), first.end(), first.begin(), 0.0);
      differences -= std::inner_product(sums.begin(), sums.end(), sums.begin(), 0.0);
    }
  const double pairs = copies * (copies - 1.0) / 2;
  return {std::sqrt(squares / weights), copies > 1 ? std::sqrt(std::max(differences, 0.0) / (pairs * weights)) : 0};
}

std::vector<workload::digital_layer> simulation::digital_layers() {
  return layers_of([this](std::uint32_t array, std::uint32_t output, std::uint32_t input) {
    return machine_.tile_of(array).values().weights()[std::size_t{output} * plan_.map.arrays[array].inputs + input];
  });
}

template <typename F>
std::vector<workload::digital_layer> simulation::layers_of(F&& f) {
  const auto& network = experiment_.session.network;
  const auto& algorithm = experiment_.session.algorithm;
  std::vector<workload::digital_layer> layers;
  for (std::size_t l = 0; l < network.weight_layers(); ++l) {
    const auto bias = plan_.session.bias(l);
    layers.push_back({std::vector<float>(std::size_t{network.layers[l]} * network.layers[l + 1]),
                      {bias.begin(), bias.end()},
                      plan_.session.output_scale(l)});
  }
  for (std::uint32_t a = 0; a < plan_.map.arrays.size(); ++a) {
    const auto& region = plan_.map.arrays[a];
    const float share = algorithm.gamma_of(region.id.role) / static_cast<float>(algorithm.copies_of(region.id.role));
    if (share == 0)
      continue;
    auto& layer = layers[region.id.layer];
    const std::size_t inputs = network.layers[region.id.layer];
    for (std::uint32_t o = 0; o < region.outputs; ++o)
      for (std::uint32_t i = 0; i < region.inputs; ++i)
        layer.weights[(region.first_output + o) * inputs + region.first_input + i] += share * f(a, o, i);
  }
  return layers;
}

cost_sheet simulation::costs() const {
  return costs_of(machine_, plan_.prices);
}

femtoseconds simulation::training_time() const {
  return training_time_of(machine_);
}

host_figures simulation::host() const {
  auto figures = host_figures_of(machine_.control().host(), begin_);
  figures.isa = physics::name_of(experiment_.arrays.isa);
  figures.threads = pool_.threads();
  return figures;
}

std::string simulation::weights_digest() const {
  crc64 crc;
  for (std::size_t a = 0; a < plan_.map.arrays.size(); ++a) {
    const auto weights = std::as_bytes(machine_.tile_of(a).values().weights());
    crc.process_bytes(weights.data(), weights.size());
  }
  plan_.session.for_each_bias([&](std::span<const float> bias) {
    const auto bytes = std::as_bytes(bias);
    crc.process_bytes(bytes.data(), bytes.size());
  });
  return fmt::format("crc64:{:016x}", crc.checksum());
}

run_results simulation::results() const {
  auto r =
      figures_of({experiment_, plan_, placement_, machine_, loads_, timing_, options_.timing}, spreads_, evaluations_);
  r.interrupted = !plan_.session.complete();
  if (experiment_.is_asynchronous())
    r.staleness = staleness_.layers();
  r.wear = health_.wear(machine_);
  r.weights_digest = weights_digest();
  plan_.session.for_each_input_range([&](float range) { r.input_ranges.push_back(range); });
  r.host = host();
  return r;
}

void simulation::save(std::ostream& out) const {
  plan_.session.save(out);
  machine_.save(out);
  byte_writer writer(out);
  health_.save(out);
  loads_.save(out);
  timing_.save(out);
  staleness_.save(out);
  gradient_.save(writer);
  save_evaluations(writer, evaluations_);
  writer.write_vector(spreads_);
  writer.write(average_.count());
  for (const auto& layer : average_.mean()) {
    writer.write_vector(layer.weights);
    writer.write_vector(layer.bias);
    writer.write(layer.scale);
  }
}

void simulation::restore(std::istream& in) {
  plan_.session.restore(in);
  machine_.restore(in);
  byte_reader reader(in);
  health_.restore(in);
  loads_.restore(in);
  timing_.restore(in);
  staleness_.restore(in);
  if (gradient_.restore(reader))
    gradient_.begin(digital_layers());
  restore_evaluations(reader, evaluations_);
  reader.read_vector(spreads_);
  std::uint32_t averaged = 0;
  reader.read(averaged);
  std::vector<workload::digital_layer> mean(averaged > 0 ? experiment_.session.network.weight_layers() : 0);
  for (auto& layer : mean) {
    reader.read_vector(layer.weights);
    reader.read_vector(layer.bias);
    reader.read(layer.scale);
  }
  average_.restore(averaged, std::move(mean));
}

} // namespace tilework::cli
