// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/algorithm_file.h>
#include <tilework/config/read_fields.h>
#include <tilework/physics/cells/one_sided_cell.h>
#include <tilework/workloads/algorithm_fields.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

namespace tilework::cli {
namespace {

using config::reader;
using workload::algorithm_configuration;
using workload::algorithm_family;
using workload::algorithm_name;
using workload::algorithm_set;
using workload::algorithms;
using workload::contains;

constexpr std::size_t most_roles = 16;
constexpr algorithm_set with_choppers =
    algorithms(algorithm_name::chopped, algorithm_name::dynamic, algorithm_name::study_dynamic);
constexpr algorithm_set with_chains =
    algorithms(algorithm_name::tiki_taka, algorithm_name::buffered, algorithm_name::residual);
constexpr algorithm_set with_visible_sums = with_chains | algorithms(algorithm_name::chopped, algorithm_name::dynamic);
constexpr algorithm_set with_automatic_period = algorithms(algorithm_name::chopped, algorithm_name::dynamic);
constexpr algorithm_set with_transfers = with_chains | with_choppers;

std::vector<std::string_view> names_in(algorithm_set set) {
  std::vector<std::string_view> names;
  for (const auto& [spelling, name] : names_of(algorithm_name{}))
    if (contains(set, name))
      names.push_back(spelling);
  return names;
}

/// One algorithm while it is being read.
struct reading {
  reader training;
  reader own; ///< training.algorithm
  algorithm_name name = algorithm_name::sgd;
  bool every_is_given = false; ///< in training.transfer
  bool lines_are_given = false;
  training_algorithm result;

