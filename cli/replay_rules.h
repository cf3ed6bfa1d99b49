// SPDX-License-Identifier: Apache-2.0
/// \file What a replay may change about a run: nothing that decides a value or which operations a step has.
#pragma once

#include <tilework/cli/experiment.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tilework::cli {

/// A key of two resolved configurations whose values differ; "nothing" stands for a key that one does not have.
struct changed_key {
  std::string path; ///< dotted
  std::string before;
  std::string now;
  friend bool operator==(const changed_key&, const changed_key&) = default;
};

/// All keys that differ, in the order of the files; a list is one value.
std::vector<changed_key> changed_keys(const std::string& before, const std::string& now);

/// Whether somebody has decided about this key of a configuration; others cannot change. \param path dotted
bool has_rule(std::string_view path);

/// A replay takes time, energy and area from the machine, the mapping and the technology that it is given, and
/// everything else from the run: of the machine, converter bits, faults, number format and the cut of layers into
/// arrays decide values too. The number of epochs may be smaller.
/// \throws input_error that names the key and says why it cannot change
void require_same_values(const experiment& recorded, const experiment& wanted);

} // namespace tilework::cli
