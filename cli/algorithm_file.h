// SPDX-License-Identifier: Apache-2.0
/// \file Training algorithms in experiment files: `training.algorithm`, `training.transfer`, `training.device`.
///
///     algorithm: {name: AGAD, replicas: 8, ...}   # AIHWKit's names of parameters, see workloads/algorithm_fields.h
///     transfer: {every: 1 mini_batch, columns_per_event: 1, schedule: after_batch, reduction: controller,
///                update: {desired_bl: 1}}
///     device: EcRam                               # of all roles, or {fast: ..., slow: ...}, or a list, fastest first
///
/// `transfer` is another spelling of transfer_every with units_in_mbatch (`auto`: -1), n_reads_per_transfer and
/// transfer_update; a quantity may be given in one of the two only.
#pragma once

#include <tilework/catalog/device_registry.h>
#include <tilework/config/reader.h>
#include <tilework/physics/crossbar/update_parameters.h>
#include <tilework/physics/devices/device_spec.h>
#include <tilework/physics/periphery/io_parameters.h>
#include <tilework/workloads/algorithm.h>

#include <cstdint>

namespace tilework::cli {

struct training_algorithm {
  workload::algorithm_configuration algorithm;
  physics::device_list devices;               ///< per role
  physics::update_parameters transfer_update; ///< of writes between arrays
  physics::io_parameters transfer_read;       ///< of reads of single lines, always without management
};

/// What an algorithm needs to know of the rest of an experiment.
struct algorithm_context {
  const catalog::device_registry& devices;
  const catalog::io_reader& read_io; ///< of what devices read themselves
  const catalog::curve_listener& on_curve;
  const physics::update_parameters& update; ///< of role 0
  std::uint32_t batch_size = 1;
  std::uint64_t seed = 1;
  bool network_reduces = false; ///< the machine's interconnect adds packets
};

/// Everything but transfer_read, which is not part of `training`.
/// \throws input_error with the place for parameters that are wrong, belong to other algorithms or contradict
training_algorithm read_algorithm(config::reader& training, const algorithm_context& context);

} // namespace tilework::cli
