// SPDX-License-Identifier: Apache-2.0
/// \file The families of comparisons, one function per file of the reference.
///
/// A model that is added later is compared as soon as it exists: rows whose parameters are not valid here are counted
/// in a note below the table instead. A further file is one more function that adds its family with
/// acceptance::add() and hands its samples to family::mean() and family::deviation().
#pragma once

#include "validation/golden/acceptance.h"

#include <cstdint>

namespace tilework::golden {

/// forward_stats.csv: products in both directions.
void compare_products(acceptance& all, std::uint64_t seed);
/// update_stats.csv and update_covariance.csv: weight changes of single pulsed updates.
void compare_updates(acceptance& all, std::uint64_t seed);
/// device_pulse_response.csv: weights after up to 2,000 up and 2,000 down pulses.
void compare_pulse_responses(acceptance& all, std::uint64_t seed);
/// device_hidden_parameters.csv: parameters as they are drawn.
void compare_hidden_parameters(acceptance& all, std::uint64_t seed);
/// device_symmetry_point.csv: where alternating pulses lead.
void compare_symmetry_points(acceptance& all, std::uint64_t seed);
/// pcm_inference.csv and pcm_gdc_alpha.csv: programmed and drifted weights, with and without compensation.
void compare_inference(acceptance& all, std::uint64_t seed);

} // namespace tilework::golden
