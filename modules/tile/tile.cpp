// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/modules/tile/tile.h>
#include <tilework/tlm/tile_extension.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace tilework::hardware {
namespace {

/// Operations that are done when they begin.
bool has_no_kernel(operation_kind kind) {
  return kind == operation_kind::program || kind == operation_kind::calibrate;
}

constexpr std::size_t rates_operand = 3; ///< of outer_product_update; choppers of inputs and outputs follow

std::uint64_t converters(std::uint32_t lines, std::uint32_t lines_per_adc) {
  return (lines + lines_per_adc - 1) / lines_per_adc;
}

/// Products whose first vector is also computed exactly: few enough to cost nothing that could be measured.
bool is_probed(const step_context& context) {
  constexpr std::uint64_t steps_between_probes = 64;
  return context.evaluation ? context.step == 0 : context.step % steps_between_probes == 0;
}

std::size_t index(phase p) {
  return static_cast<std::size_t>(p);
}

} // namespace

tile_accounts open_tile_accounts(ledger& books, const std::string& name, const tile_configuration& c) {
  const std::uint64_t largest = std::max(c.inputs, c.outputs);
  const std::uint64_t both = std::uint64_t{c.inputs} + c.outputs;
  const std::uint64_t dacs = c.dac.sides == converter_sides::shared ? largest : both;
  const std::uint64_t adcs =
      c.adc.sides == converter_sides::shared
          ? converters(static_cast<std::uint32_t>(largest), c.adc.lines_per_adc)
          : converters(c.inputs, c.adc.lines_per_adc) + converters(c.outputs, c.adc.lines_per_adc);
  const std::uint64_t held_lines = c.adc.sides == converter_sides::shared ? largest : both;
  const auto open = [&](const char* part, component_kind kind, std::uint64_t units) {
    return &books.open(name + "." + part, kind, static_cast<double>(units));
  };
  tile_accounts accounts;
  accounts.row_driver = open("row_driver", component_kind::row_driver, dacs);
  accounts.pulse_generator = open("pulse_generator", component_kind::pulse_generator, both);
  accounts.crossbar = open("crossbar", component_kind::crossbar, std::uint64_t{c.inputs} * c.outputs);
  if (c.sample_and_hold != sample_and_hold_kind::none) {
    const std::uint64_t sets = c.sample_and_hold == sample_and_hold_kind::double_buffered ? 2 : 1;
    accounts.sample_and_hold = open("sample_and_hold", component_kind::sample_and_hold, sets * held_lines);
  }
  accounts.adc = open("adc", component_kind::adc, adcs);
  accounts.output_unit = open("output_unit", component_kind::output_unit, adcs);
  return accounts;
}

tile::tile(const sc_core::sc_module_name& name, const tile_configuration& configuration,
           std::unique_ptr<physics::analog_array> values, transaction::timeline& time, const tile_accounts& accounts,
           tile_reads reads, nominal_slots slots, physics::array_shape without_values)
    : sc_module(name),
      configuration_(configuration),
      timing_(configuration),
      forward_(std::move(reads.forward)),
      backward_(std::move(reads.backward)),
      refresh_(std::move(reads.refresh)),
      line_read_{reading(reads.line_read), reading(reads.line_read)},
      slots_(slots),
      values_(std::move(values)),
      shape_(values_                      ? values_->shape()
             : without_values.cells() > 0 ? without_values
                                          : physics::array_shape{configuration.inputs, configuration.outputs}),
      port_("port", time, *this, configuration.input_depth),
      accounts_(accounts) {
  time.on_drain([this] {
    array_.clear();
    forward_adc_.clear();
    backward_adc_.clear();
  });
}

