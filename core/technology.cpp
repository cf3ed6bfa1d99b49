// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/core/technology.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <optional>

namespace tilework {
namespace {

/// Energy per conversion in J: regression over B. Murmann's ADC survey, coefficients of the Accelergy ADC plug-in
/// (adc_data/model.yaml at 6851cb8). The figure of merit is limited by rate and by resolution and scaled with the node.
double adc_survey_energy(int bits, double rate_Hz, double node_m) {
  constexpr double pico = 1e-12;
  const double b = bits;
  const double sndr_dB = 20 * std::log10(2.0) * b + 10 * std::log10(1.5); // full-scale sine over quantisation noise
  const double best_merit_dB = 128.3068287 + 3.220511511 * b;
  const double merit_dB = std::min(213.7806687 - 2.87190304 * std::log(rate_Hz), best_merit_dB);
  const double node_nm = node_m * 1e9;
  const double scale =
      std::exp(26.04962157 + 1.880036921 * std::log(node_nm) - 2.829125605 * std::log(b) - 1.470202213);
  return pico * scale / (2 * std::pow(10.0, (merit_dB - sndr_dB) / 10));
}

/// Area in m2, same source; needs the energy per conversion.
double adc_survey_area(int bits, double rate_Hz, double node_m) {
  constexpr double square_micrometre = 1e-12;
  const double energy_pJ = adc_survey_energy(bits, rate_Hz, node_m) * 1e12;
  const double node_nm = node_m * 1e9;
  return square_micrometre * std::exp(1.346191644 + 0.9932794745 * std::log(node_nm) +
                                      0.1807153842 * std::log(rate_Hz) + 0.2991242619 * std::log(energy_pJ));
}

/// Power in uW of a SAR converter, a bits + b, by process node; fits to SPICE in NeuroSim V2.1's SarADC. Its further
/// term, which falls with the column's resistance, is left out.
struct sar_fit {
  double node_nm;
  double per_bit_uW;
  double fixed_uW;
};
constexpr std::array<sar_fit, 7> sar_fits{{{130, 6.48, 49.0},
                                           {65, 2.95, 22.0},
                                           {45, 2.18, 11.9},
                                           {32, 1.016, 7.63},
                                           {22, 0.721, 3.30},
                                           {14, 0.471, 1.95},
                                           {7, 0.201, 0.68}}};

/// Same source: a conversion takes bits + 1 nanoseconds, whatever the machine's cycle. Nothing for another node.
std::optional<double> adc_sar_energy(int bits, double node_m) {
  const auto* const fit = std::ranges::find_if(
      sar_fits, [&](const sar_fit& f) { return std::abs(f.node_nm - node_m * 1e9) < 1e-6 * f.node_nm; });
  if (fit == sar_fits.end())
    return std::nullopt;
  constexpr double microwatt_nanosecond = 1e-15;
  return (fit->per_bit_uW * bits + fit->fixed_uW) * (bits + 1) * microwatt_nanosecond;
}

/// What counts through its codes takes energy with 2^bits.
double counting_energy(double at_8_bit_J, int bits) {
  return std::ldexp(at_8_bit_J, bits - 8);
}
/// Current-controlled oscillators: the middle of 24 to 29 pJ, half to 60 % of the 49 pJ per line of the HERMES core
/// (12.5 nJ per 256 x 256 product), shares by Singh 2025.
constexpr double adc_cco_at_8_bit_J = 26.5e-12;
/// Digital-to-time converter of TIMELY, Table II (65 nm).
constexpr double dac_time_at_8_bit_J = 37.5e-15;

/// A converter that steps through its codes: NeuRRAM's charge-decrement neuron (130 nm, model of CiMLoop) samples,
/// integrates, and takes 2^bits steps.
double adc_ramp_energy(int bits) {
  constexpr double sample_J = 1.2e-12;
  constexpr double integrate_J = 1.2e-12;
  constexpr double step_J = 0.3e-12 + 0.25e-12; // comparison and integrator
  return sample_J + integrate_J + std::ldexp(step_J, bits);
}

/// Routers at 32 nm. Energy: ISAAC's 20.74 pJ per flit of 256 bit and hop of a mesh, with bits. All that depends on the
/// number of ports: PUMA's table of routers with 4 and 8 (BookSim and Orion: dynamic 16.13 and 51.48 mW, leakage 0.41
/// and 1.04 mW, area 0.047 and 0.116 mm2) as powers; twice the ports pass twice the flits.
double router_figure(priced_quantity quantity, double ports, double flit_bit) {
  constexpr double mesh_ports = 5;
  constexpr double energy_per_bit_J = 20.74e-12 / 256;
  const auto power = [](double of_4, double of_8) { return std::log2(of_8 / of_4); };
  switch (quantity) {
  case priced_quantity::energy:
    return energy_per_bit_J * flit_bit * std::pow(ports / mesh_ports, power(16.13, 51.48) - 1);
  case priced_quantity::area:
    return 0.047e-6 * std::pow(ports / 4, power(0.047, 0.116));
  case priced_quantity::leakage:
    break;
  }
  return 0.41e-3 * std::pow(ports / 4, power(0.41, 1.04));
}

/// 10, 20 and 100 pJ per 64 bit of 8 KiB, 32 KiB and 1 MiB (M. Horowitz, ISSCC 2014): the square root of the capacity
/// within 13 %.
double sram_byte_energy(double capacity_bytes) {
  constexpr double per_byte = 10e-12 / 8;
  constexpr double reference_bytes = 8192;
  return per_byte * std::sqrt(capacity_bytes / reference_bytes);
}

std::string_view name_of_formula(formula f) {
  return formula_names.at(static_cast<std::size_t>(f)).first;
}

/// Evaluates one law; what is missing is reported with the law's name.
class evaluator {
public:
  evaluator(priced_quantity quantity, const machine_quantities& machine, const provenance& origin, double unit_area_m2)
      : quantity_(quantity), machine_(machine), origin_(origin), unit_area_m2_(unit_area_m2) {}

