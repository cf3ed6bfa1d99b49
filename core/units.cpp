// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/core/units.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>
#include <utility>

namespace tilework {
namespace {

/// A unit is worth factor x 10^exponent of the internal unit. Decimal exponents stay apart from factors, so that
/// "0.1 uS" is rounded once.
struct unit {
  std::string_view symbol;
  int exponent = 0;
  double factor = 1;
  bool printed = true; ///< used when a quantity is written
};

constexpr double minute = 60;
constexpr double hour = 3600;
constexpr double day = 86400;
constexpr double kibi = 1024;

constexpr std::array one{unit{"", 0}};
constexpr std::array time_units{unit{"fs", -15},
                                unit{"ps", -12},
                                unit{"ns", -9},
                                unit{"us", -6},
                                unit{"ms", -3},
                                unit{"s", 0},
                                unit{"min", 0, minute, false},
                                unit{"h", 0, hour, false},
                                unit{"d", 0, day, false},
                                unit{"y", 0, 365 * day, false}};
constexpr std::array energy_units{unit{"aJ", -18}, unit{"fJ", -15}, unit{"pJ", -12}, unit{"nJ", -9},
                                  unit{"uJ", -6},  unit{"mJ", -3},  unit{"J", 0},    unit{"kJ", 3}};
constexpr std::array power_units{unit{"fW", -15}, unit{"pW", -12}, unit{"nW", -9}, unit{"uW", -6},
                                 unit{"mW", -3},  unit{"W", 0},    unit{"kW", 3}};
constexpr std::array area_units{unit{"nm2", -18}, unit{"um2", -12}, unit{"mm2", -6}, unit{"cm2", -4, 1, false},
                                unit{"m2", 0, 1, false}};
constexpr std::array length_units{unit{"pm", -12}, unit{"nm", -9},           unit{"um", -6},
                                  unit{"mm", -3},  unit{"cm", -2, 1, false}, unit{"m", 0}};
constexpr std::array conductance_units{unit{"fS", -15}, unit{"pS", -12}, unit{"nS", -9},
                                       unit{"uS", -6},  unit{"mS", -3},  unit{"S", 0}};
constexpr std::array resistance_units{unit{"mOhm", -3}, unit{"Ohm", 0}, unit{"kOhm", 3}, unit{"MOhm", 6},
                                      unit{"GOhm", 9}};
constexpr std::array voltage_units{unit{"nV", -9}, unit{"uV", -6}, unit{"mV", -3}, unit{"V", 0}, unit{"kV", 3}};
constexpr std::array current_units{unit{"fA", -15}, unit{"pA", -12}, unit{"nA", -9},
                                   unit{"uA", -6},  unit{"mA", -3},  unit{"A", 0}};
constexpr std::array capacitance_units{unit{"aF", -18}, unit{"fF", -15}, unit{"pF", -12}, unit{"nF", -9},
                                       unit{"uF", -6},  unit{"mF", -3},  unit{"F", 0}};
constexpr std::array frequency_units{unit{"Hz", 0}, unit{"kHz", 3}, unit{"MHz", 6}, unit{"GHz", 9}, unit{"THz", 12}};
constexpr std::array size_units{unit{"B", 0},
                                unit{"kB", 3},
                                unit{"MB", 6},
                                unit{"GB", 9},
                                unit{"TB", 12},
                                unit{"KiB", 0, kibi, false},
                                unit{"MiB", 0, kibi* kibi, false},
                                unit{"GiB", 0, kibi* kibi* kibi, false},
                                unit{"byte", 0, 1, false},
                                unit{"bytes", 0, 1, false}};
constexpr std::array rate_units{unit{"B/s", 0},
                                unit{"kB/s", 3},
                                unit{"MB/s", 6},
                                unit{"GB/s", 9},
                                unit{"TB/s", 12},
                                unit{"KiB/s", 0, kibi, false},
                                unit{"MiB/s", 0, kibi* kibi, false},
                                unit{"GiB/s", 0, kibi* kibi* kibi, false}};
constexpr std::array width_units{unit{"bit", 0}, unit{"bits", 0, 1, false}};
constexpr std::array cycle_units{unit{"cycles", 0}, unit{"cycle", 0, 1, false}};
constexpr std::array density_units{unit{"nW/mm2", -3}, unit{"uW/mm2", 0}, unit{"mW/mm2", 3}, unit{"W/mm2", 6},
                                   unit{"W/m2", 0, 1, false}};

constexpr std::array op_rate_units{unit{"OPS", 0}, unit{"MOPS", 6}, unit{"GOPS", 9}, unit{"TOPS", 12},
                                   unit{"POPS", 15}};
constexpr std::array op_efficiency_units{unit{"OPS/W", 0}, unit{"GOPS/W", 9}, unit{"TOPS/W", 12}, unit{"POPS/W", 15}};
constexpr std::array op_density_units{unit{"OPS/m2", 0, 1, false}, unit{"MOPS/mm2", 12}, unit{"GOPS/mm2", 15},
                                      unit{"TOPS/mm2", 18}};

struct dimension_description {
  std::string_view noun;
  std::string_view example;
  std::string_view internal_unit;
  std::span<const unit> units;
};

constexpr std::array<dimension_description, dimension_count> descriptions{{
    {"a number", "0.5", "", one},
    {"a time", "175 ns", "s", time_units},
    {"an energy", "0.36 pJ", "J", energy_units},
    {"a power", "2 mW", "W", power_units},
    {"an area", "634 um2", "m2", area_units},
    {"a length", "14 nm", "m", length_units},
    {"a conductance", "0.1 uS", "S", conductance_units},
    {"a resistance", "10 kOhm", "Ohm", resistance_units},
    {"a voltage", "0.2 V", "V", voltage_units},
    {"a current", "30 nA", "A", current_units},
    {"a capacitance", "1 fF", "F", capacitance_units},
    {"a frequency", "1 GHz", "Hz", frequency_units},
    {"a data size", "1 MiB", "B", size_units},
    {"a data rate", "5.33 GB/s", "B/s", rate_units},
    {"a width", "64 bit", "bit", width_units},
    {"a number of cycles", "4 cycles", "cycles", cycle_units},
    {"a power density", "2 uW/mm2", "W/m2", density_units},
    {"a rate of operations", "1 TOPS", "OPS", op_rate_units},
    {"an energy efficiency", "10 TOPS/W", "OPS/W", op_efficiency_units},
    {"a rate of operations per area", "1 TOPS/mm2", "OPS/m2", op_density_units},
}};

const dimension_description& describe(dimension d) {
  return descriptions.at(static_cast<std::size_t>(d));
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// One spelling for micro, ohm and squares.
std::string normalised_unit(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> spellings{
      {{"\u00b5", "u"}, {"\u03bc", "u"}, {"\u03a9", "Ohm"}, {"\u2126", "Ohm"}, {"\u00b2", "2"}, {"^2", "2"}}};
  std::string unit_text;
  for (text = trimmed(text); !text.empty();) {
    const auto special = std::ranges::find_if(spellings, [&](const auto& s) { return text.starts_with(s.first); });
    unit_text += special != spellings.end() ? special->second : text.substr(0, 1);
    text.remove_prefix(special != spellings.end() ? special->first.size() : 1);
  }
  return unit_text;
}

input_error wrong_quantity(std::string_view text, dimension d) {
  const auto& expected = describe(d);
  std::string symbols;
  for (const auto& u : expected.units) {
    if (u.symbol.empty())
      continue;
    symbols += symbols.empty() ? " (" : ", ";
    symbols += u.symbol;
  }
  if (!symbols.empty())
    symbols += ')';
  return input_error(
      fmt::format("expected {} such as '{}'{}, got '{}'", expected.noun, expected.example, symbols, text));
}

/// A positive finite number in decimal: 0.d1d2d3... x 10^point.
struct decimal {
  std::string digits;
  int point = 0;
};

/// \param scientific d[.ddd]e[+-]xx
decimal decimal_from(std::string_view scientific) {
  const auto e = scientific.find('e');
  decimal result;
  for (char c : scientific.substr(0, e))
    if (c != '.')
      result.digits += c;
  const auto last = result.digits.find_last_not_of('0');
  result.digits.erase(last + 1);
  auto exponent = scientific.substr(e + 1);
  if (exponent.front() == '+')
    exponent.remove_prefix(1);
  std::from_chars(exponent.data(), exponent.data() + exponent.size(), result.point);
  ++result.point;
  return result;
}

/// Plain notation where it is short, else scientific.
std::string to_text(const decimal& number) {
  constexpr int longest_integer = 9;
  constexpr int most_leading_zeros = 4;
  const std::string_view digits = number.digits;
  const auto size = static_cast<int>(digits.size());
  if (number.point > longest_integer || number.point < -most_leading_zeros)
    return fmt::format("{}{}{}e{}", digits.substr(0, 1), size > 1 ? "." : "", digits.substr(1), number.point - 1);
  if (number.point <= 0)
    return fmt::format("0.{:0>{}}", digits, size - number.point);
  if (size <= number.point)
    return fmt::format("{:0<{}}", digits, number.point);
  const auto integer_digits = static_cast<std::size_t>(number.point);
  return fmt::format("{}.{}", digits.substr(0, integer_digits), digits.substr(integer_digits));
}

/// The largest printed unit that leaves at least one digit before the point (for areas: two zeros behind it, because
/// their units are a million apart).
const unit& best_unit(const decimal& number, dimension d) {
  const int slack = d == dimension::area ? 2 : 0;
  const auto& units = describe(d).units;
  const unit* best = &units.front();
  for (const auto& u : units)
    if (u.printed && u.exponent < number.point + slack)
      best = &u;
  return *best;
}

std::string with_unit(const std::string& number, std::string_view symbol) {
  if (symbol == "cycles" && number == "1")
    symbol = "cycle";
  return symbol.empty() ? number : fmt::format("{} {}", number, symbol);
}

/// Binary units for whole multiples of 1 KiB, else nothing.
std::optional<std::string> binary_size(double bytes) {
  constexpr double exact_integers = 9007199254740992.0;
  if (bytes < kibi || bytes > exact_integers || std::fmod(bytes, kibi) != 0)
    return std::nullopt;
  constexpr std::array<std::string_view, 3> symbols{"KiB", "MiB", "GiB"};
  std::size_t symbol = 0;
  for (bytes /= kibi; symbol + 1 < symbols.size() && std::fmod(bytes, kibi) == 0; bytes /= kibi)
    ++symbol;
  return fmt::format("{:.0f} {}", bytes, symbols.at(symbol));
}

/// \param scientific text of |si| in scientific notation
std::string render(double si, std::string_view scientific, dimension d) {
  if (si == 0)
    return with_unit("0", describe(d).internal_unit);
  const std::string sign = si < 0 ? "-" : "";
  if (d == dimension::data_size)
    if (const auto text = binary_size(std::abs(si)))
      return sign + *text;
  auto number = decimal_from(scientific);
  const auto& u = best_unit(number, d);
  number.point -= u.exponent;
  return sign + with_unit(to_text(number), u.symbol);
}

} // namespace

double parse_quantity(std::string_view text, dimension d) {
  const auto whole = trimmed(text);
  double ignored = 0;
  const auto number = std::from_chars(whole.data(), whole.data() + whole.size(), ignored);
  const auto number_text = whole.substr(0, static_cast<std::size_t>(number.ptr - whole.data()));
  if (number_text.empty() || number_text.find_first_of("in") != std::string_view::npos) // infinity, not a number
    throw wrong_quantity(text, d);

  const auto symbol = normalised_unit(whole.substr(number_text.size()));
  const auto& units = describe(d).units;
  const auto found = std::ranges::find(units, symbol, &unit::symbol);
  if (found == units.end())
    throw wrong_quantity(text, d);

  const auto e = number_text.find_first_of("eE");
  int exponent = 0;
  if (e != std::string_view::npos) {
    auto digits = number_text.substr(e + 1);
    if (digits.front() == '+')
      digits.remove_prefix(1);
    std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  }
  const auto scaled = fmt::format("{}e{}", number_text.substr(0, e), exponent + found->exponent);
  double value = 0;
  const auto result = std::from_chars(scaled.data(), scaled.data() + scaled.size(), value);
  if (result.ec != std::errc{})
    throw wrong_quantity(text, d);
  return value * found->factor;
}

std::string format_quantity(double si, dimension d, int digits) {
  if (!std::isfinite(si))
    return with_unit(fmt::format("{}", si), describe(d).internal_unit);
  return render(si, fmt::format("{:.{}e}", std::abs(si), digits - 1), d);
}

std::string exact_quantity(double si, dimension d) {
  std::array<char, 32> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(si), std::chars_format::scientific).ptr;
  return render(si, {buffer.data(), static_cast<std::size_t>(end - buffer.data())}, d);
}

std::optional<dimension> dimension_of(std::string_view unit_text) {
  if (unit_text.empty())
    return std::nullopt;
  const auto found = std::ranges::find(descriptions, unit_text, &dimension_description::internal_unit);
  if (found == descriptions.end())
    return std::nullopt;
  return static_cast<dimension>(found - descriptions.begin());
}

} // namespace tilework
