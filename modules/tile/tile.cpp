// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/tile/tile.h>
#include <tilework/tlm/tile_extension.h>

#include <algorithm>

namespace tilework::hardware {
namespace {

std::size_t index(phase p) {
  return static_cast<std::size_t>(p);
}

/// An operation that turns out to need no time, such as the read of vectors that are all zero, waits for its turn like
/// any other: before that nobody knows.
femtoseconds turn_of(femtoseconds length) {
  return std::max(length, femtoseconds{1});
}

} // namespace

tile::tile(const sc_core::sc_module_name& name, const tile_configuration& configuration,
           std::unique_ptr<physics::analog_array> values, transaction::timeline& time, const tile_accounts& accounts,
           tile_reads reads, nominal_slots slots, physics::array_shape without_values)
    : array_target(name, std::move(values),
                   without_values.cells() > 0 ? without_values
                                              : physics::array_shape{configuration.inputs, configuration.outputs},
                   time, configuration.input_depth),
      configuration_(configuration),
      costs_(configuration, lines(), std::move(reads), slots),
      accounts_(accounts) {
  time.on_drain([this] {
    array_.clear();
    forward_adc_.clear();
    backward_adc_.clear();
  });
}

transaction::booking tile::schedule(::tlm::tlm_generic_payload& payload, femtoseconds arrival) {
  auto& request = transaction::tile_request::of(payload);
  if (!execute(payload))
    return {arrival, arrival, arrival};
  const auto& op = *request.op;
  if (op.kind == operation_kind::calibrate)
    request.activity = costs_.calibration();
  costs_.count(op, request.activity, accounts_);
  const auto work = costs_.occupation(op, request.activity);
  if (op.kind == operation_kind::rest)
    return {arrival, arrival, arrival};
  return reads_array(op.kind) ? book_reads(op, work, arrival) : book_array(op, work, arrival);
}

transaction::booking tile::book_array(const operation& op, const tile_occupation& work, femtoseconds arrival) {
  const auto length = work.stages.array_busy;
  const auto start = array_.first_fit(arrival, turn_of(length));
  array_.reserve(start, length);
  if (start != arrival)
    ++delayed_;
  accounts_.crossbar->busy[index(op.phase)] += length;
  accounts_.pulse_generator->busy[index(op.phase)] += work.pulsing_time;
  return {start, start + length, start + length};
}

transaction::booking tile::book_reads(const operation& op, const tile_occupation& work, femtoseconds arrival) {
  const auto& timing = work.stages;
  const bool reads_inputs = op.kind == operation_kind::backward_mvm ||
                            (op.kind == operation_kind::read_line && op.side == line_side::outputs);
  const bool own_converters = reads_inputs && configuration_.adc.sides == converter_sides::separate;
  auto& adc = own_converters ? backward_adc_ : forward_adc_;

  const auto start = first_start(arrival, timing, adc);
  if (start != arrival)
    ++delayed_;
  array_.reserve_at(arrival, start, timing.array_busy);
  adc.reserve_at(arrival + timing.adc_begin, start + timing.adc_begin, timing.adc_busy);
  if (array_.log() != nullptr && timing.adc_busy.count != 0)
    note_join(op, work);

  const auto p = index(op.phase);
  accounts_.crossbar->busy[p] += timing.array_busy;
  accounts_.adc->busy[p] += timing.adc_busy;
  accounts_.row_driver->busy[p] += work.drive_time;
  return {start, start + timing.array_busy, start + timing.done};
}

/// The log's last two bookings are those of one read.
void tile::note_join(const operation& op, const tile_occupation& work) {
  array_.log()->join();
  if (op.kind != operation_kind::refresh && op.kind != operation_kind::calibrate)
    array_.log()->set_work_of_joined(work.drive_time);
}

void tile::visit_calendars(const transaction::calendar_visitor& visitor) {
  const std::string own = name();
  visitor(own + ".array", resource_kind::array, array_);
  const bool shared = configuration_.adc.sides == converter_sides::shared;
  visitor(own + (shared ? ".adc" : ".forward_adc"), resource_kind::adc, forward_adc_);
  if (!shared)
    visitor(own + ".backward_adc", resource_kind::adc, backward_adc_);
}

/// First time at which the array is free and the converters will be when its first result is there.
femtoseconds tile::first_start(femtoseconds arrival, const mvm_timing& timing,
                               const transaction::resource_calendar& adc) const {
  auto start = array_.first_fit(arrival, turn_of(timing.array_busy));
  for (;;) {
    const auto convert = adc.first_fit(start + timing.adc_begin, timing.adc_busy);
    const auto next = array_.first_fit(convert - timing.adc_begin, turn_of(timing.array_busy));
    if (next == start)
      return start;
    start = next;
  }
}

} // namespace tilework::hardware
