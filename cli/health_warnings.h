// SPDX-License-Identifier: Apache-2.0
/// \file Says in words why a run does not learn, where one number of its health explains it.
#pragma once

#include <tilework/core/results.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tilework::cli {

/// What health is judged by.
struct learning_facts {
  std::uint32_t classes = 2;
  bool bit_length_adapts = true; ///< update-BL management: a train is as long as its pulses need
  bool transfers = false;        ///< pulses of the fast array are read into another one
};

/// Whether a run learned: its last accuracy is at least 1.5 times chance (of equally frequent classes; half way from
/// chance to 1 where that is less), and either it is better than three evaluations before or the training loss is below
/// half of what guessing has, ln(classes).
bool is_learning(std::span<const evaluation_row> evaluations, std::uint32_t classes);

/// One sentence per cause found in the last evaluation; none for a run that learned or was never evaluated.
std::vector<std::string> health_warnings(std::span<const evaluation_row> evaluations, const learning_facts& facts);

} // namespace tilework::cli