bool tile::fits(const transaction::tile_request& request) const {
  const auto& op = *request.op;
  const auto lines = [&](std::uint32_t inputs, std::uint32_t outputs) {
    return values_ ? inputs == values_->shape().inputs && outputs == values_->shape().outputs
                   : inputs <= configuration_.inputs && outputs <= configuration_.outputs;
  };
  const auto line = [&](std::uint32_t length) {
    return op.side == line_side::inputs ? lines(this->lines().inputs, length) : lines(length, this->lines().outputs);
  };
  switch (op.kind) {
  case operation_kind::forward_mvm:
    return lines(op.inputs[0].length, op.outputs[0].length);
  case operation_kind::backward_mvm:
    return lines(op.outputs[0].length, op.inputs[0].length);
  case operation_kind::outer_product_update:
    return lines(op.inputs[0].length, op.inputs[1].length);
  case operation_kind::refresh:
    return lines(op.inputs[0].length, op.outputs[0].length);
  case operation_kind::program:
    return lines(op.inputs[0].length, op.vectors);
  case operation_kind::read_line:
    return line(op.outputs[0].length);
  case operation_kind::write_line:
    return line(op.inputs[0].length);
  case operation_kind::calibrate:
  case operation_kind::rest:
    return true;
  case operation_kind::load_samples:
  case operation_kind::vector_op:
  case operation_kind::transfer:
    break;
  }
  return false;
}

void tile::check_version(const transaction::tile_request& request) {
  if (request.expected_weight_version == weight_version_)
    return;
  throw run_error(
      fmt::format("{}: operation {} expects weight version {} but the array is at {}; a hazard edge is missing", name(),
                  request.operation_id, request.expected_weight_version, weight_version_));
}

void tile::begin(transaction::tile_request& request) {
  if (in_progress_ != nullptr) // joined: end() refuses it otherwise
    collect();
  check_version(request);
  const auto& context = *request.context;
  switch (request.op->kind) {
  case operation_kind::forward_mvm:
    values_->begin_mvm(physics::mvm_direction::forward, request.in[0], request.out[0],
                       context.first_vector + request.op->first_vector, context.evaluation, is_probed(context));
    break;
  case operation_kind::backward_mvm:
    values_->begin_mvm(physics::mvm_direction::backward, request.in[0], request.out[0],
                       context.first_vector + request.op->first_vector, context.evaluation, is_probed(context));
    break;
  case operation_kind::outer_product_update:
    begin_update(request);
    ++weight_version_;
    break;
  case operation_kind::read_line:
    values_->begin_read_line(request.op->side, request.line, request.out[0], request.line_read);
    break;
  case operation_kind::write_line:
    values_->begin_write_line(request.op->side, request.line, request.in[0], request.op->rate.at(context.learning_rate),
                              request.line_read * request.op->vectors);
    ++weight_version_;
    break;
  case operation_kind::rest:
    values_->begin_rest(context.first_vector + request.op->first_vector + request.op->vectors);
    ++weight_version_;
    break;
  case operation_kind::refresh:
    values_->begin_refresh(context.refreshes);
    ++weight_version_;
    break;
  case operation_kind::program:
    values_->set_weights({request.in[0].data, request.in[0].elements()});
    ++weight_version_;
    return;
  case operation_kind::calibrate: // what it finds is a parameter of the devices
    ++weight_version_;
    return;
  case operation_kind::load_samples:
  case operation_kind::vector_op:
  case operation_kind::transfer:
    return;
  }
  in_progress_ = &request;
}

void tile::begin_update(const transaction::tile_request& request) {
  const auto& op = *request.op;
  const auto& context = *request.context;
  const auto all_of = [](const const_burst& operand) {
    return operand.data == nullptr ? std::span<const float>{} : std::span(operand.data, operand.elements());
  };
  values_->begin_update(request.in[0], request.in[1],
                        {.learning_rate = op.rate.at(context.learning_rate),
                         .rates = all_of(request.in[rates_operand]),
                         .input_signs = all_of(request.in[rates_operand + 1]),
                         .output_signs = all_of(request.in[rates_operand + 2])},
                        context.first_vector + op.first_vector);
}

