// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/commands.h>
#include <tilework/core/error.h>
#include <tilework/core/nearest_name.h>
#include <tilework/workloads/presets/presets.h>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

namespace tilework::cli {

int list_presets() {
  for (const auto& preset : workload::experiment_preset_texts())
    fmt::print("{}\n", preset.name);
  return exit_done;
}

int show_preset(const std::string& name) {
  const auto presets = workload::experiment_preset_texts();
  const auto found = std::ranges::find(presets, name, &embedded_text::name);
  if (found == presets.end()) {
    std::vector<std::string_view> names;
    std::ranges::transform(presets, std::back_inserter(names), &embedded_text::name);
    throw input_error(fmt::format("unknown preset '{}'; {}", name, suggestion(name, names)));
  }
  fmt::print("{}", found->text);
  return exit_done;
}

} // namespace tilework::cli
