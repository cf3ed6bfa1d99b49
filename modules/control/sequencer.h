// SPDX-License-Identifier: Apache-2.0
/// \file Issues step programs: launch, admit, join.
#pragma once

#include <tilework/core/activity_code.h>
#include <tilework/core/phase_timeline.h>
#include <tilework/core/step_program.h>
#include <tilework/core/worker_pool.h>
#include <tilework/modules/control/step_plan.h>
#include <tilework/numerics/number_format.h>
#include <tilework/numerics/transfer.h>
#include <tilework/tlm/four_phase_initiator.h>
#include <tilework/tlm/listener.h>
#include <tilework/tlm/operand_traffic.h>
#include <tilework/tlm/payload_pool.h>
#include <tilework/tlm/timeline.h>

#include <tlm_utils/simple_initiator_socket.h>

#include <chrono>
#include <exception>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <systemc>
#include <tlm>
#include <vector>

namespace tilework::hardware {

/// loosely: one issue loop in order of (ready time, program index) with annotated delays; approximately: four phases
/// per request at their simulated times. Values, counts and dynamic energy are the same.
enum class timing_mode : std::uint8_t { loosely, approximately };

/// Time that the host spent between the begin of a step and its drain, measured on every 16th step by four looks at the
/// clock (approximately timed two more per round of launches). The source's own work between steps is in neither.
struct host_time {
  double total_s = 0;
  double numerics_s = 0; ///< from the first launch to the last join: values, and the calls that start them;
                         ///< without what is computed on arrival
  std::uint64_t sampled_steps = 0;
  std::uint64_t steps = 0;
};

struct sequencer_configuration {
  timing_mode timing = timing_mode::loosely;
  numerics::number_format format = numerics::number_format::fp32; ///< width of operands in buffer, network and memory
  std::uint32_t hub_node = 0;                     ///< where sequencer, vector unit, buffer and memory port sit
  std::vector<std::uint32_t> node_of_array;       ///< network node of the tile that holds each array
  std::vector<numerics::transfer_stage> stages{}; ///< of the training algorithm, by operation::stage
  activity_source* recorded = nullptr; ///< replay: what operations did; null: targets compute it. Must outlive the run
  /// Values are computed when time has come for them, not ahead: loosely timed when an operation is issued,
  /// approximately timed those of arrays when the request reaches its target. For step programs whose products may be
  /// stale, and for devices that live in simulated time.
  bool values_follow_time = false;
};

/// The only initiator of the machine. One step at a time: an operation is launched (values computed, all ready ones in
/// one fork and join) when its predecessors are complete; its operands are read from buffer or memory, the request goes
/// to its target, and the results are written to the buffer or to memory. A step ends with a drain: the next one starts
/// on an idle machine with all clocks at an edge.
///
/// In a replay nothing is launched: every operation has its values and its activity when the step begins, so the same
/// requests go the same ways at times that follow from the same rules.
class sequencer final : public sc_core::sc_module {
public:
  SC_HAS_PROCESS(sequencer);

  tlm_utils::simple_initiator_socket<sequencer> buffer{"buffer"};
  tlm_utils::simple_initiator_socket<sequencer> memory{"memory"};

  sequencer(const sc_core::sc_module_name& name, const sequencer_configuration& configuration, step_source& source,
            operand_arena& arena, std::uint32_t bytes_per_sample, transaction::timeline& time, worker_pool& pool);
  ~sequencer() override;

  /// Way to the tile of array `array`.
  transaction::four_phase_initiator& tile_port(std::uint32_t array) { return *tile_ports_[array]; }
  transaction::four_phase_initiator& vector_port() { return vector_port_; }
  /// Way to the transfer controller. \pre the configuration has stages
  transaction::four_phase_initiator& controller_port() { return *controller_port_; }
  void add_listener(transaction::transaction_listener& listener) { listeners_.add(listener); }

  [[nodiscard]] const phase_timeline& phases() const { return phases_; }
  [[nodiscard]] const host_time& host() const { return host_; }
  [[nodiscard]] std::uint64_t operations_issued(operation_kind kind) const {
    return issued_[static_cast<std::size_t>(kind)];
  }
  /// Time and numbers of operations so far. Only between steps.
  void save(std::ostream& out) const;
  void restore(std::istream& in);
  /// What ended the run early, if anything did; the kernel loses an exception's type when it leaves a process.
  [[nodiscard]] std::exception_ptr failure() const { return failure_; }
  /// Operations of the current step that are not complete; not 0 after the kernel ran out of events = deadlock.
  [[nodiscard]] std::size_t outstanding() const { return current_ == nullptr ? 0 : current_->size() - completed_; }

private:
  /// What comes next for an operation; among equal times in this order. Loosely timed: always ready.
  enum class moment : std::uint8_t { written, answered, ready };
  struct pending {
    femtoseconds time;
    moment what = moment::written;
    std::uint32_t index = 0;
    [[nodiscard]] bool before(const pending& other) const {
      if (time != other.time)
        return time < other.time;
      return what != other.what ? what < other.what : index < other.index;
    }
  };
  /// Earliest first. What is pushed is nearly always the latest: sorting it in from the back beats a heap.
  class pending_queue {
  public:
    [[nodiscard]] bool empty() const { return first_ == sorted_.size(); }
    [[nodiscard]] const pending& front() const { return sorted_[first_]; }
    void push(const pending& p) {
      sorted_.push_back(p);
      for (auto i = sorted_.size() - 1; i > first_ && p.before(sorted_[i - 1]); --i) {
        sorted_[i] = sorted_[i - 1];
        sorted_[i - 1] = p;
      }
    }
    pending pop() { return sorted_[first_++]; }
    /// \pre empty
    void clear() {
      sorted_.clear();
      first_ = 0;
    }