void tile::launch(::tlm::tlm_generic_payload& payload) {
  auto& request = transaction::tile_request::of(payload);
  if (!values_ || !fits(request))
    return;
  begin(request);
  if (has_no_kernel(request.op->kind))
    request.computed = true;
  else
    request.posted = values_.get();
}

void tile::finish_values(transaction::tile_request& request) {
  if (!values_ || request.computed)
    return;
  if (in_progress_ != &request) { // never launched: compute now
    begin(request);
    if (has_no_kernel(request.op->kind))
      return;
    run_inline(*values_);
  }
  collect();
}

void tile::collect() {
  in_progress_->activity = values_->end();
  in_progress_->computed = true;
  in_progress_ = nullptr;
}

transaction::booking tile::schedule(::tlm::tlm_generic_payload& payload, femtoseconds arrival) {
  auto& request = transaction::tile_request::of(payload);
  payload.set_dmi_allowed(false);
  if (!fits(request)) {
    const bool unknown = request.op->kind == operation_kind::load_samples ||
                         request.op->kind == operation_kind::vector_op || request.op->kind == operation_kind::transfer;
    payload.set_response_status(unknown ? ::tlm::TLM_COMMAND_ERROR_RESPONSE : ::tlm::TLM_BURST_ERROR_RESPONSE);
    return {arrival, arrival, arrival};
  }
  finish_values(request);
  const auto& op = *request.op;
  switch (op.kind) {
  case operation_kind::outer_product_update:
  case operation_kind::write_line:
    return book_update(request, arrival);
  case operation_kind::refresh:
    count_refresh(request);
    return book_mvm(request, arrival, {}, timing_.rewrite(request.activity));
  case operation_kind::program:
    accounts_.crossbar->counts.add(op.phase, action::program_pulse, std::uint64_t{op.inputs[0].length} * op.vectors);
    return book_array(arrival, timing_.program(op.inputs[0].length), op.phase);
  case operation_kind::calibrate:
    return book_calibration(request, arrival);
  case operation_kind::rest: // devices need no help
    return {arrival, arrival, arrival};
  case operation_kind::read_line:
    count_mvm(request, 1, op.vectors);
    return book_mvm(request, arrival);
  default:
    count_mvm(request, op.inputs[0].length, op.vectors);
    return book_mvm(request, arrival);
  }
}

transaction::booking tile::book_update(const transaction::tile_request& request, femtoseconds arrival) {
  const auto& op = *request.op;
  const bool nominal = configuration_.pulse.charge == pulse_charge::nominal_bl;
  const std::uint64_t slots = op.kind == operation_kind::write_line ? slots_.line_write : slots_.update;
  const auto length = nominal ? timing_.nominal_update(slots * op.vectors) : timing_.update(request.activity);
  if (nominal)
    count_nominal_update(request);
  else
    count_update(request);
  const auto booked = book_array(arrival, length, op.phase);
  accounts_.pulse_generator->busy[index(op.phase)] += booked.done - booked.accepted;
  return booked;
}

/// Pulses of all cells, then reads of all input lines and the references' writes.
transaction::booking tile::book_calibration(transaction::tile_request& request, femtoseconds arrival) {
  const auto p = request.op->phase;
  const auto& calibration = configuration_.calibration;
  const std::uint64_t pulses = 2 * std::uint64_t{calibration.pulse_pairs};
  const auto [inputs, outputs] = lines();
  const std::uint64_t cells = std::uint64_t{inputs} * outputs;
  auto& activity = request.activity = {};
  activity.vectors_in_round[0] = calibration.reads * inputs;
  activity.pulse_slots = pulses;
  activity.input_line_pulses = pulses * inputs;
  activity.output_line_pulses = pulses * outputs;
  activity.coincidences = pulses * cells;
  count_update(request);
  accounts_.crossbar->counts.add(p, action::program_pulse, cells);
  count_mvm(request, 1, activity.vectors_in_round[0]);
  return book_mvm(request, arrival, timing_.measure_symmetry(), timing_.program(inputs));
}

