// SPDX-License-Identifier: Apache-2.0
#include <tilework/workloads/datasets/dataset.h>

#include <algorithm>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace tilework::workload {
namespace {

void require_matching(std::size_t values, std::uint32_t features, std::size_t labels) {
  if (values != features * labels)
    throw std::invalid_argument("labelled_set: samples and labels differ in number");
}

} // namespace

labelled_set::labelled_set(std::uint32_t features, std::vector<std::uint8_t> samples, std::vector<std::uint8_t> labels)
    : features_(features), samples_(std::move(samples)), labels_(std::move(labels)) {
  require_matching(std::get<0>(samples_).size(), features_, labels_.size());
}

labelled_set::labelled_set(std::uint32_t features, std::vector<float> samples, std::vector<std::uint8_t> labels)
    : features_(features), samples_(std::move(samples)), labels_(std::move(labels)) {
  require_matching(std::get<1>(samples_).size(), features_, labels_.size());
}

labelled_set labelled_set::without_values(std::uint32_t features, unsigned bits_per_feature, std::uint32_t size) {
  constexpr unsigned byte_bits = 8;
  constexpr unsigned float_bits = 32;
  if (bits_per_feature != byte_bits && bits_per_feature != float_bits)
    throw std::invalid_argument("labelled_set: features have 8 or 32 bits");
  labelled_set set;
  set.features_ = features;
  set.labels_.resize(size);
  if (bits_per_feature == float_bits)
    set.samples_ = std::vector<float>();
  return set;
}

void labelled_set::read(std::uint32_t sample, std::span<float> out) const {
  std::visit(
      [&](const auto& samples) {
        using value = typename std::remove_cvref_t<decltype(samples)>::value_type;
        constexpr float full_scale = std::is_same_v<value, std::uint8_t> ? 255.0F : 1.0F;
        const auto row = std::span(samples).subspan(std::size_t{sample} * features_, features_);
        std::ranges::transform(row, out.begin(), [](value v) { return static_cast<float>(v) / full_scale; });
      },
      samples_);
}

void labelled_set::keep_first(std::uint32_t count) {
  if (count >= size())
    return;
  labels_.resize(count);
  std::visit([&](auto& samples) { samples.resize(std::size_t{count} * features_); }, samples_);
}

} // namespace tilework::workload
