// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/tile/tile_timing.h>

#include <algorithm>

namespace tilework::hardware {

femtoseconds tile_timing::integration_time() const {
  const auto& dac = configuration_.dac;
  const std::int64_t slots = dac.kind == dac_kind::pwm ? (std::int64_t{1} << (dac.bits - 1)) - 1 : 1;
  return dac.slot * (slots * (dac.sign == input_sign::two_phase ? 2 : 1));
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

femtoseconds tile_timing::interval(std::uint32_t lines) const {
  const auto conversions = conversion_time() * conversions_in_series(lines);
  return configuration_.sample_and_hold == sample_and_hold_kind::double_buffered
             ? std::max(integration_time(), conversions)
             : latency(lines);
}

femtoseconds tile_timing::latency(std::uint32_t lines) const {
  return integration_time() * reads_per_pass(lines) + conversion_time() * conversions_in_series(lines);
}

mvm_timing tile_timing::mvm(std::uint32_t read_lines, const operation_activity& activity) const {
  femtoseconds length;
  for (const auto vectors : activity.vectors_in_round)
    if (vectors > 0)
      length += latency(read_lines) + interval(read_lines) * (std::int64_t{vectors} - 1);
  mvm_timing timing;
  if (length.count == 0)
    return timing;
  timing.adc_begin = integration_time();
  timing.adc_busy = length - timing.adc_begin;
  // A second set of holding capacitors frees the array while the last vector is still being converted.
  timing.array_busy = configuration_.sample_and_hold == sample_and_hold_kind::double_buffered
                          ? length - conversion_time() * conversions_in_series(read_lines)
                          : length;
  timing.done = length + configuration_.output_latency;
  return timing;
}

femtoseconds tile_timing::update(const operation_activity& activity) const {
  return configuration_.pulse.period * static_cast<std::int64_t>(activity.pulse_slots * configuration_.pulse.phases);
}

femtoseconds tile_timing::program(std::uint32_t inputs) const {
  return configuration_.program_row_time * inputs;
}

} // namespace tilework::hardware
