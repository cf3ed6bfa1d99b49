// SPDX-License-Identifier: Apache-2.0
/// \file Data sets by name.
#pragma once

#include <tilework/workloads/datasets/dataset.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace tilework::workload {

struct dataset_options {
  std::filesystem::path directory{}; ///< --data DIR: where sets that come from files are; files in DIR/NAME or in DIR
  std::uint64_t seed = 1;            ///< of generated sets
  std::uint32_t train_samples = 0;   ///< 0 = the set's own number
  std::uint32_t test_samples = 0;
  std::string where{}; ///< file:line:column of these options, for messages
};

/// Known names, ascending: fashion-mnist, glyphs, mnist, spiral.
std::span<const std::string_view> dataset_names();

struct dataset_shape {
  std::uint32_t features = 0;
  std::uint32_t classes = 0;
};
/// Shape of a set without reading it. \throws input_error for an unknown name
dataset_shape shape_of(std::string_view name);

/// Reads or generates a set. Sets from files keep their first train_samples and test_samples; `spiral` takes multiples
/// of its three classes.
/// \throws input_error for an unknown name, missing or malformed files, or more samples than there are (files)
///         or than a million (generated)
dataset load_dataset(std::string_view name, const dataset_options& options);

} // namespace tilework::workload
