// SPDX-License-Identifier: Apache-2.0
/// \file Three interleaved spiral arms in the plane, the small test problem of multi-tile training studies.
#pragma once

#include <tilework/workloads/datasets/dataset.h>

#include <cstdint>

namespace tilework::workload {

inline constexpr std::uint32_t spiral_classes = 3;
inline constexpr std::uint32_t spiral_default_per_class = 1000;

/// Class c, point i of n: radius r = i/(n-1), angle t = 4c + 4r + N(0, 0.2^2), features (r sin 2.5t, r cos 2.5t)
/// (the generator of "Neural Networks from Scratch", Kinsley and Kukiela 2020). Ordered by class, then by radius.
/// The published studies have no test set; ours is an independent draw of the angles from another stream.
labelled_set generate_spiral(std::uint64_t seed, data_split split, std::uint32_t per_class);

} // namespace tilework::workload
