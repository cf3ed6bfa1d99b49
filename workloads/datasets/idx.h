// SPDX-License-Identifier: Apache-2.0
/// \file IDX files, the format of MNIST and Fashion-MNIST (LeCun, Cortes, Burges): big-endian header, then bytes.
#pragma once

#include <tilework/workloads/datasets/dataset.h>

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace tilework::workload {

/// File names of one set, for messages.
inline constexpr std::string_view idx_file_names =
    "train-images-idx3-ubyte, train-labels-idx1-ubyte, "
    "t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, each plain or .gz";

/// What the files must hold.
struct idx_shape {
  std::uint32_t rows = 28;
  std::uint32_t columns = 28;
  std::uint32_t classes = 10;
};

/// Reads a file of images (magic 2051) and its file of labels (magic 2049). Names that end in .gz are decompressed.
/// \throws input_error `file:0:0: what is wrong` for a missing, truncated, corrupt, overlong or mismatched file
labelled_set read_idx(const std::filesystem::path& images, const std::filesystem::path& labels, idx_shape shape);

/// One half of an MNIST-like set: {train,t10k}-{images-idx3,labels-idx1}-ubyte, each plain or with .gz, plain first.
/// \throws input_error also if a file is missing, naming the files that are expected
labelled_set read_idx_directory(const std::filesystem::path& directory, data_split split, idx_shape shape);

} // namespace tilework::workload
