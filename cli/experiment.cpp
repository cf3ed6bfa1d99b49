// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/experiment.h>
#include <tilework/cli/mapping_file.h>
#include <tilework/config/read_fields.h>
#include <tilework/numerics/activation.h>
#include <tilework/physics/cells/one_sided_cell.h>
#include <tilework/physics/devices/ideal.h>
#include <tilework/physics/periphery/converter.h>
#include <tilework/physics/presets/presets.h>
#include <tilework/platforms/machine_file.h>
#include <tilework/platforms/technology_file.h>
#include <tilework/workloads/presets/presets.h>

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace tilework::cli {
namespace {

using config::reader;

enum class loss_kind : std::uint8_t { nll, cross_entropy };
constexpr std::array<std::pair<std::string_view, loss_kind>, 2> loss_names{
    {{"nll", loss_kind::nll}, {"cross_entropy", loss_kind::cross_entropy}}};
constexpr std::span<const std::pair<std::string_view, loss_kind>> names_of(loss_kind) {
  return loss_names;
}

enum class bias_kind : std::uint8_t { none, digital };
constexpr std::array<std::pair<std::string_view, bias_kind>, 2> bias_names{
    {{"none", bias_kind::none}, {"digital", bias_kind::digital}}};
constexpr std::span<const std::pair<std::string_view, bias_kind>> names_of(bias_kind) {
  return bias_names;
}

enum class output_scale_kind : std::uint8_t { none, learned };
constexpr std::array<std::pair<std::string_view, output_scale_kind>, 2> output_scale_names{
    {{"none", output_scale_kind::none}, {"learned", output_scale_kind::learned}}};
constexpr std::span<const std::pair<std::string_view, output_scale_kind>> names_of(output_scale_kind) {
  return output_scale_names;
}

constexpr field positive{.minimum = 0, .open_minimum = true};

/// A plain name or a map with more: both spellings of several keys.
bool is_name(const reader& r, std::string_view key) {
  return r.kind(key) == config::node_kind::scalar;
}

void read_dataset(reader& r, experiment& e) {
  if (!r.has("dataset") || is_name(r, "dataset")) {
    e.dataset_name = r.get("dataset", "glyphs");
    return;
  }
  auto d = r.child("dataset");
  e.dataset_name = d.get("name", "glyphs");
  e.data.train_samples = d.get("train_samples", 0U);
  e.data.test_samples = d.get("test_samples", 0U);
}

workload::network_configuration read_network(reader r) {
  workload::network_configuration n;
  n.layers = r.get_list("layers", n.layers, {.minimum = 1, .maximum = 1e6});
  if (n.layers.size() < 2)
    throw r.error("layers", "expected at least two numbers of neurons, such as [784, 256, 10]");
  n.activation_function = r.get("activation", n.activation_function);
  r.get("loss", loss_kind::nll); // on logits both names mean the same function
  n.bias = r.get("bias", bias_kind::digital) == bias_kind::digital;
  n.initial_weights = r.get("initial_weights", n.initial_weights);
  n.learn_output_scale = r.get("output_scale", output_scale_kind::none) == output_scale_kind::learned;
  n.logit_scale = r.get("logit_scale", n.logit_scale, positive);
  return n;
}

workload::learning_rate_schedule read_learning_rate(reader& r) {
  workload::learning_rate_schedule s;
  constexpr std::string_view key = "learning_rate";
  if (!r.has(key) || is_name(r, key)) {
    s.initial = r.get(key, s.initial, positive);
    return s;
  }
  auto rate = r.child(key);
  s.initial = rate.get("initial", s.initial, positive);
  if (!rate.has("schedule"))
    return s;
  auto schedule = rate.child("schedule");
  s.step_epochs = static_cast<unsigned>(schedule.get_amount("step", {"epoch"}, {1, "epoch"}).count);
  s.factor = schedule.get("factor", s.factor, positive);
  return s;
}

/// What the bits of a converter give: they decide a resolution.
struct converter_bits {
  std::string_view key; ///< of the resolution
  std::string_view bits_key;
  unsigned bits = 0;
  [[nodiscard]] float resolution() const { return 1.0F / static_cast<float>((1U << bits) - 2); }
};

/// A user may repeat a resolution but not contradict.
void require_agreement(reader& r, const converter_bits& c) {
  if (const auto given = r.find<float>(c.key); given && physics::relative_step(*given) != c.resolution())
    throw r.error(c.key, fmt::format("disagrees with {}: {} bits, which give 1/{}; leave {} out, or change the bits",
                                     c.bits_key, c.bits, (1U << c.bits) - 2, c.key));
}

/// What a preset says about resolutions is not in force, but the user should know.
void compare_with_preset(reader& r, const converter_bits& c, experiment& e) {
  if (const auto preset = r.peek<float>(c.key); preset && physics::relative_step(*preset) != c.resolution())
    e.warnings.push_back(fmt::format("{}.{} of the preset gives way to 1/{}, which follows from {}: {}", r.path(),
                                     c.key, (1U << c.bits) - 2, c.bits_key, c.bits));
}

numerics::input_range_parameters read_input_range(reader r) {
  const auto range = config::read_fields(r, numerics::input_range_parameters{});
  if (range.enable && range.manage_output_clipping)
    throw r.error("manage_output_clipping", "is not available in a run; leave it false");
  return range;
}

/// A static input range takes the place of noise management.
void require_no_management(const reader& r, const physics::io_parameters& io) {
  if (io.noise_management != physics::noise_management::none &&
      io.noise_management != physics::noise_management::constant)
    throw r.error("noise_management", "an input range takes the place of noise management; use NONE or CONSTANT");
}

std::array<converter_bits, 2> converters_of(const hardware::tile_configuration& tile) {
  return {{{"inp_res", "machine.tile.dac.bits", tile.dac.bits}, {"out_res", "machine.tile.adc.bits", tile.adc.bits}}};
}

/// Builds a direction on its preset.
void extend_io(reader& r, experiment& e) {
  if (e.machine.matrix_unit) { // no converters, and what the direction says is not used
    r.extend(physics::io_preset_texts());
    for (const auto& c : converters_of(e.machine.tile))
      r.peek<float>(c.key);
    return;
  }
  for (const auto& c : converters_of(e.machine.tile))
    require_agreement(r, c);
  r.extend(physics::io_preset_texts());
  for (const auto& c : converters_of(e.machine.tile))
    compare_with_preset(r, c, e);
}

/// What the machine's converters decide, and a check of the whole.
physics::io_parameters with_converters(const reader& r, physics::io_parameters io,
                                       const hardware::tile_configuration& tile) {
  const auto [dac, adc] = converters_of(tile);
  io.inp_res = dac.resolution();
  io.out_res = adc.resolution();
  try {
    io.validate();
  } catch (const input_error& contradiction) {
    throw r.error({}, contradiction.what());
  }
  return io;
}

/// \param ranged a static input range scales the inputs
physics::io_parameters read_io(reader& r, const hardware::tile_configuration& tile, bool ranged) {
  physics::io_parameters io;
  if (ranged)
    io.noise_management = physics::noise_management::none;
  io = config::read_fields(r, io, {"inp_res", "out_res"});
  if (ranged)
    require_no_management(r, io);
  return with_converters(r, io, tile);
}

void read_directions(reader forward, reader backward, experiment& e) {
  extend_io(forward, e);
  extend_io(backward, e);
  e.session.input_range = read_input_range(forward.child("input_range"));
  e.arrays.forward = read_io(forward, e.machine.tile, e.session.input_range.enable);
  e.arrays.backward = read_io(backward, e.machine.tile, false);
}

physics::io_parameters default_transfer_read() {
  const auto document = config::document::parse("{preset: TransferReadIO}", "default");
  return catalog::read_plain_io(reader(document));
}

/// Single lines are read at full scale: nothing is managed.
physics::io_parameters read_transfer_read(reader r, experiment& e) {
  const bool has_base = r.has("preset") || r.has("extends");
  extend_io(r, e);
  auto io = has_base ? physics::io_parameters{} : default_transfer_read();
  io.noise_management = physics::noise_management::none;
  io.bound_management = physics::bound_management::none;
  io = config::read_fields(r, io, {"inp_res", "out_res"});
  if (io.noise_management != physics::noise_management::none)
    throw r.error("noise_management", "a transfer drives single lines at full scale; leave it NONE");
  if (io.bound_management != physics::bound_management::none)
    throw r.error("bound_management", "a transfer reads every line once; leave it NONE");
  return with_converters(r, io, e.machine.tile);
}

/// Mini-batches from refresh to refresh of one-sided cells; 0 = never.
unsigned read_refresh_interval(const reader& r, const experiment& e) {
  const auto* pair = e.arrays.device.get_if<physics::one_sided_cell>();
  if (pair == nullptr || pair->refresh_every == 0)
    return 0;
  const auto every = static_cast<unsigned>(pair->refresh_every);
  if (pair->units_in_mbatch)
    return every;
  if (every % e.session.batch_size != 0)
    throw r.error("device", fmt::format("refresh_every counts vectors here and a refresh follows a whole mini-batch: "
                                        "make it a multiple of batch_size ({})",
                                        e.session.batch_size));
  return every / e.session.batch_size;
}

workload::programming_configuration read_programming(reader r) {
  workload::programming_configuration p;
  p.method = r.get("method", p.method);
  if (p.method == workload::programming_method::absolute) {
    for (const std::string_view key :
         {"fabricated_std", "learning_rate", "tolerance", "first_averaging", "copy_averaging", "most_iterations"})
      if (r.has(key))
        throw r.error(key, "belongs to the closed loop; add method: from_one, or leave it out");
    return p;
  }
  constexpr field share{.minimum = 0, .maximum = 1, .open_minimum = true};
  p.fabricated_std = r.get("fabricated_std", p.fabricated_std, {.minimum = 0});
  p.learning_rate = r.get("learning_rate", p.learning_rate, positive);
  p.tolerance = r.get("tolerance", p.tolerance, {.minimum = 0});
  p.first_averaging = r.get("first_averaging", p.first_averaging, share);
  p.copy_averaging = r.get("copy_averaging", p.copy_averaging, share);
  p.most_iterations = r.get("most_iterations", p.most_iterations, {.minimum = 1, .maximum = 1e9});
  return p;
}

/// What programming in a closed loop cannot be combined with.
void check_programming(const reader& r, const experiment& e) {
  if (e.session.programming.method == workload::programming_method::absolute)
    return;
  if (e.session.copy_mismatch_std > 0)
    throw r.error("copy_mismatch_std", "copies that are programmed from one differ by what that leaves; leave it out");
  if (e.arrays.device.get_if<physics::one_sided_cell>() != nullptr)
    throw r.error("programming", fmt::format("from_one cannot program {} cells, which need a refresh; use absolute",
                                             e.arrays.device.model()));
}

/// What a read adds to y, where the loop must know it.
void set_read_noise(experiment& e) {
  const auto& io = e.arrays.forward;
  auto& p = e.session.programming;
  p.read_noise = io.is_perfect ? 0 : io.out_noise;
  p.managed_inputs =
      !io.is_perfect && io.noise_management != physics::noise_management::none && !e.session.input_range.enable;
}

/// Names of algorithms that mislead.
void add_notes(experiment& e) {
  const auto& a = e.algorithm.algorithm;
  if (a.family == workload::algorithm_family::transfer && a.kind == workload::transfer_kind::chopped &&
      !a.has_choppers())
    e.notes.emplace_back("training.algorithm: ChoppedTTv2 without choppers, which is what AIHWKit's presets named TTv2 "
                         "run; its buffered TTv2 is called TTv2 here");
}

void read_schedule(reader& r, experiment& e) {
  e.session.order = r.get("schedule", e.session.order);
  constexpr double most_in_flight = 1024;
  e.session.mini_batches_in_flight =
      r.child("asynchronous").get("mini_batches", 1U, {.minimum = 1, .maximum = most_in_flight});
  const bool pipelined = e.session.order == workload::step_order::pipelined;
  if (!pipelined && r.has("micro_batch"))
    throw r.error("micro_batch", "only schedule: pipelined cuts a mini-batch; add it, or leave micro_batch out");
  if (pipelined)
    e.session.micro_batch = r.get("micro_batch", 1U, {.minimum = 1, .maximum = double(e.session.batch_size)});
}

enum class device_clock : std::uint8_t { mini_batches, simulated };
constexpr std::array<std::pair<std::string_view, device_clock>, 2> device_clock_names{
    {{"mini_batches", device_clock::mini_batches}, {"simulated", device_clock::simulated}}};
constexpr std::span<const std::pair<std::string_view, device_clock>> names_of(device_clock) {
  return device_clock_names;
}

/// Whose time the devices live in, and what their parameters mean by a mini-batch.
void read_device_time(reader r, experiment& e) {
  if (r.get("clock", device_clock::mini_batches) == device_clock::mini_batches) {
    if (r.has("period"))
      throw r.error("period", "only clock: simulated has one; add it, or leave the period out");
    return;
  }
  if (e.machine.matrix_unit)
    throw r.error("clock", "the machine is digital and has no devices; use a machine with analog tiles");
  e.arrays.device_period_s = r.require_quantity("period", dimension::time, positive);
}

/// Products of overlapping mini-batches may only miss the updates of weights and biases: nothing else may change.
void check_asynchronous(const reader& training, const experiment& e) {
  if (!e.is_asynchronous())
    return;
  const auto refuse = [&](std::string_view why) {
    throw training.error("asynchronous", fmt::format("mini-batches cannot overlap: {}; leave asynchronous out", why));
  };
  if (e.session.algorithm.family != workload::algorithm_family::sgd)
    refuse(fmt::format("{} is not shown to be right with weights that are out of date, only SGD is",
                       e.session.algorithm.name));
  if (e.session.order == workload::step_order::serial)
    refuse("schedule: serial asks for one stage after the other");
  if (e.session.network.learn_output_scale)
    refuse("network.output_scale is learned once per mini-batch");
  if (e.session.input_range.learned() || (e.session.input_range.enable && e.session.input_range.init_from_data > 0))
    refuse("input ranges are learned once per mini-batch");
  if (physics::devices_rest(e.arrays))
    refuse("the devices change by themselves between mini-batches");
  if (e.session.refresh_every > 0)
    refuse("the devices are refreshed between mini-batches");
}

/// What a schedule cannot be combined with.
void check_schedule(const reader& training, const experiment& e) {
  check_asynchronous(training, e);
  const auto& range = e.session.input_range;
  if (e.session.order == workload::step_order::pipelined &&
      (range.learned() || (range.enable && range.init_from_data > 0)))
    throw training.error("schedule", "pipelined cannot learn or estimate input ranges, which follow from a whole "
                                     "mini-batch; set forward.input_range.learn_input_range: false and "
                                     "init_from_data: 0, or use by_data");
}

void read_training(reader r, experiment& e, const catalog::device_registry& devices) {
  auto update = r.child("update");
  e.arrays.update = config::read_fields(update, e.arrays.update);
  e.session.batch_size = r.get("batch_size", 1U, {.minimum = 1, .maximum = 65536});
  const catalog::io_reader read_device_io = [&](reader io) {
    extend_io(io, e);
    return read_io(io, e.machine.tile, false);
  };
  const catalog::curve_listener on_curve = [&](const catalog::fitted_curve& fitted) {
    e.notes.push_back(fitted.summary());
  };
  e.algorithm = read_algorithm(r, {.devices = devices,
                                   .read_io = read_device_io,
                                   .on_curve = on_curve,
                                   .update = e.arrays.update,
                                   .batch_size = e.session.batch_size,
                                   .seed = e.seed,
                                   .network_reduces = e.machine.reduces()});
  e.arrays.device = e.algorithm.devices.back();
  e.session.algorithm = e.algorithm.algorithm;
  read_schedule(r, e);
  e.session.first_layer_gradient = r.get("first_layer_gradient", false);
  e.session.copy_mismatch_std = r.get("copy_mismatch_std", 0.0F, {.minimum = 0});
  e.session.programming = read_programming(r.child("programming", "method"));
  check_programming(r, e);
  add_notes(e);
  e.arrays.drift_per_mini_batch = r.get("drift_per_mini_batch", e.arrays.drift_per_mini_batch, {.minimum = 0});
  read_device_time(r.child("device_time", "clock"), e);
  e.session.epochs = r.get("epochs", 2U, {.minimum = 1, .maximum = 1e6});
  e.session.learning_rate = read_learning_rate(r);
  e.session.refresh_every = read_refresh_interval(r, e);
}

void read_evaluation(reader r, experiment& e) {
  auto& session = e.session;
  e.digital_evaluation = r.get("digital", false);
  e.gradient_cosine = r.get("gradient_cosine", false);
  session.average_from_epoch = r.get("average_from_epoch", 0U);
  session.weight_reads = r.get("weight_reads", 1U, {.minimum = 1, .maximum = 1e6});
  constexpr std::string_view key = "every";
  if (is_name(r, key) && r.get(key, "") == "never")
    session.evaluate_every = 0;
  else
    session.evaluate_every = static_cast<unsigned>(r.get_amount(key, {"epoch"}, {1, "epoch"}).count);
  session.evaluation_burst = r.get("burst", 32U, {.minimum = 1, .maximum = 65536});
  session.evaluated = r.get("copies", session.evaluated);
  e.target_accuracy = r.find<double>("target_accuracy", {.minimum = 0, .maximum = 1, .open_minimum = true});
  if (e.gradient_cosine && e.is_asynchronous())
    throw r.error("gradient_cosine", "needs steps of one mini-batch, and training.asynchronous overlaps several");
  if (e.target_accuracy && session.evaluate_every == 0)
    throw r.error("target_accuracy", "is never reached without evaluations: set evaluate.every");
}

void read_report(reader r, experiment& e) {
  constexpr field window{.minimum = 0, .maximum = 1};
  e.power_window = femtoseconds::from_seconds(r.quantity("power_window", dimension::time, 0, window));
}

void check_shapes(const reader& r, const experiment& e) {
  const auto& layers = e.session.network.layers;
  const auto shape = [&] {
    try {
      return workload::shape_of(e.dataset_name);
    } catch (const input_error& unknown) {
      throw r.error("dataset", unknown.what());
    }
  }();
  if (layers.front() != shape.features || layers.back() != shape.classes)
    throw r.error("network",
                  fmt::format("{} has {} features and {} classes, but the network has {} inputs and {} outputs",
                              e.dataset_name, shape.features, shape.classes, layers.front(), layers.back()));
}

/// A digital machine computes exactly: what describes devices, pulses and converters is read but not used.
void make_digital(const reader& training, experiment& e) {
  if (e.algorithm.algorithm.family != workload::algorithm_family::sgd)
    throw training.error("algorithm", fmt::format("the machine has a digital matrix_unit, which trains with plain SGD; "
                                                  "{} needs a machine with analog tiles",
                                                  e.algorithm.algorithm.name));
  e.arrays = {};
  e.arrays.device = physics::ideal{};
  e.arrays.forward.is_perfect = e.arrays.backward.is_perfect = true;
  e.arrays.update.pulse_type = physics::pulse_type::none;
  e.algorithm.devices.assign(1, e.arrays.device);
  e.session.input_range = {};
  e.session.refresh_every = 0;
  e.notes.emplace_back(unused_by_digital_machines);
}

void add_warnings(experiment& e) {
  if (e.machine.matrix_unit)
    return;
  if (physics::updates_exactly(e.arrays))
    e.warnings.emplace_back("the update is exact: it has no pulses, so it takes no time and no energy in this run");
  if (e.arrays.device.drifts() && e.arrays.drift_per_mini_batch == 0)
    e.warnings.emplace_back("the device has a drift law, but no time passes for it: set training.drift_per_mini_batch");
  if (!e.arrays.device.drifts() && e.arrays.drift_per_mini_batch > 0)
    e.warnings.emplace_back("training.drift_per_mini_batch has no effect: the device has no drift law (drift.nu is 0)");
  if (const auto* pair = e.arrays.device.get_if<physics::one_sided_cell>(); pair != nullptr && pair->refresh_every == 0)
    e.warnings.emplace_back(
        "one-sided cells without refresh (refresh_every: 0) stop learning once both sides are full");
  if (e.arrays.device_period_s > 0 && !physics::devices_rest(e.arrays))
    e.warnings.emplace_back("training.device_time has no effect: the devices neither decay, diffuse nor drift");
  if (e.arrays.forward.is_perfect || e.arrays.backward.is_perfect)
    e.warnings.emplace_back("a perfect product ignores the machine's converters in its values, but pays for them");
  if (e.arrays.forward.noise_management == physics::noise_management::max)
    e.warnings.emplace_back("noise management MAX gives zero outputs for vectors without a positive element");
}

std::string place_of_network_model(reader machine) {
  auto interconnect = machine.child("interconnect");
  for (const auto* kind : {"mesh", "tree", "crossbar", "bus"})
    if (interconnect.has(kind))
      return interconnect.child(kind).where("model");
  return machine.where("interconnect");
}

} // namespace

experiment read_experiment(const std::filesystem::path& file, const std::vector<std::string>& overrides,
                           const catalog::device_registry& devices) {
  const auto document = config::document::load(file, {.overrides = overrides, .included = {"machine"}});
  reader r(document);
  r.peek<std::string>("preset"); // a word, and a known key
  r.extend(workload::experiment_preset_texts());
  experiment e;
  e.name = r.get("name", file.stem().string());
  e.seed = r.get("seed", e.seed);
  e.session.seed = e.seed;
  e.data.seed = e.seed;
  read_dataset(r, e);
  e.session.network = read_network(r.child("network"));
  auto machine = r.child("machine");
  e.machine = platform::read_machine(machine);
  e.prices = platform::read_technologies(machine);
  e.arrays.faults = e.machine.tile.faults;
  auto training = r.child("training");
  read_training(training, e, devices);
  read_directions(r.child("forward"), r.child("backward"), e);
  if (e.algorithm.algorithm.family == workload::algorithm_family::transfer)
    e.algorithm.transfer_read = read_transfer_read(r.child("transfer_read"), e);
  check_schedule(training, e);
  set_read_noise(e);
  if (e.machine.matrix_unit)
    make_digital(training, e);
  read_mapping(r.child("mapping"), r.where("network"), e);
  read_evaluation(r.child("evaluate"), e);
  read_report(r.child("report"), e);
  try {
    e.arrays.validate();
  } catch (const input_error& contradiction) {
    throw training.error({}, contradiction.what());
  }
  r.finish();
  e.data.where = r.where("dataset");
  const auto digital = machine.child("digital");
  e.places = {
      r.where("network"),           r.where("mapping"), digital.where("buffer"), digital.where("transfer_controller"),
      machine.where("matrix_unit"), r.where("forward"), r.where("backward"),     place_of_network_model(machine)};
  check_shapes(r, e);
  add_warnings(e);
  e.resolved_yaml = document.resolved_yaml();
  return e;
}

} // namespace tilework::cli