  private:
    std::vector<pending> sorted_; ///< from first_ on
    std::size_t first_ = 0;
  };
  struct progress {
    std::uint32_t open_predecessors = 0;
    std::uint32_t answered = 0; ///< of a reduction: members so far
    femtoseconds ready;
    std::optional<femtoseconds> shared; ///< of a multicast: when its first request had read the operands; of a
                                        ///< reduction: when the latest of its members came
  };
  using memory_socket = tlm_utils::simple_initiator_socket<sequencer>;

  void run();
  void execute(const step& s);
  void begin_step(const step& s);
  void end_step();
  void run_loosely();
  void run_approximately();
  void admit(std::uint32_t index);
  void wait_for_next();
  void advance_until_woken(transaction::agenda& ahead);
  void begin_approximately(std::uint32_t index);
  void note_operation(std::uint32_t index);
  void catch_up();
  void launch(std::span<const std::uint32_t> indices);
  /// The same, and the host's time for it where steps are sampled.
  void launch_timed(std::span<const std::uint32_t> indices);
  void fork_and_join();
  void load(transaction::tile_request& request);
  [[nodiscard]] bool is_computed_on_arrival(const operation& op) const;
  void let_time_pass(std::uint32_t index);
  void prepare(std::uint32_t index);
  femtoseconds transport(std::uint32_t index);
  void read_operands(const planned_operation& planned, sc_core::sc_time& delay);
  void write_results(const planned_operation& planned, sc_core::sc_time& delay);
  bool join_reduction(const planned_operation& planned, sc_core::sc_time& delay);
  femtoseconds write_results(const planned_operation& planned, femtoseconds at);
  void access(memory_socket& socket, const planned_operation& planned, const memory_access& moved,
              ::tlm::tlm_command command, sc_core::sc_time& delay);
  void complete(std::uint32_t index, femtoseconds done);
  void response_arrived(::tlm::tlm_generic_payload& payload);
  static void expect_ok(const ::tlm::tlm_generic_payload& answered, const operation& op);
  step_plan& plan_of(const step_program& program);

  sequencer_configuration configuration_;
  step_source& source_;
  operand_arena& arena_;
  std::uint32_t bytes_per_sample_;
  transaction::timeline& time_;
  worker_pool& pool_;
  transaction::payload_pool payloads_;
  transaction::four_phase_initiator vector_port_;
  std::unique_ptr<transaction::four_phase_initiator> controller_port_; ///< null without transfer stages
  std::vector<std::unique_ptr<transaction::four_phase_initiator>> tile_ports_;
  transaction::listener_list listeners_;

  std::vector<std::unique_ptr<step_plan>> plans_; ///< of the programs seen so far
  step_plan* current_ = nullptr;                  ///< of the step that runs
  step_context context_;                          ///< the same
  std::vector<progress> progress_;
  std::vector<std::uint32_t> ready_; ///< admitted, not launched yet
  std::vector<kernel*> kernels_;     ///< posted by the launches of this round
  std::uint64_t forks_ = 1;
  std::vector<std::uint64_t> posted_at_; ///< per array: forks_ at its last launch
  pending_queue queue_;
  std::uint32_t completed_ = 0;
  std::uint64_t next_operation_id_ = 0; ///< number of the step's first operation
  std::vector<std::uint64_t> weight_versions_;
  std::vector<std::uint64_t> versions_at_start_;
  femtoseconds trained_;                     ///< training time before this step, if values follow time
  std::vector<femtoseconds> last_rested_;    ///< per array: training time of its last rest, the same
  ::tlm::tlm_generic_payload memory_access_; ///< one at a time: memories answer b_transport without waiting
  transaction::operand_traffic memory_traffic_;
  std::size_t scratch_bytes_ = 0;
  /// Where foreign memories may write; the machine's own do not, so it takes no real memory.
  std::unique_ptr<unsigned char[]> scratch_; // NOLINT(*-avoid-c-arrays): a vector would touch it

  phase_timeline phases_;
  std::array<std::uint64_t, operation_kind_count> issued_{};
  host_time host_;
  bool sampled_ = false;
  std::chrono::steady_clock::duration numerics_{};
  std::exception_ptr failure_;
  transaction::wakeup arrived_;
  transaction::wakeup due_; ///< what is first in the queue
  bool woken_ = false;      ///< by one of them
};

} // namespace tilework::hardware