transaction::booking tile::book_array(femtoseconds arrival, femtoseconds length, phase p) {
  const auto start = array_.reserve(arrival, length);
  if (start != arrival)
    ++delayed_;
  accounts_.crossbar->busy[index(p)] += length;
  return {start, start + length, start + length};
}

transaction::booking tile::book_mvm(const transaction::tile_request& request, femtoseconds arrival, femtoseconds before,
                                    femtoseconds afterwards) {
  const auto& op = *request.op;
  const auto& reads = reading_of(op);
  auto timing = timing_.mvm(reads.timing, request.activity);
  timing.array_busy += before;
  timing.adc_begin += before;
  timing.done += before;
  if (afterwards.count > 0)
    timing.array_busy = timing.done = timing.done + afterwards;
  const bool reads_inputs = op.kind == operation_kind::backward_mvm ||
                            (op.kind == operation_kind::read_line && op.side == line_side::outputs);
  const bool own_converters = reads_inputs && configuration_.adc.sides == converter_sides::separate;
  auto& adc = own_converters ? backward_adc_ : forward_adc_;

  const auto start = first_start(arrival, timing, adc);
  if (start != arrival)
    ++delayed_;
  array_.reserve(start, timing.array_busy);
  adc.reserve(start + timing.adc_begin, timing.adc_busy);

  const auto p = index(op.phase);
  accounts_.crossbar->busy[p] += timing.array_busy;
  accounts_.adc->busy[p] += timing.adc_busy;
  accounts_.row_driver->busy[p] += reads.drive_time * static_cast<std::int64_t>(request.activity.passes());
  return {start, start + timing.array_busy, start + timing.done};
}

/// First time at which the array is free and the converters will be when its first result is there.
femtoseconds tile::first_start(femtoseconds arrival, const mvm_timing& timing,
                               const transaction::resource_calendar& adc) const {
  auto start = array_.first_fit(arrival, timing.array_busy);
  for (;;) {
    const auto convert = adc.first_fit(start + timing.adc_begin, timing.adc_busy);
    const auto next = array_.first_fit(convert - timing.adc_begin, timing.array_busy);
    if (next == start)
      return start;
    start = next;
  }
}

const tile::reading& tile::reading_of(const operation& op) {
  const bool by_lines = op.kind == operation_kind::read_line || op.kind == operation_kind::calibrate;
  auto& r = by_lines                                 ? line_read_.at(static_cast<std::size_t>(op.side))
            : op.kind == operation_kind::forward_mvm ? forward_
            : op.kind == operation_kind::refresh     ? refresh_
                                                     : backward_;
  const std::uint32_t lines = op.kind == operation_kind::calibrate ? this->lines().outputs : op.outputs[0].length;
  if (lines != r.lines) {
    r.lines = lines;
    r.timing = timing_.pass(lines, r.plan);
    r.repeats = timing_.reads_per_pass(lines);
    r.drive_time = timing_.drive_time(r.plan) * static_cast<std::int64_t>(r.repeats);
    r.slots = r.plan.is_plain() ? 0 : static_cast<std::uint64_t>(timing_.slots(r.plan));
    r.conversions = r.plan.conversions();
  }
  return r;
}

