// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/operation.h>

namespace tilework {

std::string_view name_of(operation_kind kind) {
  static constexpr std::array<std::string_view, operation_kind_count> names{
      "load_samples",         "program",   "forward_mvm", "backward_mvm",
      "outer_product_update", "vector_op", "refresh",     "read_line",
      "write_line",           "transfer",  "calibrate",   "rest"};
  return names.at(static_cast<std::size_t>(kind));
}

std::string_view name_of(phase p) {
  static constexpr std::array<std::string_view, phase_count> names{"forward", "backward",  "update",   "transfer",
                                                                   "program", "calibrate", "evaluate", "read_out"};
  return names.at(static_cast<std::size_t>(p));
}

std::string_view name_of(vector_function function) {
  static constexpr std::array<std::string_view, vector_function_count> names{"none",
                                                                             "noise_management",
                                                                             "update_management",
                                                                             "accumulate_partial_sums",
                                                                             "add_bias",
                                                                             "bias_activation",
                                                                             "loss_gradient",
                                                                             "activation_gradient",
                                                                             "bias_update",
                                                                             "input_range_estimate",
                                                                             "input_range_apply",
                                                                             "input_range_restore",
                                                                             "input_range_update",
                                                                             "operand_maxima",
                                                                             "output_scale_apply",
                                                                             "output_scale_gradient",
                                                                             "output_scale_update",
                                                                             "draw_normal",
                                                                             "difference",
                                                                             "moving_variance"};
  return names.at(static_cast<std::size_t>(function));
}

std::string_view name_of(transfer_function function) {
  static constexpr std::array<std::string_view, transfer_function_count> names{"none", "fast_rate", "accumulate_line",
                                                                               "accumulate_product", "take_lines"};
  return names.at(static_cast<std::size_t>(function));
}

operation_activity& operation_activity::operator+=(const operation_activity& other) {
  for (std::size_t r = 0; r < vectors_in_round.size(); ++r)
    vectors_in_round[r] += other.vectors_in_round[r];
  active_inputs += other.active_inputs;
  code_sum += other.code_sum;
  code_squares += other.code_squares;
  saturations += other.saturations;
  pulse_slots += other.pulse_slots;
  input_line_pulses += other.input_line_pulses;
  output_line_pulses += other.output_line_pulses;
  coincidences += other.coincidences;
  half_selected += other.half_selected;
  random_bits += other.random_bits;
  update_vectors += other.update_vectors;
  clipped_updates += other.clipped_updates;
  reset_lines += other.reset_lines;
  resets += other.resets;
  hidden_elements += other.hidden_elements;
  fired += other.fired;
  return *this;
}

} // namespace tilework