  double operator()(double constant) const { return constant; }

  double operator()(const number_format_law& law) const {
    std::string known;
    for (const auto& [format, value] : law.values) {
      if (format == machine_.number_format)
        return value;
      known += (known.empty() ? "" : ", ") + format;
    }
    throw failure(
        fmt::format("no value for number format '{}', there are values for {}", machine_.number_format, known));
  }

  double operator()(const flit_bit_law& law) const {
    allow(priced_quantity::energy, "per_flit_bit");
    return law.per_bit * needed(machine_.flit_width_bit, "per_flit_bit", "the flit width");
  }

  double operator()(const area_law& law) const {
    allow(priced_quantity::leakage, "per_area");
    return law.W_per_m2 * unit_area_m2_;
  }

  // With all lengths smaller by k, capacitances are smaller by k and areas by k^2 (R. Dennard et al., IEEE J.
  // Solid-State Circuits 9 (1974) 256); the voltage, which hardly falls any more, is taken as equal.
  double operator()(const scaled_law& law) const {
    if (quantity_ == priced_quantity::leakage)
      throw failure("leakage is not scaled between process nodes");
    const double ratio = law.to_m / law.from_m;
    return law.value * (quantity_ == priced_quantity::area ? ratio * ratio : ratio);
  }

  double operator()(const formula_law& f) const { return f.factor * single(f); }

private:
  [[nodiscard]] double single(const formula_law& f) const {
    const auto name = name_of_formula(f.law);
    switch (f.law) {
    case formula::adc_survey:
      return survey(f, name);
    case formula::router:
      return router_figure(quantity_, needed(machine_.router_ports, name, "a network of routers"),
                           needed(machine_.flit_width_bit, name, "the flit width"));
    default:
      allow(priced_quantity::energy, name);
      return energy(f, name);
    }
  }

  [[nodiscard]] double energy(const formula_law& f, std::string_view name) const {
    switch (f.law) {
    case formula::adc_sar:
      return sar(f, name);
    case formula::adc_cco:
      return counting_energy(adc_cco_at_8_bit_J, adc_bits(name));
    case formula::adc_ramp:
      return adc_ramp_energy(adc_bits(name));
    case formula::dac_time:
      return counting_energy(dac_time_at_8_bit_J, static_cast<int>(needed(machine_.dac_bits, name, "the DAC's bits")));
    case formula::sram_access:
      return sram_byte_energy(needed(machine_.buffer_bytes, name, "the buffer's capacity"));
    case formula::line_charge: {
      const double v = needed(machine_.v_read_V, name, "the voltage");
      return v * v * needed(machine_.line_F, name, "the capacitance of wires");
    }
    case formula::ohmic_read:
      return ohmic(machine_.v_read_V, machine_.integration_time_s, name, "the integration time");
    case formula::ohmic_read_slot:
      return ohmic(machine_.v_read_V, machine_.read_slot_s, name, "the DAC's slot");
    case formula::ohmic_drive:
      return ohmic(machine_.v_read_V, machine_.drive_s, name, "the DAC's slot");
    case formula::ohmic_half_select:
      return ohmic(machine_.v_write_V / 2, machine_.pulse_width_s, name, "the pulse width");
    default:
      return ohmic(machine_.v_write_V, machine_.pulse_width_s, name, "the pulse width");
    }
  }

