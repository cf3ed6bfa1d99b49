// SPDX-License-Identifier: Apache-2.0
/// \file Who waited for whom, what decides a step's end and what would make it faster, over many steps.
#pragma once

#include <tilework/core/step_timing.h>

#include <array>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

namespace tilework {

/// Waits of one sort of operation for a unit that another sort held.
struct stall {
  std::string resource;
  std::string waiter;
  std::string holder; ///< empty: held back at the full input of its target
  std::uint64_t count = 0;
  femtoseconds time;
};

/// Time on the critical path.
struct path_share {
  std::string what; ///< a kind of unit, "waiting", or an operation of a layer
  femtoseconds time;
};

/// One kind of unit.
struct unit_bottleneck {
  resource_kind kind{};
  std::string busiest;    ///< unit
  femtoseconds busy;      ///< of it: no step can be shorter
  femtoseconds all_busy;  ///< mean over the units of this kind
  femtoseconds time_free; ///< of the steps, if all units of this kind took no time
};

/// Over the observed steps.
struct timing_results {
  std::uint64_t steps = 0;
  std::uint64_t interval = 0; ///< one step of so many is observed
  femtoseconds time;          ///< of the observed steps
  std::vector<stall> stalls;  ///< longest first
  std::vector<path_share> path_kinds;
  std::vector<path_share> path_operations; ///< both longest first
  std::vector<unit_bottleneck> units;      ///< kinds that the machine has
};

/// Sums over steps; takes what it needs from each and keeps none.
class timing_analysis {
public:
  explicit timing_analysis(std::span<const resource> resources);

  void add(const recorded_step& step);
  /// Names instead of numbers. \param interval see timing_results
  [[nodiscard]] timing_results results(std::uint64_t interval) const;

  void save(std::ostream& out) const;
  void restore(std::istream& in);

private:
  struct stall_key {
    std::uint32_t resource = no_resource;
    operation_label waiter;
    operation_label holder; ///< of a full input: unused
    friend auto operator<=>(const stall_key&, const stall_key&) = default;
  };
  struct stall_sum {
    std::uint64_t count = 0;
    femtoseconds time;
  };
  void add_stalls(const recorded_step& step);
  void add_wait(const recorded_step& step, std::uint32_t booking);
  void add_stall(std::uint32_t resource, const operation& waiter, const operation* holder, femtoseconds time);

  std::span<const resource> resources_;
  std::array<bool, resource_kind_count> present_{};
  step_timing timing_;
  std::uint64_t steps_ = 0;
  femtoseconds time_;
  std::map<stall_key, stall_sum> stalls_;
  std::array<femtoseconds, resource_kind_count> path_kinds_{};
  femtoseconds waiting_;
  std::map<operation_label, femtoseconds> path_operations_;
  std::vector<femtoseconds> busy_; ///< by resource
  std::array<femtoseconds, resource_kind_count> time_free_{};
};

} // namespace tilework