  [[nodiscard]] bool is_one_of(algorithm_set set) const { return contains(set, name); }
  [[nodiscard]] algorithm_configuration& algorithm() { return result.algorithm; }
  [[nodiscard]] const algorithm_configuration& algorithm() const { return result.algorithm; }
};

/// Parameters of other algorithms are better explained than called unknown.
void reject_foreign(const reading& r) {
  const auto reject = [&](std::string_view key, algorithm_set owners) {
    if (r.own.has(key) && !r.is_one_of(owners))
      throw r.own.error(key, fmt::format("is not a parameter of {} but of {}", r.algorithm().name,
                                         fmt::join(names_in(owners), ", ")));
  };
  workload::algorithm_fields(
      [&](std::string_view key, auto, const field&, algorithm_set owners) { reject(key, owners); });
  reject("transfer_update", with_transfers);
  reject("gamma", with_visible_sums);
  reject("gamma_vec", with_visible_sums);
}

void reject_second_spelling(const reading& r, const reader& transfer, std::string_view key,
                            std::initializer_list<std::string_view> names) {
  for (const auto other : names)
    if (r.own.has(other))
      throw transfer.error(key, fmt::format("two values for one quantity: '{}' is already given as '{}' at {}; leave "
                                            "one of them out",
                                            key, other, r.own.where(other)));
}

void read_every(reading& r, reader& transfer) {
  constexpr std::string_view key = "every";
  r.every_is_given = transfer.has(key);
  if (!r.every_is_given)
    return;
  reject_second_spelling(r, transfer, key, {"transfer_every", "transfer_every_vec", "units_in_mbatch"});
  if (r.is_one_of(with_automatic_period) && transfer.kind(key) == config::node_kind::scalar &&
      transfer.peek<std::string>(key) == "auto") {
    transfer.get(key, "auto");
    r.algorithm().transfer_every = -1;
    return;
  }
  std::vector<std::string> units{"mini_batch"};
  if (r.is_one_of(with_transfers))
    units.emplace_back("vector");
  const auto every = transfer.get_amount(key, units, {1, "mini_batch"});
  r.algorithm().transfer_every = static_cast<double>(every.count);
  r.algorithm().units_in_mbatch = every.unit == "mini_batch";
}

void read_lines_per_event(reading& r, reader& transfer) {
  constexpr std::string_view key = "columns_per_event";
  if (!transfer.has(key))
    return;
  r.lines_are_given = true;
  reject_second_spelling(r, transfer, key, {"n_reads_per_transfer"});
  const auto lines = transfer.get(key, 1U, {.minimum = 1, .maximum = 1e9});
  if (lines != 1 && !r.is_one_of(with_chains))
    throw transfer.error(key, fmt::format("{} reads one line per transfer", r.algorithm().name));
  r.algorithm().n_reads_per_transfer = lines;
}

physics::update_parameters default_transfer_update(algorithm_name name) {
  physics::update_parameters update;
  if (name != algorithm_name::tiki_taka && name != algorithm_name::residual) { // a count is a pulse
    update.desired_bl = 1;
    update.update_bl_management = false;
    update.update_management = false;
  }
  return update;
}

void require_pulses(const physics::update_parameters& update, const reader& at, std::string_view algorithm) {
  if (update.is_exact())
    throw at.error("pulse_type", fmt::format("{} writes with pulses; use a type that has them", algorithm));
}

void read_transfer_update(reading& r, reader& transfer) {
  const bool here = transfer.has("update");
  if (here)
    reject_second_spelling(r, transfer, "update", {"transfer_update"});
  auto update = here ? transfer.child("update") : r.own.child("transfer_update");
  r.result.transfer_update = config::read_fields(update, default_transfer_update(r.name));
  require_pulses(r.result.transfer_update, update, r.algorithm().name);
  r.algorithm().transfer_desired_bl = r.result.transfer_update.desired_bl;
}

void read_reduction(reading& r, reader& transfer, bool network_reduces) {
  constexpr std::string_view key = "reduction";
  r.algorithm().reduction = transfer.get(key, r.algorithm().reduction);
  if (r.algorithm().reduction == workload::transfer_reduction::network && !network_reduces)
    throw transfer.error(key, "this machine's interconnect does not add packets on their way; use a mesh with "
                              "'reduction: true' or an ideal network (a bus carries one packet at a time), or leave it "
                              "'controller'");
}

void read_transfer(reading& r, bool network_reduces) {
  if (!r.is_one_of(with_transfers | algorithms(algorithm_name::mixed_precision)))
    return;
  auto transfer = r.training.child("transfer");
  read_every(r, transfer);
  if (!r.is_one_of(with_transfers))
    return;
  read_lines_per_event(r, transfer);
  r.algorithm().schedule = transfer.get("schedule", r.algorithm().schedule);
  read_reduction(r, transfer, network_reduces);
  read_transfer_update(r, transfer);
}

void read_parameters(reading& r) {
  workload::algorithm_fields([&](std::string_view key, auto member, const field& meta, algorithm_set owners) {
    const bool is_period = key == "transfer_every" || key == "transfer_every_vec" || key == "units_in_mbatch";
    const bool is_given = (is_period && r.every_is_given) || (key == "n_reads_per_transfer" && r.lines_are_given);
    if (r.is_one_of(owners) && !is_given)
      config::read_field(r.own, key, r.algorithm().*member, meta);
  });
}

void check_period(const reading& r) {
  constexpr std::string_view key = "transfer_every";
  const auto& a = r.algorithm();
  if (r.every_is_given || !r.is_one_of(with_transfers | algorithms(algorithm_name::mixed_precision)))
    return;
  const bool automatic = a.transfer_every < 0 && r.is_one_of(with_automatic_period);
  if (a.transfer_every <= 0 && !automatic)
    throw r.own.error(key, "expected a period greater than 0: without transfers nothing is learned");
  if (r.name == algorithm_name::mixed_precision && a.transfer_every != std::floor(a.transfer_every))
    throw r.own.error(key, fmt::format("{} transfers after whole mini-batches; use an integer", a.name));
  if (!a.units_in_mbatch && !automatic && std::round(a.transfer_every) < 1)
    throw r.own.error(key, "is less than half a vector, which is never");
}

void require_length(const reading& r, std::string_view key, std::size_t length, std::size_t shortest) {
  const std::size_t roles = r.algorithm().roles;
  if (length != 0 && length != roles && length != shortest)
    throw r.own.error(key, fmt::format("has {} values for {} devices", length, roles));
}

void check_lists(const reading& r) {
  const auto& a = r.algorithm();
  require_length(r, "transfer_every_vec", a.transfer_every_vec.size(), a.roles - 1);
  require_length(r, "transfer_lr_vec", a.transfer_lr_vec.size(), a.roles - 1);
  for (std::size_t k = 0; k + 1 < a.roles && k < a.transfer_every_vec.size(); ++k)
    if (a.transfer_every_vec[k] <= 0 || (!a.units_in_mbatch && std::round(a.transfer_every_vec[k]) < 1))
      throw r.own.error("transfer_every_vec", "a device before the last one has a period of zero");
}

void check_choppers(const reading& r) {
  const auto& a = r.algorithm();
  if (!r.is_one_of(with_choppers))
    return;
  if (a.auto_momentum <= 0 || a.auto_momentum >= 1)
    throw r.own.error("auto_momentum", fmt::format("expected a number between 0 and 1, got {}", a.auto_momentum));
  if (a.kind != workload::transfer_kind::chopped && a.in_chop_prob <= 0)
    throw r.own.error("in_chop_prob",
                      fmt::format("{} takes its reference at sign changes; expected a number greater than 0", a.name));
}

void check_replicas(const reading& r, std::uint32_t batch_size) {
  if (r.algorithm().replicas > batch_size)
    throw r.own.error("replicas", fmt::format("{} copies for a mini-batch of {}: some would never learn; use at most "
                                              "training.batch_size",
                                              r.algorithm().replicas, batch_size));
}

/// A place in a file and the device that was read there.
void check_device(const reading& r, const reader& at, std::string_view key, const physics::device_spec& device) {
  const auto& algorithm = r.algorithm();
  if (device.granularity() <= 0)
    throw at.error(key, fmt::format("{} needs a device with pulses, not {}", algorithm.name, device.model()));
  const bool is_alone = algorithm.family == algorithm_family::mixed_precision;
  if (!is_alone && device.get_if<physics::one_sided_cell>() != nullptr)
    throw at.error(key, fmt::format("{} cannot use {} cells: their refresh would undo what a transfer relies on; use a "
                                    "device that changes gradually in both directions",
                                    algorithm.name, device.model()));
}

physics::device_list read_chain(const reading& r, reader& training, const algorithm_context& context) {
  physics::device_list devices;
  for (auto& element : training.children("device", "extends")) {
    devices.push_back(context.devices.read(element, context.read_io, context.on_curve));
    check_device(r, element, {}, devices.back());
  }
  const bool is_chain = r.is_one_of(with_chains);
  if (devices.size() < 2 || devices.size() > (is_chain ? most_roles : 2))
    throw training.error("device", fmt::format("{} needs {}, fastest first; the list has {}", r.algorithm().name,
                                               is_chain ? fmt::format("2 to {} devices", most_roles) : "two devices",
                                               devices.size()));
  return devices;
}

physics::device_list read_fast_and_slow(const reading& r, reader pair, const algorithm_context& context) {
  physics::device_list devices;
  for (const std::string_view role : {"fast", "slow"}) {
    if (!pair.has(role))
      throw pair.error({}, fmt::format("'{}' is missing: a device for each of fast and slow", role));
    devices.push_back(context.devices.read(pair, role, context.read_io, context.on_curve));
    check_device(r, pair, role, devices.back());
  }
  return devices;
}

/// Whether `device` is a map of roles instead of a device.
bool has_roles(reader& training) {
  if (training.kind("device") != config::node_kind::map)
    return false;
  const auto device = training.child("device");
  return device.has("fast") || device.has("slow");
}

void read_devices(reading& r, const algorithm_context& context) {
  auto& a = r.algorithm();
  auto& devices = r.result.devices;
  if (a.roles > 1 && r.training.kind("device") == config::node_kind::list) {
    devices = read_chain(r, r.training, context);
  } else if (a.roles > 1 && has_roles(r.training)) {
    devices = read_fast_and_slow(r, r.training.child("device"), context);
  } else {
    devices.assign(a.roles, context.devices.read(r.training, "device", context.read_io, context.on_curve));
    if (a.family != algorithm_family::sgd)
      check_device(r, r.training, "device", devices.front());
  }
  a.roles = static_cast<std::uint32_t>(devices.size());
  a.states = devices.front().states();
  for (const auto& device : devices)
    a.granularity.push_back(device.granularity());
}

/// One factor gives those of all devices: gamma^(n - 1 - k).
std::vector<float> powers(float gamma, std::uint32_t roles) {
  std::vector<float> factors(roles);
  for (std::uint32_t k = 0; k < roles; ++k)
    factors[k] = std::pow(gamma, static_cast<float>(roles - 1 - k));
  return factors;
}

void read_gamma(reading& r) {
  if (!r.is_one_of(with_visible_sums))
    return;
  auto& a = r.algorithm();
  r.own.exclusive("gamma", "gamma_vec");
  const std::string_view key = r.own.has("gamma_vec") ? "gamma_vec" : "gamma";
  if (key == "gamma_vec") {
    a.gamma = r.own.get_list(key, a.gamma);
    require_length(r, key, a.gamma.size(), a.roles);
    if (!a.gamma.empty() && a.gamma.back() == 0)
      throw r.own.error(key, "the last device holds the initial weights; its factor cannot be 0");
  } else {
    const float gamma = r.own.get(key, 0.0F, {.minimum = 0});
    if (gamma != 0)
      a.gamma = powers(gamma, a.roles);
  }
  if (a.has_choppers() && a.gamma_of(0) != 0)
    throw r.own.error(key, "a chopped fast array cannot be part of the weight; use gamma 0, or no choppers");
}

} // namespace

training_algorithm read_algorithm(reader& training, const algorithm_context& context) {
  auto own = training.child("algorithm", "name");
  const auto name = own.get("name", algorithm_name::sgd);
  reading r{.training = training, .own = own, .name = name, .result = {.algorithm = workload::defaults_of(name)}};
  r.algorithm().seed = context.seed;
  r.algorithm().desired_bl = context.update.desired_bl;
  reject_foreign(r);
  if (r.is_one_of(with_transfers | algorithms(algorithm_name::mixed_precision)))
    require_pulses(context.update, training.child("update"), r.algorithm().name);
  read_devices(r, context);
  read_transfer(r, context.network_reduces);
  read_parameters(r);
  read_gamma(r);
  if (name == algorithm_name::residual)
    set_residual_defaults(r.algorithm());
  check_period(r);
  check_lists(r);
  check_choppers(r);
  check_replicas(r, context.batch_size);
  return std::move(r.result);
}

} // namespace tilework::cli
