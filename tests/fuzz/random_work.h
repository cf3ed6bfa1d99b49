// SPDX-License-Identifier: Apache-2.0
/// \file Small work for small machines that one number decides: a training, or step programs of any legal order.
#pragma once

#include "fuzz/random_machine.h"

#include <tilework/core/array_region.h>
#include <tilework/core/sample_memory.h>
#include <tilework/core/step_program.h>
#include <tilework/numerics/transfer.h>
#include <tilework/physics/crossbar/analog_array.h>

#include <memory>
#include <span>
#include <vector>

namespace tilework::test {

/// What a machine is elaborated for.
struct random_work {
  random_work() = default;
  random_work(const random_work&) = delete;
  random_work& operator=(const random_work&) = delete;
  virtual ~random_work() = default;

  [[nodiscard]] virtual step_source& source() = 0;
  [[nodiscard]] virtual const sample_memory& samples() const = 0;
  /// Whether all packets go alone: no multicasts, no sums on the way.
  [[nodiscard]] virtual bool packets_go_alone() const = 0;
  [[nodiscard]] virtual bool complete() const = 0;

  hardware::tile_configuration tile;
  platform::machine_configuration machine;
  operand_arena arena;
  std::vector<array_region> arrays;
  std::vector<physics::array_parameters> parameters; ///< by role
  std::vector<numerics::transfer_stage> stages;
  std::uint32_t max_burst = 1;
};

/// An even seed is a training with any algorithm, an odd one a step program of products, updates and vector
/// operations on a few arrays.
std::unique_ptr<random_work> make_work(std::uint64_t seed);

} // namespace tilework::test
