// SPDX-License-Identifier: Apache-2.0
/// \file A machine as modules: elaborates a configuration for the arrays that a workload maps onto it.
#pragma once

#include <tilework/core/action_counts.h>
#include <tilework/core/array_region.h>
#include <tilework/core/sample_memory.h>
#include <tilework/core/worker_pool.h>
#include <tilework/modules/control/sequencer.h>
#include <tilework/modules/digital/matrix_unit.h>
#include <tilework/modules/interconnect/interconnect.h>
#include <tilework/modules/tile/tile.h>
#include <tilework/platforms/accounts.h>
#include <tilework/platforms/machine_configuration.h>

#include <algorithm>
#include <iosfwd>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace tilework::platform {

/// What a machine is built for. References must outlive the machine.
struct elaboration {
  std::span<const array_region> arrays;
  std::span<const physics::array_parameters> parameters; ///< by role; a single one is that of all arrays
  std::uint64_t seed = 1;
  std::uint32_t max_burst = 1; ///< vectors of the largest operation
  hardware::timing_mode timing = hardware::timing_mode::loosely;
  step_source& source;
  const sample_memory& samples;
  operand_arena& arena; ///< allocated
  worker_pool& pool;
  std::span<const numerics::transfer_stage> stages{}; ///< of the training algorithm, by operation::stage
  activity_source* recorded = nullptr; ///< replay: what operations did, and arrays without values; null: computed
  bool values_follow_time = false;     ///< see hardware::sequencer_configuration
  std::span<const std::uint32_t> build_order{}; ///< of the arrays' modules; empty: by number. No result depends on it
};

/// One tile or one digital matrix unit per node of a network; sequencer, vector unit, transfer controller, buffer and
/// memory port at node 0, on the first chip. The transfer controller is elaborated for work with stages only.
class machine {
public:
  machine(const machine_configuration& configuration, const elaboration& work);
  ~machine();
  machine(const machine&) = delete;
  machine& operator=(const machine&) = delete;

  /// Runs until the source has no more steps. \throws what ended the run early; run_error if the machine is stuck.
  void run();

  [[nodiscard]] const ledger& books() const { return books_; }
  /// Those of all components that work can reach: not of tiles without an array.
  [[nodiscard]] std::vector<const component_account*> accounts_in_use() const;
  [[nodiscard]] hardware::sequencer& control() { return *sequencer_; }
  [[nodiscard]] const hardware::sequencer& control() const { return *sequencer_; }
  /// What holds an array.
  [[nodiscard]] const hardware::array_target& tile_of(std::size_t array) const { return *tiles_[array]; }
  /// Between steps.
  [[nodiscard]] hardware::array_target& tile_of(std::size_t array) { return *tiles_[array]; }
  /// Everything that is booked; a booking names its place in this list.
  [[nodiscard]] std::span<const resource> resources() const { return resources_; }
  /// From the next step on bookings are noted in a log; null: nowhere. Between steps.
  void observe(booking_log* log);
  /// Calendar bookings that found their resource taken: where it is 0, loosely and approximately timed runs take equal
  /// time.
  [[nodiscard]] std::uint64_t delayed_requests() const;
  /// Network bookings made out of time order.
  [[nodiscard]] std::uint64_t out_of_order_requests() const {
    return before_resume_.out_of_order + network_->bookings().out_of_order;
  }
  /// How much earlier, at most, such a booking was than one made before it.
  [[nodiscard]] femtoseconds largest_skew() const {
    return std::max(before_resume_.largest_skew, network_->bookings().largest_skew);
  }

  /// Weights of all arrays and everything counted and timed so far. Only between steps.
  void save(std::ostream& out) const;
  void restore(std::istream& in);

private:
  struct contention_counts {
    std::uint64_t delayed = 0;
    std::uint64_t out_of_order = 0;
    femtoseconds largest_skew;
  };
  void list_resources();
  void build_controller(const elaboration& work);
  void build_arrays(const elaboration& work);
  [[nodiscard]] std::unique_ptr<hardware::array_target> make_array(const elaboration& work, std::uint32_t array);

  machine_configuration configuration_;
  std::unique_ptr<transaction::agenda>
      ahead_; ///< null: loosely timed runs need none, and routers ask the kernel what comes next
  transaction::timeline time_;
  ledger books_;
  machine_accounts accounts_;
  std::set<std::uint32_t> mapped_tiles_;
  std::unique_ptr<hardware::interconnect> network_;
  std::unique_ptr<hardware::vector_unit> vector_unit_;
  std::unique_ptr<hardware::sram_buffer> buffer_;
  std::unique_ptr<hardware::memory_port> memory_;
  std::unique_ptr<hardware::transfer_controller> controller_;  ///< null without transfers
  std::vector<std::unique_ptr<hardware::matrix_unit>> units_;  ///< of a digital machine, per node
  std::vector<std::unique_ptr<hardware::array_target>> tiles_; ///< per array
  std::unique_ptr<hardware::sequencer> sequencer_;
  std::vector<resource> resources_;
  std::vector<transaction::resource_calendar*> calendars_; ///< of the first of them
  contention_counts before_resume_;                        ///< of the part of the run that a checkpoint replaces
};

} // namespace tilework::platform
