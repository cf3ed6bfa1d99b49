// SPDX-License-Identifier: Apache-2.0
/// \file Published statistics of the reference simulator: where they are, and the set-up that each row belongs to.
///
/// The files are CSV, in the directory that TILEWORK_GOLDEN names. Their README tells how they were made.
#pragma once

#include "support/csv.h"
#include "support/devices.h"

#include <tilework/physics/crossbar/analog_array.h>
#include <tilework/physics/devices/constant_step.h>

#include <array>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tilework::test {

/// Directory of the files; empty if there is none.
inline std::string golden_directory() {
  const char* path = std::getenv("TILEWORK_GOLDEN");
  return path == nullptr ? "" : path;
}

inline std::vector<csv_row> read_golden(const std::string& file) {
  return read_csv(golden_directory() + "/" + file);
}

/// Matrix or list of vectors, with columns c0, c1, ...
inline std::vector<std::vector<float>> read_golden_matrix(const std::string& file) {
  std::vector<std::vector<float>> matrix;
  for (const auto& r : read_golden(file)) {
    matrix.emplace_back();
    for (std::size_t c = 0; c < r.size(); ++c)
      matrix.back().push_back(std::stof(r.at("c" + std::to_string(c))));
  }
  return matrix;
}

/// Everything that rows of forward_stats.csv refer to: 24 outputs x 64 inputs, weights row-major.
struct golden_products {
  static constexpr physics::array_shape shape{64, 24};
  std::map<std::string, std::vector<float>> weights;
  std::vector<std::vector<float>> x; ///< inputs of forward products
  std::vector<std::vector<float>> d; ///< inputs of backward products

  static golden_products read() {
    golden_products g;
    for (const auto* name : {"w", "wbig"})
      for (const auto& line : read_golden_matrix("forward_" + std::string(name) + ".csv"))
        g.weights[name].insert(g.weights[name].end(), line.begin(), line.end());
    g.x = read_golden_matrix("forward_x.csv");
    g.d = read_golden_matrix("forward_d.csv");
    return g;
  }
};

/// Parameters of a case of forward_stats.csv, from its name.
inline physics::io_parameters golden_io(const std::string& name) {
  physics::io_parameters p;
  if (name.starts_with("det_") || name.starts_with("inp_sto") || name.starts_with("out_sto") ||
      name.starts_with("w_noise"))
    p.out_noise = 0;
  const auto has = [&](const char* part) { return name.find(part) != std::string::npos; };
  if (has("smallbound"))
    p.out_bound = 1;
  if (has("worst"))
    p.bound_management = physics::bound_management::iterative_worst_case;
  if (has("inp_asym"))
    p.inp_asymmetry = .05F;
  if (has("out_asym"))
    p.out_asymmetry = .05F;
  if (has("inp_only"))
    p.out_res = -1, p.out_bound = 0;
  if (has("out_only"))
    p.inp_res = -1;
  if (has("ir_drop1"))
    p.ir_drop = 1;
  if (has("npsum"))
    p.noise_management = physics::noise_management::abs_max_np_sum;
  if (has("constant0p7"))
    p.noise_management = physics::noise_management::constant, p.nm_thres = .7F;
  if (has("nm_max"))
    p.noise_management = physics::noise_management::max;
  if (has("out_nonlin0p1"))
    p.out_nonlinearity = .1F;
  if (has("posneg"))
    p.mv_type = physics::mv_type::pos_neg_separate;
  if (has("posneg_digital"))
    p.mv_type = physics::mv_type::pos_neg_separate_digital_sum;
  if (name == "inp_sto_round")
    p.inp_sto_round = true;
  if (name == "out_sto_round")
    p.out_sto_round = true;
  if (has("w_noise_add"))
    p.w_noise = .02F, p.w_noise_type = physics::weight_noise::additive_constant;
  if (has("w_noise_pcm"))
    p.w_noise = .0175F, p.w_noise_type = physics::weight_noise::pcm_read;
  return p;
}