void tile::count_mvm(const transaction::tile_request& request, std::uint32_t driven, std::uint64_t vectors) {
  const auto p = request.op->phase;
  const auto& reads = reading_of(*request.op);
  const std::uint64_t passes = request.activity.passes();
  const std::uint64_t repeats = passes * reads.repeats;
  const std::uint64_t cells = std::uint64_t{driven} * reads.lines;
  const std::uint64_t converted = passes * reads.lines;
  accounts_.row_driver->counts.add(p, action::dac_conversion, repeats * reads.plan.reads.size() * driven);
  if (reads.slots == 0)
    accounts_.crossbar->counts.add(p, action::cell_read, repeats * cells);
  else
    accounts_.crossbar->counts.add(p, action::cell_read_slot, repeats * reads.slots * cells);
  if (accounts_.sample_and_hold != nullptr)
    accounts_.sample_and_hold->counts.add(p, action::sample, converted * reads.conversions);
  accounts_.adc->counts.add(p, action::adc_conversion, converted * reads.conversions);
  accounts_.output_unit->counts.add(p, action::output_shift_add, converted * (reads.conversions - 1));
  accounts_.output_unit->counts.add(p, action::output_scale, vectors * reads.lines);
}

void tile::count_update(const transaction::tile_request& request) {
  const auto p = request.op->phase;
  const auto& a = request.activity;
  accounts_.pulse_generator->counts.add(p, action::row_line_pulse, a.input_line_pulses);
  accounts_.pulse_generator->counts.add(p, action::column_line_pulse, a.output_line_pulses);
  accounts_.pulse_generator->counts.add(p, action::random_bit, a.random_bits);
  accounts_.crossbar->counts.add(p, action::update_pulse, a.coincidences);
  accounts_.crossbar->counts.add(p, action::half_select_pulse, a.half_selected);
}

/// In every slot half of the lines fire, so a quarter of the cells sees a coincidence; of a line that is written alone,
/// the line itself fires in every slot and all its cells switch, as the study has it.
void tile::count_nominal_update(const transaction::tile_request& request) {
  const auto& op = *request.op;
  const auto p = op.phase;
  auto& pulses = accounts_.pulse_generator->counts;
  auto& cells = accounts_.crossbar->counts;
  if (op.kind == operation_kind::write_line) {
    const std::uint64_t slots = std::uint64_t{slots_.line_write} * op.vectors;
    const std::uint64_t length = op.inputs[0].length;
    const bool columns = op.side == line_side::inputs;
    pulses.add(p, columns ? action::row_line_pulse : action::column_line_pulse, slots);
    pulses.add(p, columns ? action::column_line_pulse : action::row_line_pulse, (slots * length + 1) / 2);
    cells.add(p, action::update_pulse, slots * length);
    return;
  }
  const std::uint64_t slots = std::uint64_t{slots_.update} * op.vectors;
  const std::uint64_t inputs = op.inputs[0].length;
  const std::uint64_t outputs = op.inputs[1].length;
  pulses.add(p, action::row_line_pulse, (slots * inputs + 1) / 2);
  pulses.add(p, action::column_line_pulse, (slots * outputs + 1) / 2);
  cells.add(p, action::update_pulse, (slots * inputs * outputs + 2) / 4);
}

/// Both devices of every pair are read, one input line at a time; a pair takes a subtraction and two comparisons.
void tile::count_refresh(const transaction::tile_request& request) {
  constexpr std::uint64_t sides = 2;
  constexpr std::uint64_t additions = 3;
  const auto& op = *request.op;
  const std::uint64_t inputs = op.inputs[0].length;
  const std::uint64_t outputs = op.outputs[0].length;
  count_mvm(request, 1, sides * inputs);
  accounts_.output_unit->counts.add(op.phase, action::output_shift_add, additions * inputs * outputs);
  accounts_.crossbar->counts.add(op.phase, action::program_pulse, request.activity.resets);
  count_update(request);
}

unsigned tile::debug(::tlm::tlm_generic_payload& payload) {
  if (!values_ || !payload.is_read() || payload.get_data_ptr() == nullptr)
    return 0;
  const auto weights = std::as_bytes(values_->weights());
  const auto length = std::min<std::size_t>(payload.get_data_length(), weights.size());
  std::memcpy(payload.get_data_ptr(), weights.data(), length);
  return static_cast<unsigned>(length);
}

} // namespace tilework::hardware
