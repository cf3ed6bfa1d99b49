// SPDX-License-Identifier: Apache-2.0
/// \file Labelled samples held in memory.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace tilework::workload {

/// Which half of a data set.
enum class data_split : std::uint8_t { train, test };

/// Samples of equal length with a class each. Stored as bytes (read as byte / 255) or as floats.
class labelled_set {
public:
  labelled_set() = default;
  /// \param samples size x features, row-major  \param labels one per sample
  /// \throws std::invalid_argument if the two sizes do not match
  labelled_set(std::uint32_t features, std::vector<std::uint8_t> samples, std::vector<std::uint8_t> labels);
  labelled_set(std::uint32_t features, std::vector<float> samples, std::vector<std::uint8_t> labels);
  /// As many samples as another set had, of the same width, whose values nobody asks for. \pre never read
  /// \throws std::invalid_argument for other widths than 8 and 32 bits
  static labelled_set without_values(std::uint32_t features, unsigned bits_per_feature, std::uint32_t size);

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(labels_.size()); }
  [[nodiscard]] std::uint32_t features() const { return features_; }
  /// Width of a feature in memory: what loading a sample moves.
  [[nodiscard]] unsigned bits_per_feature() const { return samples_.index() == 0 ? 8 : 32; }
  [[nodiscard]] std::uint8_t label(std::uint32_t sample) const { return labels_[sample]; }
  /// Copies the features of a sample, bytes scaled to [0, 1]. `out` holds features() values.
  void read(std::uint32_t sample, std::span<float> out) const;
  /// Drops all samples from `count` on; nothing if there are fewer.
  void keep_first(std::uint32_t count);

private:
  std::uint32_t features_ = 0;
  std::variant<std::vector<std::uint8_t>, std::vector<float>> samples_;
  std::vector<std::uint8_t> labels_;
};

struct dataset {
  std::string name;
  std::uint32_t classes = 0; ///< labels are 0 ... classes - 1
  labelled_set train;
  labelled_set test;

  [[nodiscard]] std::uint32_t features() const { return train.features(); }
  [[nodiscard]] unsigned bits_per_feature() const { return train.bits_per_feature(); }
};

} // namespace tilework::workload
