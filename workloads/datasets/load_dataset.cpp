// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/core/nearest_name.h>
#include <tilework/workloads/datasets/glyphs.h>
#include <tilework/workloads/datasets/idx.h>
#include <tilework/workloads/datasets/load_dataset.h>
#include <tilework/workloads/datasets/spiral.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <system_error>

namespace tilework::workload {
namespace {

/// What is wrong with the options themselves, not with a file.
input_error refusal(const dataset_options& options, std::string_view what) {
  return input_error(options.where.empty() ? std::string(what) : fmt::format("{}: {}", options.where, what));
}

void limit(labelled_set& set, std::uint32_t samples, const dataset_options& options, std::string_view name,
           std::string_view half) {
  if (samples > set.size())
    throw refusal(options,
                  fmt::format("data set '{}' has {} {} samples, {} were asked for", name, set.size(), half, samples));
  if (samples > 0)
    set.keep_first(samples);
}

dataset load_idx(std::string_view name, const dataset_options& options) {
  if (options.directory.empty())
    throw refusal(options, fmt::format("data set '{0}' comes from files: pass --data DIR with {1} in DIR/{0} or in DIR",
                                       name, idx_file_names));
  auto directory = options.directory / name;
  if (!std::filesystem::is_directory(directory))
    directory = options.directory;
  if (!std::filesystem::is_directory(directory))
    throw input_error(fmt::format("{0}:0:0: no such directory: pass --data DIR with {2} in DIR/{1} or in DIR",
                                  directory.string(), name, idx_file_names));
  const idx_shape shape;
  dataset set{std::string(name), shape.classes, read_idx_directory(directory, data_split::train, shape),
              read_idx_directory(directory, data_split::test, shape)};
  limit(set.train, options.train_samples, options, name, "training");
  limit(set.test, options.test_samples, options, name, "test");
  return set;
}

void require_reasonable_size(std::string_view name, const dataset_options& options) {
  constexpr std::uint32_t most = 1'000'000;
  const std::uint32_t asked = std::max(options.train_samples, options.test_samples);
  if (asked > most)
    throw refusal(options, fmt::format("data set '{}' is generated in memory: at most {} samples, {} were asked for",
                                       name, most, asked));
}

dataset make_glyphs(std::string_view name, const dataset_options& options) {
  require_reasonable_size(name, options);
  const auto half = [&](data_split split, std::uint32_t samples, std::uint32_t usual) {
    return generate_glyphs(options.seed, split, samples > 0 ? samples : usual);
  };
  return {std::string(name), glyph_classes, half(data_split::train, options.train_samples, 10'000),
          half(data_split::test, options.test_samples, 2'000)};
}

dataset make_spiral(std::string_view name, const dataset_options& options) {
  require_reasonable_size(name, options);
  const auto half = [&](data_split split, std::uint32_t samples) {
    if (samples % spiral_classes != 0)
      throw refusal(options,
                    fmt::format("data set '{}' needs a multiple of {} samples (its classes), {} were asked for", name,
                                spiral_classes, samples));
    return generate_spiral(options.seed, split, samples > 0 ? samples / spiral_classes : spiral_default_per_class);
  };
  return {std::string(name), spiral_classes, half(data_split::train, options.train_samples),
          half(data_split::test, options.test_samples)};
}

struct entry {
  std::string_view name;
  dataset (*load)(std::string_view, const dataset_options&);
  dataset_shape shape;
};
constexpr dataset_shape digits{28 * 28, 10};
constexpr dataset_shape plane{2, spiral_classes};
constexpr std::array<entry, 4> registry{{{"fashion-mnist", load_idx, digits},
                                         {"glyphs", make_glyphs, digits},
                                         {"mnist", load_idx, digits},
                                         {"spiral", make_spiral, plane}}};

constexpr auto names = [] {
  std::array<std::string_view, registry.size()> result;
  std::ranges::transform(registry, result.begin(), &entry::name);
  return result;
}();

const entry& entry_of(std::string_view name) {
  const auto* const found = std::ranges::find(registry, name, &entry::name);
  if (found == registry.end())
    throw input_error(fmt::format("unknown data set '{}'; {}", name, suggestion(name, names)));
  return *found;
}

} // namespace

std::span<const std::string_view> dataset_names() {
  return names;
}

dataset_shape shape_of(std::string_view name) {
  return entry_of(name).shape;
}

dataset load_dataset(std::string_view name, const dataset_options& options) {
  return entry_of(name).load(name, options);
}

} // namespace tilework::workload