  [[nodiscard]] int adc_bits(std::string_view law) const {
    return static_cast<int>(needed(machine_.adc_bits, law, "the ADC's bits"));
  }

  [[nodiscard]] double survey(const formula_law& f, std::string_view name) const {
    if (quantity_ == priced_quantity::leakage)
      throw failure("formula adc_survey does not give leakage");
    const double rate = needed(machine_.adc_rate_Hz, name, "the ADC's conversion time");
    const double node = needed(f.node_m, name, "a process node");
    return quantity_ == priced_quantity::energy ? adc_survey_energy(adc_bits(name), rate, node)
                                                : adc_survey_area(adc_bits(name), rate, node);
  }

  [[nodiscard]] double sar(const formula_law& f, std::string_view name) const {
    const auto energy = adc_sar_energy(adc_bits(name), needed(f.node_m, name, "a process node"));
    if (!energy)
      throw failure("adc_sar knows the nodes 130, 65, 45, 32, 22, 14 and 7 nm");
    return *energy;
  }

  [[nodiscard]] double ohmic(double V, double time_s, std::string_view name, std::string_view what) const {
    const double conductance = needed(machine_.conductance_S, name, "the cell's conductance");
    const double v = needed(V, name, "the voltage");
    return v * v * conductance * needed(time_s, name, what);
  }

  [[nodiscard]] input_error failure(std::string_view message) const {
    return input_error(fmt::format("{}: {}", origin_.location, message));
  }
  void allow(priced_quantity quantity, std::string_view law) const {
    if (quantity_ != quantity)
      throw failure(fmt::format("{} gives {} only", law, quantity == priced_quantity::energy ? "energy" : "leakage"));
  }
  [[nodiscard]] double needed(double value, std::string_view law, std::string_view what) const {
    if (!(value > 0))
      throw failure(fmt::format("{} needs {}, which is not given", law, what));
    return value;
  }

  priced_quantity quantity_;
  const machine_quantities& machine_;
  const provenance& origin_;
  double unit_area_m2_;
};

std::optional<action> uncovered(const std::vector<action>& wanted, const std::vector<action>& covered) {
  const auto found =
      std::ranges::find_if(wanted, [&](action a) { return std::ranges::find(covered, a) == covered.end(); });
  return found == wanted.end() ? std::nullopt : std::optional(*found);
}

void override_energies(std::vector<energy_price>& prices, const std::vector<energy_price>& later) {
  std::vector<action> overridden;
  for (const auto& price : later)
    overridden.insert(overridden.end(), price.covers.begin(), price.covers.end());
  std::erase_if(prices, [&](const energy_price& old) {
    const auto by = std::ranges::find_if(later, [&](const energy_price& price) {
      return std::ranges::find_first_of(old.covers, price.covers) != old.covers.end();
    });
    if (by == later.end())
      return false;
    if (const auto left = uncovered(old.covers, overridden))
      throw input_error(
          fmt::format("{}: price '{}' replaces only a part of '{}' ({}); {} would be left without a price",
                      by->origin.location, by->name, old.name, old.origin.location, name_of(*left)));
    return true;
  });
  prices.insert(prices.end(), later.begin(), later.end());
}

void override_units(std::vector<unit_price>& prices, const std::vector<unit_price>& later) {
  std::erase_if(prices, [&](const unit_price& old) { return std::ranges::count(later, old.of, &unit_price::of) != 0; });
  prices.insert(prices.end(), later.begin(), later.end());
}

} // namespace

technology merged(technology first, const technology& later) {
  first.name = first.name.empty() ? later.name : first.name + " + " + later.name;
  override_energies(first.energies, later.energies);
  override_units(first.areas, later.areas);
  override_units(first.leakages, later.leakages);
  return first;
}

double evaluate(const price_law& law, priced_quantity quantity, const machine_quantities& machine,
                const provenance& origin, double unit_area_m2) {
  return std::visit(evaluator(quantity, machine, origin, unit_area_m2), law);
}

} // namespace tilework
