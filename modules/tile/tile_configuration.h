// SPDX-License-Identifier: Apache-2.0
/// \file Hardware parameters of a tile. The same numbers decide values, time, energy and area.
#pragma once

#include <tilework/core/endurance.h>
#include <tilework/core/femtoseconds.h>
#include <tilework/physics/devices/device_array.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace tilework::hardware {

/// Whether forward and backward use the same converters (switched between the sides) or each side has its own.
enum class converter_sides : std::uint8_t { shared, separate };
/// pwm: input is a pulse width of up to 2^(bits-1) - 1 slots; voltage: input is an amplitude, one slot.
enum class dac_kind : std::uint8_t { pwm, voltage };
/// two_phase: positive and negative inputs are applied one after the other.
enum class input_sign : std::uint8_t { one_phase, two_phase };
/// sar: (bits + 1) cycles; ramp: 2^bits cycles; fixed: a conversion time whatever the bits.
enum class adc_kind : std::uint8_t { sar, ramp, fixed };
enum class sample_and_hold_kind : std::uint8_t { none, single, double_buffered };

template <typename E, std::size_t n>
using name_table = std::array<std::pair<std::string_view, E>, n>;

inline constexpr name_table<converter_sides, 2> converter_sides_names{
    {{"shared", converter_sides::shared}, {"separate", converter_sides::separate}}};
constexpr const auto& names_of(converter_sides /*tag*/) {
  return converter_sides_names;
}

inline constexpr name_table<dac_kind, 2> dac_kind_names{{{"pwm", dac_kind::pwm}, {"voltage", dac_kind::voltage}}};
constexpr const auto& names_of(dac_kind /*tag*/) {
  return dac_kind_names;
}

inline constexpr name_table<input_sign, 2> input_sign_names{
    {{"one_phase", input_sign::one_phase}, {"two_phase", input_sign::two_phase}}};
constexpr const auto& names_of(input_sign /*tag*/) {
  return input_sign_names;
}

inline constexpr name_table<adc_kind, 3> adc_kind_names{
    {{"sar", adc_kind::sar}, {"ramp", adc_kind::ramp}, {"fixed", adc_kind::fixed}}};
constexpr const auto& names_of(adc_kind /*tag*/) {
  return adc_kind_names;
}

inline constexpr name_table<sample_and_hold_kind, 3> sample_and_hold_names{
    {{"none", sample_and_hold_kind::none},
     {"single", sample_and_hold_kind::single},
     {"double", sample_and_hold_kind::double_buffered}}};
constexpr const auto& names_of(sample_and_hold_kind /*tag*/) {
  return sample_and_hold_names;
}

struct dac_configuration {
  dac_kind kind = dac_kind::pwm;
  unsigned bits = 7; ///< signed code; resolution of the full range 1/(2^bits - 2)
  femtoseconds slot; ///< pwm: unit pulse width; voltage: time that the amplitude is applied
  input_sign sign = input_sign::two_phase;
  converter_sides sides = converter_sides::shared;
};

/// The largest code of one sign.
constexpr std::uint64_t full_code(const dac_configuration& dac) {
  return (std::uint64_t{1} << (dac.bits - 1)) - 1;
}

struct adc_configuration {
  adc_kind kind = adc_kind::sar;
  unsigned bits = 9;               ///< resolution of the full range 1/(2^bits - 2)
  femtoseconds cycle;              ///< sar, ramp: comparator cycle
  femtoseconds fixed_conversion;   ///< fixed: whole conversion
  std::uint32_t lines_per_adc = 8; ///< multiplexer ratio
  converter_sides sides = converter_sides::shared;
};

/// What an update is charged: actual_bl: the slots, pulses and coincidences that it had; nominal_bl: as if every vector
/// had all of desired_bl's slots, each line firing in half of them, in one polarity phase. The multi-tile Tiki-Taka
/// study counts like this; values are the same.
enum class pulse_charge : std::uint8_t { actual_bl, nominal_bl };

inline constexpr name_table<pulse_charge, 2> pulse_charge_names{
    {{"actual_bl", pulse_charge::actual_bl}, {"nominal_bl", pulse_charge::nominal_bl}}};
constexpr const auto& names_of(pulse_charge /*tag*/) {
  return pulse_charge_names;
}

/// Update pulses. Two-terminal devices cannot be pulsed up and down at once: phases = 2.
struct pulse_configuration {
  femtoseconds width;
  femtoseconds period; ///< >= width
  unsigned phases = 2;
  pulse_charge charge = pulse_charge::actual_bl;
};

/// How symmetry points are measured and references programmed: all cells take pairs of up and down pulses at once until
/// they rest at their symmetry points, these are read line by line, and the references are written. What the result is
/// worth is a parameter of the devices (reference_std).
struct calibration_configuration {
  std::uint32_t pulse_pairs = 2000;
  std::uint32_t reads = 10; ///< of every input line, averaged
};

/// Conductances and voltages of a cross-point enter energy and currents only, its endurance is only reported. Wires
/// bound the time and the energy of a read; what they do to values is the analog product's ir_drop.
struct cell_configuration {
  double g_min_S = 0.1e-6;
  double g_max_S = 1e-6;
  double v_read_V = 0.2;
  double v_write_V = 1.0;
  double wire_Ohm = 0;         ///< of a line, per cell; 0: not modelled
  double wire_F = 0;           ///< same
  endurance_limit endurance{}; ///< 0 pulses: unknown
};

struct tile_configuration {
  std::uint32_t inputs = 1024;
  std::uint32_t outputs = 256;
  cell_configuration cell;
  dac_configuration dac;
  adc_configuration adc;
  sample_and_hold_kind sample_and_hold = sample_and_hold_kind::single;
  unsigned weight_phases = 1; ///< 2: devices of both polarities of a cell are read one after the other
  pulse_configuration pulse;
  femtoseconds output_latency;   ///< digital scaling behind the ADC, once per burst
  femtoseconds program_row_time; ///< write-verify of one input line
  physics::line_faults faults;   ///< broken lines and tiles
  calibration_configuration calibration;
  unsigned input_depth = 1; ///< requests that wait at the tile before the sender is held back
};

} // namespace tilework::hardware
