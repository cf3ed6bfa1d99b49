// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/health_warnings.h>
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

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>

namespace tilework::cli {
namespace {

/// A static input range needs no maximum of every vector.
workload::management management_of(const experiment& e) {
  const auto& parameters = e.arrays;
  const auto noise = [](const physics::io_parameters& io) {
    return !io.is_perfect && io.noise_management != physics::noise_management::none;
  };
  const auto& update = parameters.update;
  return {noise(parameters.forward) && !e.session.input_range.enable, noise(parameters.backward),
          !physics::updates_exactly(parameters) && (update.update_management || update.update_bl_management)};
}

std::uint64_t peak_rss_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  constexpr std::uint64_t kibibyte = 1024;                       // Linux counts in KiB
  return static_cast<std::uint64_t>(usage.ru_maxrss) * kibibyte; // NOLINT(*-union-access): glibc declares it so
}

} // namespace

namespace {

/// Runs a check whose messages know no place.
template <typename Check>
auto located(const std::string& place, Check check) {
  try {
    return check();
  } catch (const input_error& error) {
    throw input_error(fmt::format("{}: {}", place, error.what()));
  }
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
    }
    if (family == workload::algorithm_family::mixed_precision) { // as updates, always managed
      roles[role].line_write = e.arrays.update;
      roles[role].line_write.update_management = roles[role].line_write.update_bl_management = true;
    }
  }
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

