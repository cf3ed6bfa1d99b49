// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/tile/tile_costs.h>

#include <algorithm>
#include <utility>

namespace tilework::hardware {
namespace {

std::uint64_t converters(std::uint64_t lines, std::uint32_t lines_per_adc) {
  return (lines + lines_per_adc - 1) / lines_per_adc;
}

/// Reads of both polarities of the cells, one after the other.
physics::read_plan in_weight_phases(physics::read_plan plan, unsigned phases) {
  const auto once = plan.reads;
  for (unsigned p = 1; p < phases; ++p)
    plan.reads.insert(plan.reads.end(), once.begin(), once.end());
  return plan;
}

void count_update(phase p, const operation_activity& a, const tile_accounts& accounts) {
  auto& pulses = accounts.pulse_generator->counts;
  auto& cells = accounts.crossbar->counts;
  pulses.add(p, action::row_line_pulse, a.input_line_pulses);
  pulses.add(p, action::column_line_pulse, a.output_line_pulses);
  pulses.add(p, action::random_bit, a.random_bits);
  cells.add(p, action::update_pulse, a.coincidences);
  cells.add(p, action::half_select_pulse, a.half_selected);
}

} // namespace

tile_accounts open_tile_accounts(ledger& books, const std::string& name, const tile_configuration& c) {
  const std::uint64_t largest = std::max(c.inputs, c.outputs);
  const std::uint64_t both = std::uint64_t{c.inputs} + c.outputs;
  const std::uint64_t dacs = c.dac.sides == converter_sides::shared ? largest : both;
  const std::uint64_t adcs = c.adc.sides == converter_sides::shared ? converters(largest, c.adc.lines_per_adc)
                                                                    : converters(c.inputs, c.adc.lines_per_adc) +
                                                                          converters(c.outputs, c.adc.lines_per_adc);
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

tile_costs::tile_costs(const tile_configuration& configuration, physics::array_shape lines, tile_reads reads,
                       nominal_slots slots)
    : configuration_(configuration),
      timing_(configuration),
      lines_(lines),
      forward_(in_weight_phases(std::move(reads.forward), configuration.weight_phases)),
      backward_(in_weight_phases(std::move(reads.backward), configuration.weight_phases)),
      refresh_(std::move(reads.refresh)), // reads single devices anyway
      line_read_{reading(in_weight_phases(reads.line_read, configuration.weight_phases)),
                 reading(in_weight_phases(reads.line_read, configuration.weight_phases))},
      line_drive_(physics::full_drive(reads.line_read, configuration.dac.bits - 1)),
      slots_(slots) {
}

/// Pulses of all cells, then reads of all input lines.
operation_activity tile_costs::calibration() const {
  const auto& calibration = configuration_.calibration;
  const std::uint64_t pulses = 2 * std::uint64_t{calibration.pulse_pairs};
  operation_activity activity;
  activity.vectors_in_round[0] = calibration.reads * lines_.inputs;
  activity.code_sum = activity.vectors_in_round[0] * line_drive_.sum;
  activity.code_squares = activity.vectors_in_round[0] * line_drive_.squares;
  activity.pulse_slots = pulses;
  activity.input_line_pulses = pulses * lines_.inputs;
  activity.output_line_pulses = pulses * lines_.outputs;
  activity.coincidences = pulses * lines_.inputs * lines_.outputs;
  return activity;
}

tile_occupation tile_costs::occupation(const operation& op, const operation_activity& activity) {
  const auto array_only = [](femtoseconds length) { return tile_occupation{{length, length, {}, length}, {}, {}}; };
  switch (op.kind) {
  case operation_kind::outer_product_update:
  case operation_kind::write_line: {
    const bool nominal = configuration_.pulse.charge == pulse_charge::nominal_bl;
    auto pulsed = array_only(nominal ? timing_.nominal_update(nominal_slots_of(op)) : timing_.update(activity));
    pulsed.pulsing_time = pulsed.stages.done;
    return pulsed;
  }
  case operation_kind::program:
    return array_only(timing_.program(op.inputs[0].length));
  case operation_kind::refresh:
    return reads(op, activity, {}, timing_.rewrite(activity));
  case operation_kind::calibrate: // the references are written at last
    return reads(op, activity, timing_.measure_symmetry(), timing_.program(lines_.inputs));
  case operation_kind::forward_mvm:
  case operation_kind::backward_mvm:
  case operation_kind::read_line:
    return reads(op, activity);
  case operation_kind::rest: // devices need no help
  case operation_kind::load_samples:
  case operation_kind::vector_op:
  case operation_kind::transfer:
    break;
  }
  return {};
}

void tile_costs::count(const operation& op, const operation_activity& activity, const tile_accounts& accounts) {
  switch (op.kind) {
  case operation_kind::outer_product_update:
  case operation_kind::write_line:
    if (configuration_.pulse.charge == pulse_charge::nominal_bl)
      return count_nominal_update(op, accounts);
    return count_update(op.phase, activity, accounts);
  case operation_kind::refresh:
    return count_refresh(op, activity, accounts);
  case operation_kind::program:
    return accounts.crossbar->counts.add(op.phase, action::program_pulse,
                                         std::uint64_t{op.inputs[0].length} * op.vectors);
  case operation_kind::calibrate:
    count_update(op.phase, activity, accounts);
    accounts.crossbar->counts.add(op.phase, action::program_pulse, std::uint64_t{lines_.inputs} * lines_.outputs);
    return count_mvm(op, activity, accounts, 1, activity.vectors_in_round[0]);
  case operation_kind::read_line:
    return count_mvm(op, activity, accounts, 1, op.vectors);
  case operation_kind::forward_mvm:
  case operation_kind::backward_mvm:
    return count_mvm(op, activity, accounts, op.inputs[0].length, op.vectors);
  case operation_kind::rest:
  case operation_kind::load_samples:
  case operation_kind::vector_op:
  case operation_kind::transfer:
    break;
  }
}

tile_occupation tile_costs::reads(const operation& op, const operation_activity& activity, femtoseconds before,
                                  femtoseconds afterwards) {
  const auto& how = reading_of(op);
  auto timing = timing_.mvm(how.timing, activity);
  timing.array_busy += before;
  timing.adc_begin += before;
  timing.done += before;
  if (afterwards.count > 0)
    timing.array_busy = timing.done = timing.done + afterwards;
  return {timing, how.drive_time * static_cast<std::int64_t>(activity.passes()), {}};
}

const tile_costs::reading& tile_costs::reading_of(const operation& op) {
  const bool by_lines = op.kind == operation_kind::read_line || op.kind == operation_kind::calibrate;
  auto& r = by_lines                                 ? line_read_.at(static_cast<std::size_t>(op.side))
            : op.kind == operation_kind::forward_mvm ? forward_
            : op.kind == operation_kind::refresh     ? refresh_
                                                     : backward_;
  const std::uint32_t lines = op.kind == operation_kind::calibrate ? lines_.outputs : op.outputs[0].length;
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

std::uint64_t tile_costs::nominal_slots_of(const operation& op) const {
  return std::uint64_t{op.kind == operation_kind::write_line ? slots_.line_write : slots_.update} * op.vectors;
}

void tile_costs::count_mvm(const operation& op, const operation_activity& activity, const tile_accounts& accounts,
                           std::uint32_t driven, std::uint64_t vectors) {
  const auto p = op.phase;
  const auto& how = reading_of(op);
  const std::uint64_t passes = activity.passes();
  const std::uint64_t repeats = passes * how.repeats;
  const std::uint64_t cells = std::uint64_t{driven} * how.lines;
  const std::uint64_t converted = passes * how.lines;
  accounts.row_driver->counts.add(p, action::dac_conversion, repeats * how.plan.reads.size() * driven);
  const auto driven_codes = configuration_.dac.kind == dac_kind::pwm ? activity.code_sum : activity.code_squares;
  accounts.crossbar->counts.add(p, action::cell_drive,
                                driven_codes * how.repeats * configuration_.weight_phases * how.lines);
  if (how.slots == 0)
    accounts.crossbar->counts.add(p, action::cell_read, repeats * cells);
  else
    accounts.crossbar->counts.add(p, action::cell_read_slot, repeats * how.slots * cells);
  if (accounts.sample_and_hold != nullptr)
    accounts.sample_and_hold->counts.add(p, action::sample, converted * how.conversions);
  accounts.adc->counts.add(p, action::adc_conversion, converted * how.conversions);
  accounts.output_unit->counts.add(p, action::output_shift_add, converted * (how.conversions - 1));
  accounts.output_unit->counts.add(p, action::output_scale, vectors * how.lines);
}

/// In every slot half of the lines fire, so a quarter of the cells sees a coincidence; of a line that is written alone,
/// the line itself fires in every slot and all its cells switch, as the study has it.
void tile_costs::count_nominal_update(const operation& op, const tile_accounts& accounts) const {
  const auto p = op.phase;
  auto& pulses = accounts.pulse_generator->counts;
  auto& cells = accounts.crossbar->counts;
  const auto slots = nominal_slots_of(op);
  const std::uint64_t inputs = op.inputs[0].length;
  if (op.kind == operation_kind::write_line) {
    const bool columns = op.side == line_side::inputs;
    pulses.add(p, columns ? action::row_line_pulse : action::column_line_pulse, slots);
    pulses.add(p, columns ? action::column_line_pulse : action::row_line_pulse, (slots * inputs + 1) / 2);
    cells.add(p, action::update_pulse, slots * inputs);
    return;
  }
  const std::uint64_t outputs = op.inputs[1].length;
  pulses.add(p, action::row_line_pulse, (slots * inputs + 1) / 2);
  pulses.add(p, action::column_line_pulse, (slots * outputs + 1) / 2);
  cells.add(p, action::update_pulse, (slots * inputs * outputs + 2) / 4);
}

/// Both devices of every pair are read, one input line at a time; a pair takes a subtraction and two comparisons.
void tile_costs::count_refresh(const operation& op, const operation_activity& activity, const tile_accounts& accounts) {
  constexpr std::uint64_t sides = 2;
  constexpr std::uint64_t additions = 3;
  const std::uint64_t inputs = op.inputs[0].length;
  const std::uint64_t outputs = op.outputs[0].length;
  count_mvm(op, activity, accounts, 1, sides * inputs);
  accounts.output_unit->counts.add(op.phase, action::output_shift_add, additions * inputs * outputs);
  accounts.crossbar->counts.add(op.phase, action::program_pulse, activity.resets);
  count_update(op.phase, activity, accounts);
}

} // namespace tilework::hardware
