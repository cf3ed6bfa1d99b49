// SPDX-License-Identifier: Apache-2.0
/// \file Parameters of one direction of an analog matrix-vector multiplication: converters, noise, management.
/// Names, meanings and defaults follow AIHWKit's IOParameters (Rasch et al., AICAS 2021).
#pragma once

#include <tilework/core/field.h>

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace tilework::physics {

/// split_mode, bit_wise: the integer input code is applied in parts, see read_plan.h.
enum class mv_type { ideal, one_pass, pos_neg_separate, pos_neg_separate_digital_sum, split_mode, bit_wise };
enum class noise_management { none, abs_max, abs_max_np_sum, max, constant, average_abs_max };
/// shift is a name of AIHWKit without an implementation there; validate() rejects it.
enum class bound_management { none, iterative, iterative_worst_case, shift };
enum class weight_noise { none, additive_constant, pcm_read };

template <typename E>
using enum_names = std::span<const std::pair<std::string_view, E>>;

namespace detail {
inline constexpr std::array<std::pair<std::string_view, mv_type>, 6> mv_type_names{
    {{"IDEAL", mv_type::ideal},
     {"ONE_PASS", mv_type::one_pass},
     {"POS_NEG_SEPARATE", mv_type::pos_neg_separate},
     {"POS_NEG_SEPARATE_DIGITAL_SUM", mv_type::pos_neg_separate_digital_sum},
     {"SPLIT_MODE", mv_type::split_mode},
     {"BIT_WISE", mv_type::bit_wise}}};
inline constexpr std::array<std::pair<std::string_view, noise_management>, 6> noise_management_names{
    {{"NONE", noise_management::none},
     {"ABS_MAX", noise_management::abs_max},
     {"ABS_MAX_NP_SUM", noise_management::abs_max_np_sum},
     {"MAX", noise_management::max},
     {"CONSTANT", noise_management::constant},
     {"AVERAGE_ABS_MAX", noise_management::average_abs_max}}};
inline constexpr std::array<std::pair<std::string_view, bound_management>, 4> bound_management_names{
    {{"NONE", bound_management::none},
     {"ITERATIVE", bound_management::iterative},
     {"ITERATIVE_WORST_CASE", bound_management::iterative_worst_case},
     {"SHIFT", bound_management::shift}}};
inline constexpr std::array<std::pair<std::string_view, weight_noise>, 3> weight_noise_names{
    {{"NONE", weight_noise::none},
     {"ADDITIVE_CONSTANT", weight_noise::additive_constant},
     {"PCM_READ", weight_noise::pcm_read}}};
} // namespace detail

constexpr enum_names<mv_type> names_of(mv_type) {
  return detail::mv_type_names;
}
constexpr enum_names<noise_management> names_of(noise_management) {
  return detail::noise_management_names;
}
constexpr enum_names<bound_management> names_of(bound_management) {
  return detail::bound_management_names;
}
constexpr enum_names<weight_noise> names_of(weight_noise) {
  return detail::weight_noise_names;
}

/// Signals are dimensionless: weight 1 and input 1 give output 1. A resolution is a step relative to the full range
/// [-bound, bound], or a number of steps if it is above 1; off if <= 0.
struct io_parameters {
  bool is_perfect = false;
  physics::mv_type mv_type = physics::mv_type::one_pass;
  unsigned split_mode_bit_shift = 3; ///< SPLIT_MODE: magnitude bits of the low part

  float inp_bound = 1.0F;
  float inp_res = 1.0F / 126;
  bool inp_sto_round = false;
  float inp_noise = 0;
  float inp_asymmetry = 0;

  float out_bound = 12.0F;
  float out_res = 1.0F / 510;
  bool out_sto_round = false;
  float out_noise = 0.06F;
  float out_noise_std = 0;
  std::vector<float> out_noise_values; ///< std of every read line, instead of out_noise and out_noise_std
  float out_asymmetry = 0;
  float out_scale = 1.0F;

  physics::noise_management noise_management = physics::noise_management::abs_max;
  float nm_thres = 0;
  float nm_assumed_wmax = 0.6F;
  float nm_decay = 1e-3F;

  physics::bound_management bound_management = physics::bound_management::iterative;
  int max_bm_factor = 1000;
  float max_bm_res = 0.25F;
  bool bm_test_negative_bound = true;

  float w_noise = 0;
  weight_noise w_noise_type = weight_noise::none;
  float ir_drop = 0;
  float ir_drop_g_ratio = 1.0F / 0.35F / 5e-6F;
  float out_nonlinearity = 0;
  float out_nonlinearity_std = 0;
  std::vector<float> out_nonlinearity_values; ///< n_i of every read line in y / (1 + n_i |y|), instead of the draw
  float slope_calibration = 0;
  float v_offset_std = 0;
  std::vector<float> v_offset; ///< V_i of every read line, instead of the draw
  float v_offset_w_min = -1.0F;
  float r_series = 0;
  float r_series_max_total = std::numeric_limits<float>::infinity();
  float w_read_asymmetry_dtod = 0;

  /// Calls v(name, member, field) for every parameter.
  template <typename Visitor>
  static void fields(Visitor&& v);

  /// \throws input_error if parameters contradict each other.
  void validate() const;
  /// Lists per line describe the lines of a tile: an array that reads fewer lines takes the first values.
  /// \throws input_error if a list is given and shorter than `read_lines`.
  void require_lines(std::uint32_t read_lines) const;

  friend bool operator==(const io_parameters&, const io_parameters&) = default;
};

template <typename Visitor>
void io_parameters::fields(Visitor&& v) {
  using io = io_parameters;
  v("is_perfect", &io::is_perfect, field{.doc = "exact product, only out_scale is applied"});
  v("mv_type", &io::mv_type, field{.doc = "how inputs are applied: in one read of the array or in parts"});
  v("split_mode_bit_shift", &io::split_mode_bit_shift,
    field{.minimum = 1, .maximum = 22, .doc = "magnitude bits of the low part of SPLIT_MODE"});
  v("inp_bound", &io::inp_bound, field{.doc = "largest DAC value; <= 0: unlimited"});
  v("inp_res", &io::inp_res, field{.doc = "DAC step relative to the full range, or number of steps; <= 0: off"});
  v("inp_sto_round", &io::inp_sto_round, field{.doc = "stochastic rounding in the DAC"});
  v("inp_noise", &io::inp_noise, field{.minimum = 0, .doc = "std of normal noise after the DAC"});
  v("inp_asymmetry", &io::inp_asymmetry, field{.doc = "relative loss of negative inputs"});
  v("out_bound", &io::out_bound, field{.doc = "largest ADC value; <= 0: unlimited"});
  v("out_res", &io::out_res, field{.doc = "ADC step relative to the full range, or number of steps; <= 0: off"});
  v("out_sto_round", &io::out_sto_round, field{.doc = "stochastic rounding in the ADC"});
  v("out_noise", &io::out_noise, field{.minimum = 0, .doc = "std of normal noise before the ADC"});
  v("out_noise_std", &io::out_noise_std, field{.minimum = 0, .doc = "relative spread of out_noise over lines"});
  v("out_noise_values", &io::out_noise_values, field{.minimum = 0, .doc = "std of every line before the ADC"});
  v("out_asymmetry", &io::out_asymmetry, field{.minimum = 0, .doc = "relative loss of negative outputs"});
  v("out_scale", &io::out_scale, field{.doc = "digital factor of the result"});
  v("noise_management", &io::noise_management, field{.doc = "how a vector is scaled to the DAC range"});
  v("nm_thres", &io::nm_thres, field{.minimum = 0, .doc = "upper limit of the scale, or the constant; 0: none"});
  v("nm_assumed_wmax", &io::nm_assumed_wmax, field{.minimum = 0, .doc = "weight assumed by ABS_MAX_NP_SUM"});
  v("nm_decay", &io::nm_decay, field{.minimum = 0, .maximum = 1, .doc = "rate of the running mean of AVERAGE_ABS_MAX"});
  v("bound_management", &io::bound_management, field{.doc = "what happens when the ADC clips (forward only)"});
  v("max_bm_factor", &io::max_bm_factor,
    field{.minimum = 0, .maximum = 1023, .doc = "largest reduction before giving up"});
  v("max_bm_res", &io::max_bm_res, field{.minimum = 0, .doc = "give up when reduction exceeds this / DAC step"});
  v("bm_test_negative_bound", &io::bm_test_negative_bound, field{.doc = "clipping at the lower bound counts too"});
  v("w_noise", &io::w_noise, field{.minimum = 0, .doc = "std of weight noise, fresh for every product"});
  v("w_noise_type", &io::w_noise_type, field{.doc = "law of the weight noise"});
  v("ir_drop", &io::ir_drop, field{.minimum = 0, .doc = "scale of the analytic voltage drop along a line"});
  v("ir_drop_g_ratio", &io::ir_drop_g_ratio,
    field{.minimum = 0, .open_minimum = true, .doc = "wire conductance of one cell / largest device conductance"});
  v("out_nonlinearity", &io::out_nonlinearity, field{.minimum = 0, .doc = "compression at out_bound"});
  v("out_nonlinearity_std", &io::out_nonlinearity_std, field{.minimum = 0, .doc = "relative spread of it over lines"});
  v("out_nonlinearity_values", &io::out_nonlinearity_values,
    field{.minimum = 0, .doc = "n of every line in y / (1 + n |y|)"});
  v("slope_calibration", &io::slope_calibration, field{.minimum = 0, .doc = "where the compression is calibrated out"});
  v("v_offset_std", &io::v_offset_std, field{.minimum = 0, .doc = "spread of the voltage offset of an output"});
  v("v_offset", &io::v_offset, field{.doc = "relative voltage offset of every line"});
  v("v_offset_w_min", &io::v_offset_w_min, field{.doc = "minus the weight of the reference device"});
  v("r_series", &io::r_series, field{.minimum = 0, .doc = "series resistance, fraction of the output current"});
  v("r_series_max_total", &io::r_series_max_total, field{.minimum = 0, .doc = "upper limit of its effect"});
  v("w_read_asymmetry_dtod", &io::w_read_asymmetry_dtod,
    field{.minimum = 0, .doc = "spread over cells of the weight that negative inputs see (POS_NEG_SEPARATE*)"});
}

} // namespace tilework::physics