workload::network_map map_of(const experiment& e) {
  return located(e.placement.empty() ? e.places.network : e.places.mapping, [&] {
    return workload::map_network(e.session.network, {e.machine.tiles(), e.machine.tile.inputs, e.machine.tile.outputs},
                                 e.placement, e.session.algorithm.copies());
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
  located(e.places.buffer, [&] { hardware::require_capacity(e.machine.buffer, e.machine.vector_unit.format, arena); });
}

price_list planned_run::price(const experiment& e) {
  ledger books;
  platform::open_accounts(books, e.machine);
  return {e.prices, platform::quantities_of(e.machine), kinds_of(books)};
}

namespace {

line_conversions conversions_of(const physics::array_parameters& parameters) {
  return {physics::plan_of(parameters.forward).conversions(), physics::plan_of(parameters.backward).conversions()};
}

} // namespace

operand_arena& allocated(planned_run& plan) {
  plan.arena.allocate();
  plan.session.initialise();
  return plan.arena;
}

simulation::simulation(const experiment& e, const workload::dataset& data, const simulation_options& options)
    : experiment_(e),
      plan_(e, data),
      options_(options),
      pool_(options.threads),
      machine_(e.machine, platform::elaboration{.arrays = plan_.map.arrays,
                                                .parameters = plan_.roles,
                                                .seed = e.seed,
                                                .max_burst = std::max(e.session.batch_size, e.session.evaluation_burst),
                                                .timing = options.timing,
                                                .source = plan_.session,
                                                .samples = plan_.session,
                                                .arena = allocated(plan_),
                                                .pool = pool_,
                                                .stages = plan_.stages}),
      health_(plan_.map.arrays, conversions_of(e.arrays)),
      data_(data) {
  machine_.control().add_listener(health_);
}

cost_sheet costs_of(const platform::machine& machine, const price_list& prices) {
  return price(machine.books(), prices, machine.control().phases().totals().exposed);
}

femtoseconds training_time_of(const platform::machine& machine) {
  femtoseconds sum;
  for (std::size_t p = 0; p < phase_count; ++p)
    if (is_training(static_cast<phase>(p)))
      sum += machine.control().phases().totals().exposed[p];
  return sum;
}

void add_machine_figures(run_results& results, const platform::machine& machine, const price_list& prices) {
  const auto& control = machine.control();
  results.busy = control.phases().totals().busy;
  results.exposed = control.phases().totals().exposed;
  results.books = machine.books();
  results.costs = costs_of(machine, prices);
  for (std::size_t k = 0; k < operation_kind_count; ++k) {
    const auto kind = static_cast<operation_kind>(k);
    results.operations.emplace_back(name_of(kind), control.operations_issued(kind));
  }
  results.delayed_requests = machine.delayed_requests();
  results.out_of_order_requests = machine.out_of_order_requests();
}

host_figures host_figures_of(const hardware::host_time& sampled, std::chrono::steady_clock::time_point begin) {
  const double scale =
      sampled.sampled_steps > 0 ? static_cast<double>(sampled.steps) / static_cast<double>(sampled.sampled_steps) : 0.0;
  host_figures figures;
  figures.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  figures.numerics_s = sampled.numerics_s * scale;
  figures.systemc_s = (sampled.total_s - sampled.numerics_s) * scale;
  figures.peak_rss_bytes = peak_rss_bytes();
  return figures;
}

std::vector<std::string> assumptions_of_every_run() {
  return {"network and buffers are calendars, not simulated flit by flit",
          "read noise and pulse response do not follow integration time, pulse width or conductances"};
}

std::vector<std::string> warnings_of(const experiment& e, std::span<const evaluation_row> evaluations) {
  auto all = e.warnings;
  const learning_facts facts{.classes = e.session.network.layers.back(),
                             .bit_length_adapts = e.arrays.update.update_bl_management,
                             .transfers = e.session.algorithm.stages() > 0};
  for (auto& sentence : health_warnings(evaluations, facts))
    all.push_back(std::move(sentence));
  return all;
}

std::string name_of(hardware::timing_mode timing) {
  return timing == hardware::timing_mode::loosely ? "loosely_timed" : "approximately_timed";
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

void simulation::epoch_trained(const workload::training_position& position) {
  observer_->epoch_trained(plan_.session.epoch_loss());
  if (experiment_.average_from_epoch > 0 && position.epoch >= experiment_.average_from_epoch)
    average_.add(digital_layers());
}

std::vector<workload::digital_layer> simulation::digital_layers() {
  const auto& network = experiment_.session.network;
  const auto& algorithm = experiment_.session.algorithm;
  std::vector<workload::digital_layer> layers;
  for (std::size_t l = 0; l < network.weight_layers(); ++l) {
    const auto bias = plan_.session.bias(l);
    layers.push_back({std::vector<float>(std::size_t{network.layers[l]} * network.layers[l + 1]),
                      {bias.begin(), bias.end()},
                      plan_.session.output_scale(l)});
  }
  for (std::size_t a = 0; a < plan_.map.arrays.size(); ++a) {
    const auto& region = plan_.map.arrays[a];
    const float share = algorithm.gamma_of(region.id.role) / static_cast<float>(algorithm.copies_of(region.id.role));
    if (share == 0)
      continue;
    const auto weights = machine_.tile_of(a).values().weights();
    auto& layer = layers[region.id.layer];
    const std::size_t inputs = network.layers[region.id.layer];
    for (std::uint32_t o = 0; o < region.outputs; ++o)
      for (std::uint32_t i = 0; i < region.inputs; ++i)
        layer.weights[(region.first_output + o) * inputs + region.first_input + i] +=
            share * weights[std::size_t{o} * region.inputs + i];
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
  run_results r;
  r.experiment = experiment_.name;
  r.machine = experiment_.machine.name;
  r.technology = experiment_.prices.name;
  r.timing = name_of(options_.timing);
  r.seed = experiment_.seed;
  r.interrupted = !plan_.session.complete();
  r.epochs = plan_.session.position().epoch;
  r.evaluations = evaluations_;
  add_machine_figures(r, machine_, plan_.prices);
  r.weights_digest = weights_digest();
  plan_.session.for_each_input_range([&](float range) { r.input_ranges.push_back(range); });
  r.warnings = warnings_of(experiment_, evaluations_);
  r.assumptions = assumptions_of_every_run();
  r.host = host();
  return r;
}

void simulation::save(std::ostream& out) const {
  plan_.session.save(out);
  machine_.save(out);
  byte_writer writer(out);
  health_.save(out);
  gradient_.save(writer);
  save_evaluations(writer, evaluations_);
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
  if (gradient_.restore(reader))
    gradient_.begin(digital_layers());
  restore_evaluations(reader, evaluations_);
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
