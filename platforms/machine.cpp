// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/byte_stream.h>
#include <tilework/core/error.h>
#include <tilework/modules/interconnect/arbitrated_bus.h>
#include <tilework/modules/interconnect/calendar_network.h>
#include <tilework/modules/interconnect/network.h>
#include <tilework/modules/interconnect/router_network.h>
#include <tilework/modules/interconnect/stepped_network.h>
#include <tilework/physics/cells/one_sided_cell.h>
#include <tilework/platforms/machine.h>

#include <fmt/format.h>

namespace tilework::platform {
namespace {

constexpr std::uint32_t hub_node = 0;

std::unique_ptr<hardware::fabric> make_fabric(const interconnect_configuration& configuration,
                                              const machine_accounts& accounts) {
  struct {
    const machine_accounts& accounts;
    std::unique_ptr<hardware::fabric> operator()(const hardware::routed_network_configuration& c) const {
      return std::make_unique<hardware::calendar_network>(c, *accounts.network, accounts.chip_links);
    }
    std::unique_ptr<hardware::fabric> operator()(const hardware::bus_configuration& c) const {
      return std::make_unique<hardware::bus>(c, *accounts.network);
    }
    std::unique_ptr<hardware::fabric> operator()(const hardware::ideal_network_configuration& c) const {
      return std::make_unique<hardware::ideal_network>(c);
    }
  } make{accounts};
  return std::visit(make, configuration);
}

std::unique_ptr<hardware::interconnect> make_network(const interconnect_configuration& configuration,
                                                     const machine_accounts& accounts, transaction::timeline& time,
                                                     std::uint32_t ways) {
  const auto stepped = [&](std::unique_ptr<hardware::flit_network> carrier, double clock_Hz) {
    return std::make_unique<hardware::stepped_network>("network", std::move(carrier), clock_Hz, time, ways);
  };
  if (const auto* routed = std::get_if<hardware::routed_network_configuration>(&configuration);
      routed != nullptr && routed->model == hardware::network_model::router)
    return stepped(std::make_unique<hardware::router_network>(*routed, *accounts.network, accounts.chip_links),
                   routed->clock_Hz);
  if (const auto* bus = std::get_if<hardware::bus_configuration>(&configuration);
      bus != nullptr && bus->model == hardware::network_model::router)
    return stepped(std::make_unique<hardware::arbitrated_bus>(*bus, *accounts.network), bus->clock_Hz);
  return std::make_unique<hardware::network>("network", make_fabric(configuration, accounts), time, ways);
}

/// One set of parameters is that of all arrays.
const physics::array_parameters& parameters_of(const elaboration& work, const array_region& region) {
  if (work.parameters.size() == 1)
    return work.parameters.front();
  if (region.id.role >= work.parameters.size())
    throw input_error(fmt::format("an array of layer {} has role {} but there are parameters of {} roles",
                                  region.id.layer, region.id.role, work.parameters.size()));
  return work.parameters[region.id.role];
}

hardware::tile_reads reads_of(const physics::array_parameters& parameters) {
  const auto* pair = parameters.device.get_if<physics::one_sided_cell>();
  return {physics::plan_of(parameters.forward), physics::plan_of(parameters.backward),
          pair == nullptr ? physics::read_plan{} : physics::plan_of(pair->refresh_forward),
          physics::plan_of(parameters.line_read)};
}

hardware::nominal_slots slots_of(const physics::array_parameters& parameters) {
  return {static_cast<std::uint32_t>(parameters.update.desired_bl),
          static_cast<std::uint32_t>(parameters.line_write.desired_bl)};
}

} // namespace

machine::machine(const machine_configuration& configuration, const elaboration& work)
    : configuration_(configuration),
      ahead_(work.timing == hardware::timing_mode::approximately &&
                     configuration.network_model() == hardware::network_model::calendar
                 ? std::make_unique<transaction::agenda>()
                 : nullptr),
      time_(ahead_.get()),
      accounts_(open_accounts(books_, configuration)) {
  const auto arrays = static_cast<std::uint32_t>(work.arrays.size());
  network_ = make_network(configuration_.interconnect, accounts_, time_, arrays);
  vector_unit_ =
      std::make_unique<hardware::vector_unit>("vector_unit", configuration_.vector_unit, time_, *accounts_.vector_unit);
  buffer_ = std::make_unique<hardware::sram_buffer>("buffer", configuration_.buffer, configuration_.vector_unit.format,
                                                    work.arena, time_, *accounts_.buffer);
  memory_ = std::make_unique<hardware::memory_port>("memory", configuration_.memory, work.samples, time_,
                                                    *accounts_.memory_port);

  hardware::sequencer_configuration control{
      work.timing, configuration_.vector_unit.format, hub_node, {}, {}, work.recorded, work.values_follow_time};
  control.stages.assign(work.stages.begin(), work.stages.end());
  for (const auto& region : work.arrays)
    control.node_of_array.push_back(region.tile); // one tile per node
  sequencer_ = std::make_unique<hardware::sequencer>("sequencer", control, work.source, work.arena,
                                                     work.samples.bytes_per_sample(), time_, work.pool);
  sequencer_->vector_port().socket.bind(vector_unit_->socket());
  sequencer_->buffer.bind(buffer_->socket);
  sequencer_->memory.bind(memory_->socket);
  if (!work.stages.empty())
    build_controller(work);
  build_arrays(work);
  list_resources();
}

machine::~machine() = default;

void machine::list_resources() {
  const auto visitor = [this](const std::string& name, resource_kind kind, transaction::resource_calendar& calendar) {
    resources_.push_back({name, kind});
    calendars_.push_back(&calendar);
  };
  for (const auto& t : tiles_)
    t->visit_calendars(visitor);
  for (std::size_t u = 0; u < units_.size(); ++u)
    visitor(fmt::format("matrix_unit{}", u), resource_kind::array, units_[u]->calendar());
  vector_unit_->visit_calendars(visitor);
  if (controller_)
    controller_->visit_calendars(visitor);
  network_->visit_calendars(visitor);
  buffer_->visit_calendars(visitor);
  memory_->visit_calendars(visitor);
  if (network_->observe_as(static_cast<std::uint32_t>(resources_.size())))
    resources_.push_back({"network", resource_kind::network});
}

void machine::observe(booking_log* log) {
  time_.set_log(log);
  for (std::uint32_t r = 0; r < calendars_.size(); ++r)
    calendars_[r]->observe(log, r);
}

void machine::build_controller(const elaboration& work) {
  if (!configuration_.transfer_controller)
    throw input_error("the training algorithm transfers between arrays but the machine has no "
                      "digital.transfer_controller; add one or train with plain SGD");
  const auto& controller = *configuration_.transfer_controller;
  const auto format = configuration_.vector_unit.format;
  hardware::require_capacity(controller, format, work.arena);
  controller_ = std::make_unique<hardware::transfer_controller>("transfer_controller", controller, format, work.stages,
                                                                time_, accounts_.transfer);
  sequencer_->controller_port().socket.bind(controller_->socket());
}

std::unique_ptr<hardware::array_target> machine::make_array(const elaboration& work, std::uint32_t array) {
  const auto& region = work.arrays[array];
  const auto& parameters = parameters_of(work, region);
  const physics::array_shape shape{region.inputs, region.outputs};
  auto values = work.recorded != nullptr
                    ? nullptr
                    : std::make_unique<physics::analog_array>(shape, parameters, work.seed, region.id, work.max_burst);
  if (configuration_.matrix_unit)
    return std::make_unique<hardware::matrix_unit_array>(fmt::format("array{}", array).c_str(), *units_[region.tile],
                                                         std::move(values), time_);
  return std::make_unique<hardware::tile>(fmt::format("tile{}", region.tile).c_str(), configuration_.tile,
                                          std::move(values), time_, accounts_.tiles[region.tile], reads_of(parameters),
                                          slots_of(parameters), shape);
}

void machine::build_arrays(const elaboration& work) {
  if (configuration_.matrix_unit)
    hardware::require_capacity(*configuration_.matrix_unit, work.arrays, work.max_burst);
  for (const auto& accounts : accounts_.matrix_units)
    units_.push_back(std::make_unique<hardware::matrix_unit>(*configuration_.matrix_unit, time_, accounts));
  tiles_.resize(work.arrays.size());
  for (std::uint32_t i = 0; i < work.arrays.size(); ++i) {
    const auto a = work.build_order.empty() ? i : work.build_order[i];
    mapped_tiles_.insert(work.arrays[a].tile);
    tiles_[a] = make_array(work, a);
    sequencer_->tile_port(a).socket.bind(network_->upstream(a));
    network_->downstream(a).bind(tiles_[a]->socket());
  }
}

std::vector<const component_account*> machine::accounts_in_use() const {
  std::set<const component_account*> idle;
  for (std::uint32_t t = 0; t < accounts_.tiles.size(); ++t)
    if (!mapped_tiles_.contains(t)) {
      const auto& parts = accounts_.tiles[t];
      idle.insert({parts.row_driver, parts.pulse_generator, parts.crossbar, parts.sample_and_hold, parts.adc,
                   parts.output_unit});
    }
  std::vector<const component_account*> in_use;
  for (const auto& account : books_.accounts())
    if (!idle.contains(&account))
      in_use.push_back(&account);
  return in_use;
}

void machine::run() {
  sc_core::sc_start();
  if (auto failure = sequencer_->failure())
    std::rethrow_exception(failure);
  if (auto failure = network_->failure())
    std::rethrow_exception(failure);
  if (const auto stuck = sequencer_->outstanding(); stuck > 0)
    throw run_error(fmt::format("the machine is stuck: no events left while {} operations are outstanding", stuck));
}

std::uint64_t machine::delayed_requests() const {
  std::uint64_t sum = before_resume_.delayed + network_->bookings().delayed + vector_unit_->delayed_requests() +
                      buffer_->delayed_requests() + memory_->delayed_requests();
  if (controller_)
    sum += controller_->delayed_requests();
  for (const auto& t : tiles_)
    sum += t->delayed_requests();
  for (const auto& unit : units_)
    sum += unit->delayed_requests();
  return sum;
}

void machine::save(std::ostream& out) const {
  byte_writer writer(out);
  for (const auto& t : tiles_) {
    writer.write(t->weight_version());
    t->values().save(out);
  }
  for (const auto& account : books_.accounts()) {
    writer.write(account.counts);
    writer.write(account.busy);
  }
  writer.write(contention_counts{delayed_requests(), out_of_order_requests(), largest_skew()});
  sequencer_->save(out);
}

void machine::restore(std::istream& in) {
  byte_reader reader(in);
  for (const auto& t : tiles_) {
    std::uint64_t version = 0;
    reader.read(version);
    t->set_weight_version(version);
    t->values().restore(in);
  }
  for (auto& account : books_.accounts()) {
    reader.read(account.counts);
    reader.read(account.busy);
  }
  reader.read(before_resume_);
  sequencer_->restore(in);
}

} // namespace tilework::platform
