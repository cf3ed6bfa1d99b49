// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/tile/tile_timing.h>

#include <algorithm>
#include <numbers>

namespace tilework::hardware {

std::int64_t tile_timing::slots(const physics::array_read& read) const {
  const auto& dac = configuration_.dac;
  const unsigned bits = read.bits == 0 ? dac.bits - 1 : read.bits;
  const std::int64_t once = dac.kind == dac_kind::pwm ? (std::int64_t{1} << bits) - 1 : 1;
  return dac.sign == input_sign::two_phase && !read.one_sign ? 2 * once : once;
}

std::int64_t tile_timing::slots(const physics::read_plan& plan) const {
  std::int64_t sum = 0;
  for (const auto& read : plan.reads)
    sum += slots(read);
  return sum;
}

femtoseconds tile_timing::conversion_time() const {
  const auto& adc = configuration_.adc;
  switch (adc.kind) {
  case adc_kind::sar:
    return adc.cycle * (adc.bits + 1); // one sampling cycle and one per bit
  case adc_kind::ramp:
    return adc.cycle * (std::int64_t{1} << adc.bits);
  case adc_kind::fixed:
    break;
  }
  return adc.fixed_conversion;
}

std::uint32_t tile_timing::conversions_in_series(std::uint32_t lines) const {
  return std::min(lines, configuration_.adc.lines_per_adc);
}

std::uint32_t tile_timing::reads_per_pass(std::uint32_t lines) const {
  return configuration_.sample_and_hold == sample_and_hold_kind::none ? conversions_in_series(lines) : 1;
}

femtoseconds tile_timing::first_integration(const physics::read_plan& plan) const {
  std::int64_t sum = 0;
  for (const auto& read : plan.reads) {
    sum += slots(read);
    if (read.converted)
      break;
  }
  return configuration_.dac.slot * sum;
}

/// Sum over the conversions of a pass of max(time of its reads, `conversions`).
femtoseconds tile_timing::overlapped(const physics::read_plan& plan, femtoseconds conversions) const {
  femtoseconds sum;
  std::int64_t pending = 0;
  for (const auto& read : plan.reads) {
    pending += slots(read);
    if (!read.converted)
      continue;
    sum += std::max(configuration_.dac.slot * pending, conversions);
    pending = 0;
  }
  return sum;
}

femtoseconds tile_timing::interval(std::uint32_t lines, const physics::read_plan& plan) const {
  return configuration_.sample_and_hold == sample_and_hold_kind::double_buffered
             ? overlapped(plan, conversion_time() * conversions_in_series(lines))
             : latency(lines, plan);
}

femtoseconds tile_timing::latency(std::uint32_t lines, const physics::read_plan& plan) const {
  const auto conversions = conversion_time() * conversions_in_series(lines);
  if (configuration_.sample_and_hold == sample_and_hold_kind::double_buffered) {
    const auto first = first_integration(plan);
    return first + overlapped(plan, conversions) - std::max(first, conversions) + conversions;
  }
  return drive_time(plan) * reads_per_pass(lines) + conversions * plan.conversions();
}

pass_timing tile_timing::pass(std::uint32_t read_lines, const physics::read_plan& plan) const {
  // A second set of holding capacitors frees the array while the last part is still being converted.
  const bool overlaps = configuration_.sample_and_hold == sample_and_hold_kind::double_buffered;
  return {latency(read_lines, plan), interval(read_lines, plan), first_integration(plan),
          overlaps ? conversion_time() * conversions_in_series(read_lines) : femtoseconds{}};
}

mvm_timing tile_timing::mvm(const pass_timing& pass, const operation_activity& activity) const {
  femtoseconds length;
  for (const auto vectors : activity.vectors_in_round)
    if (vectors > 0)
      length += pass.latency + pass.interval * (std::int64_t{vectors} - 1);
  if (length.count == 0)
    return {};
  return {length - pass.tail, pass.adc_begin, length - pass.adc_begin, length + configuration_.output_latency};
}

femtoseconds tile_timing::update(const operation_activity& activity) const {
  return configuration_.pulse.period * static_cast<std::int64_t>(activity.pulse_slots * configuration_.pulse.phases);
}

femtoseconds tile_timing::rewrite(const operation_activity& activity) const {
  return configuration_.pulse.period * static_cast<std::int64_t>(activity.reset_lines + activity.pulse_slots);
}

femtoseconds tile_timing::program(std::uint32_t inputs) const {
  return configuration_.program_row_time * inputs;
}

double settling_time_s(const tile_configuration& tile) {
  const double n = std::max(tile.inputs, tile.outputs);
  const double delay_s = tile.cell.wire_Ohm * tile.cell.wire_F * n * n / 2;
  return std::numbers::ln2 * (tile.adc.bits + 1) * delay_s;
}

} // namespace tilework::hardware