/// Operands of all rows of update_stats.csv: x drives the columns, d the rows of an 8 x 8 array.
struct golden_update_operands {
  static constexpr std::array<float, 8> x{1, .5F, .25F, .1F, .03F, 0, -.3F, -1};
  static constexpr std::array<float, 8> d{1, .3F, .1F, .03F, .01F, 0, -.1F, -.6F};
};

/// Columns of the update files that select the parameters.
inline constexpr std::array<const char*, 6> golden_update_columns{
    "pulse_type", "update_management", "update_bl_management", "desired_bl", "lr", "dw_min_std"};

/// Array of a row of update_stats.csv or update_covariance.csv: ConstantStep without any spread, wide bounds.
inline physics::array_parameters golden_update(const csv_row& r) {
  physics::array_parameters p;
  physics::constant_step device;
  device.dw_min_dtod = device.up_down_dtod = device.w_max_dtod = device.w_min_dtod = 0;
  device.w_max = 10;
  device.w_min = -10;
  device.dw_min_std = std::stof(r.at("dw_min_std"));
  p.device = device;
  for (const auto& [name, type] : names_of(physics::pulse_type{}))
    if (name == r.at("pulse_type"))
      p.update.pulse_type = type;
  p.update.update_management = r.at("update_management") == "1";
  p.update.update_bl_management = r.at("update_bl_management") == "1";
  p.update.desired_bl = std::stoi(r.at("desired_bl"));
  return p;
}

/// Devices of the device_*.csv files: name in the files, name here.
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 15> golden_device_names{
    {{"ConstantStepDevice", "ConstantStep"},
     {"LinearStepDevice", "LinearStep"},
     {"SoftBoundsDevice", "SoftBounds"},
     {"SoftBoundsPmaxDevice", "SoftBoundsPmax"},
     {"SoftBoundsReferenceDevice", "SoftBoundsReference"},
     {"ExpStepDevice", "ExpStep"},
     {"PowStepReferenceDevice", "PowStepReference"},
     {"CapacitorPresetDevice", "Capacitor"},
     {"EcRamPresetDevice", "EcRam"},
     {"GokmenVlasovPresetDevice", "GokmenVlasov"},
     {"IdealizedPresetDevice", "Idealized"},
     {"PCMPresetDevice", "PCM"},
     {"ReRamArrayHfO2PresetDevice", "ReRamArrayHfO2"},
     {"ReRamArrayOMPresetDevice", "ReRamArrayOM"},
     {"ReRamSBPresetDevice", "ReRamSB"}}};

/// Name here of a device of the files; empty if it does not exist here.
inline std::string_view golden_device_name(std::string_view in_file) {
  for (const auto& [reference, ours] : golden_device_names)
    if (reference == in_file)
      return ours;
  return {};
}

/// Device of a row with the columns device and, in some files, variant; no_dtod: all differences between devices
/// switched off. \throws input_error if there is no such device
inline physics::device_spec golden_device(const csv_row& r) {
  const auto name = golden_device_name(r.at("device"));
  auto spec = device(name);
  const auto variant = r.find("variant");
  if (variant == r.end() || variant->second != "no_dtod")
    return spec;
  std::string without_spread;
  for (const auto& parameter : catalog::device_registry().parameters(spec))
    if ((parameter.name.ends_with("_dtod") && parameter.name.find('.') == std::string::npos) ||
        parameter.name == "reference_std")
      without_spread += parameter.name + ": 0, ";
  return device(name, without_spread);
}

/// Parameters of devices as they are drawn, by their names in device_hidden_parameters.csv. Empty: no such parameter.
inline std::vector<float> golden_hidden_parameter(const physics::device_spec& spec, std::string_view name,
                                                  std::uint64_t seed, std::uint32_t devices) {
  const auto array = spec.make({{devices, 1}, seed, {}});
  if (name == "persistent_weights")
    return {array->persistent_weights().begin(), array->persistent_weights().end()};
  if (name == "drift_nu" && !array->drifts())
    return std::vector<float>(devices);
  if (name == "diffusion_rates")
    name = "diffusion_rate";
  if (name == "decay_scales")
    name = "decay_keep";
  for (auto& property : array->properties())
    if (property.name == name)
      return std::move(property.values);
  return {};
}

} // namespace tilework::test
