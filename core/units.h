// SPDX-License-Identifier: Apache-2.0
/// \file Physical quantities as text: "175 ns" <-> 1.75e-7. Inside the program every quantity is in SI base units.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tilework {

/// What a number measures, and so which units its text may have. The unit in the comment is the one used internally.
enum class dimension : std::uint8_t {
  dimensionless, ///< 1
  time,          ///< s
  energy,        ///< J
  power,         ///< W
  area,          ///< m2
  length,        ///< m
  conductance,   ///< S
  resistance,    ///< Ohm
  voltage,       ///< V
  current,       ///< A
  capacitance,   ///< F
  frequency,     ///< Hz
  data_size,     ///< byte
  data_rate,     ///< byte/s
  width,         ///< bit
  cycles,        ///< clock cycles
  power_density, ///< W/m2
  op_rate,       ///< operations/s
  op_efficiency, ///< operations/J
  op_density,    ///< operations/(s m2)
};
inline constexpr std::size_t dimension_count = 20;

/// Value in SI units of a number with its unit, correctly rounded: "0.1 uS" is the double 1e-7.
/// Prefixes f p n u (also the micro sign) m k M G T where usual, KiB MiB GiB for data sizes, squares as "mm2" or
/// "mm^2". \throws input_error "expected a time such as '175 ns' (fs, ps, ...), got '175 nm'".
double parse_quantity(std::string_view text, dimension d);

/// For people: "175 ns", "3.21 mJ". \param digits significant decimal digits, 1 to 17.
std::string format_quantity(double si, dimension d, int digits = 4);

/// For files: the shortest text for which parse_quantity() gives back exactly `si`. \pre si is finite
std::string exact_quantity(double si, dimension d);

/// The dimension whose internal unit is spelled `unit` ("s", "J", "m2", ...).
std::optional<dimension> dimension_of(std::string_view unit);

} // namespace tilework
