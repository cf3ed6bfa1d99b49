// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/operation.h>

namespace tilework {

std::string_view name_of(operation_kind kind) {
  static constexpr std::array<std::string_view, operation_kind_count> names{
      "load_samples", "program", "forward_mvm", "backward_mvm", "outer_product_update", "vector_op"};
  return names.at(static_cast<std::size_t>(kind));
}

std::string_view name_of(phase p) {
  static constexpr std::array<std::string_view, phase_count> names{"forward", "backward",  "update",  "transfer",
                                                                   "program", "calibrate", "evaluate"};
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
                                                                             "input_range_update"};
  return names.at(static_cast<std::size_t>(function));
}

} // namespace tilework
