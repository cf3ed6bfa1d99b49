// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/byte_stream.h>
#include <tilework/core/error.h>
#include <tilework/modules/control/sequencer.h>

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace tilework::hardware {
namespace {

constexpr std::uint64_t sampling_interval = 16;
constexpr std::uint64_t first_sample = 4; // the first steps see cold memory and make plans
constexpr std::uint64_t steps_ahead = 64; // loosely timed: how far the issue loop runs ahead of the kernel's time
constexpr std::size_t stack_bytes = std::size_t{1} << 20U; // kernels run inline on it, with temporaries of their own

} // namespace

sequencer::sequencer(const sc_core::sc_module_name& name, const sequencer_configuration& configuration,
                     step_source& source, operand_arena& arena, std::uint32_t bytes_per_sample,
                     transaction::timeline& time, worker_pool& pool)
    : sc_module(name),
      configuration_(configuration),
      source_(source),
      arena_(arena),
      bytes_per_sample_(bytes_per_sample),
      time_(time),
      pool_(pool),
      vector_port_(
          "vector_port", [this](auto& payload) { response_arrived(payload); }, &time),
      posted_at_(configuration.node_of_array.size(), 0),
      weight_versions_(configuration.node_of_array.size(), 0),
      last_rested_(configuration.node_of_array.size()),
      arrived_("arrived", time.ahead()),
      due_("due", time.ahead()) {
  for (std::size_t a = 0; a < configuration.node_of_array.size(); ++a)
    tile_ports_.push_back(std::make_unique<transaction::four_phase_initiator>(
        ("tile_port" + std::to_string(a)).c_str(), [this](auto& payload) { response_arrived(payload); }, &time));
  if (!configuration.stages.empty())
    controller_port_ = std::make_unique<transaction::four_phase_initiator>(
        "controller_port", [this](auto& payload) { response_arrived(payload); }, &time);
  memory_access_.set_extension(&memory_traffic_);
  if (auto* const ahead = time.ahead())
    ahead->spawn([this] { woken_ = true; }, {&arrived_, &due_});
  SC_THREAD(run);
  set_stack_size(stack_bytes);
}

sequencer::~sequencer() {
  memory_access_.clear_extension(&memory_traffic_);
} // a member: not the payload's to delete

void sequencer::run() {
  try {
    while (const auto next = source_.next())
      execute(*next);
    catch_up();
  } catch (...) {
    failure_ = std::current_exception();
  }
  sc_core::sc_stop();
}

void sequencer::execute(const step& s) {
  using clock = std::chrono::steady_clock;
  sampled_ = host_.steps++ % sampling_interval == first_sample;
  numerics_ = {};
  const auto begin = sampled_ ? clock::now() : clock::time_point{};
  listeners_.step_begins(s);
  begin_step(s);
  if (configuration_.timing == timing_mode::loosely)
    run_loosely();
  else
    run_approximately();
  end_step();
  if (sampled_) {
    ++host_.sampled_steps;
    host_.total_s += std::chrono::duration<double>(clock::now() - begin).count();
    host_.numerics_s += std::chrono::duration<double>(numerics_).count();
  }
  source_.finished(s);
}

step_plan& sequencer::plan_of(const step_program& program) {
  for (const auto& known : plans_)
    if (&known->program() == &program)
      return *known;
  const auto port_of = [this](const operation& op) -> transaction::four_phase_initiator* {
    if (op.array != no_array)
      return tile_ports_[op.array].get();
    if (op.kind == operation_kind::transfer)
      return controller_port_.get();
    return op.kind == operation_kind::vector_op ? &vector_port_ : nullptr;
  };
  const plan_inputs in{arena_,
                       payloads_,
                       context_,
                       configuration_.format,
                       bytes_per_sample_,
                       configuration_.hub_node,
                       configuration_.node_of_array,
                       port_of};
  auto& plan = *plans_.emplace_back(std::make_unique<step_plan>(program, in));
  if (plan.largest_access() > scratch_bytes_) {
    scratch_bytes_ = plan.largest_access();
    scratch_ = std::make_unique_for_overwrite<unsigned char[]>(scratch_bytes_); // NOLINT(*-avoid-c-arrays)
    memory_access_.set_data_ptr(scratch_.get());
  }
  progress_.resize(std::max(progress_.size(), plan.size()));
  return plan;
}

void sequencer::begin_step(const step& s) {
  current_ = &plan_of(*s.program);
  context_ = s.context;
  completed_ = 0;
  queue_.clear();
  if (auto* log = time_.log())
    log->begin_step(next_operation_id_);
  versions_at_start_ = weight_versions_;
  if (configuration_.recorded != nullptr)
    configuration_.recorded->begin_step();
  trained_ = phases_.training_time();
  for (std::uint32_t i = 0; i < current_->size(); ++i) {
    progress_[i] = {static_cast<std::uint32_t>(s.program->predecessors(i).size()), 0, {}, {}};
    prepare(i);
    if (progress_[i].open_predecessors == 0)
      admit(i);
  }
  next_operation_id_ += current_->size();
}

void sequencer::end_step() {
  const auto length = phases_.end_step();
  time_.drain(length);
  if (configuration_.timing == timing_mode::approximately || host_.steps % steps_ahead == 0)
    catch_up();
  if (listeners_.active())
    listeners_.drained(context_.step, length);
  current_ = nullptr;
}

/// The kernel's time reaches the last drain.
void sequencer::catch_up() {
  if (const auto origin = transaction::to_sc_time(time_.origin()); origin > sc_core::sc_time_stamp())
    wait(origin - sc_core::sc_time_stamp());
}

/// All predecessors are complete: the operation may be launched and waits for its turn.
void sequencer::admit(std::uint32_t index) {
  if (configuration_.timing == timing_mode::approximately)
    ready_.push_back(index);
  queue_.push({progress_[index].ready, moment::ready, index});
}

void sequencer::run_loosely() {
  // Where values do not depend on time, all are computed first: the issue loop then runs with warm caches.
  const auto begin = sampled_ ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point{};
  const bool at_once = configuration_.recorded == nullptr && !configuration_.values_follow_time;
  const std::size_t ahead = at_once ? current_->waves() : 0;
  for (std::size_t w = 0; w < ahead; ++w)
    launch(current_->wave(w));
  if (sampled_)
    numerics_ = std::chrono::steady_clock::now() - begin;
  while (completed_ < current_->size()) {
    const auto next = queue_.pop();
    if (configuration_.values_follow_time)
      launch_timed({&next.index, 1});
    complete(next.index, transport(next.index));
  }
}

void sequencer::run_approximately() {
  while (completed_ < current_->size()) {
    if (configuration_.recorded == nullptr)
      launch_timed(ready_);
    ready_.clear();
    const auto now = time_.now();
    if (queue_.empty() || queue_.front().time > now) {
      wait_for_next();
      continue;
    }
    const auto next = queue_.pop();
    const auto& planned = (*current_)[next.index];
    switch (next.what) {
    case moment::ready:
      begin_approximately(next.index);
      break;
    case moment::answered:
      note_operation(next.index);
      expect_ok(planned.request.payload(), current_->program().operations()[next.index]);
      queue_.push({write_results(planned, next.time), moment::written, next.index});
      break;
    case moment::written:
      complete(next.index, next.time);
      break;
    }
  }
}

/// Bookings that come next are those of operation `index`.
void sequencer::note_operation(std::uint32_t index) {
  if (auto* log = time_.log())
    log->set_operation((*current_)[index].request.request().operation_id);
}

/// Until an answer is there, or what is next in the queue is due.
void sequencer::wait_for_next() {
  if (!queue_.empty())
    due_.notify(transaction::to_sc_time(queue_.front().time - time_.now()));
  if (auto* const ahead = time_.ahead())
    advance_until_woken(*ahead);
  else
    wait(due_.event() | arrived_.event());
  due_.cancel();
}

void sequencer::advance_until_woken(transaction::agenda& ahead) {
  woken_ = false;
  while (!woken_)
    if (!ahead.advance())
      wait(due_.event()); // for ever: the kernel finds out that the machine is stuck
}

void sequencer::begin_approximately(std::uint32_t index) {
  note_operation(index);
  const auto& planned = (*current_)[index];
  sc_core::sc_time delay;
  read_operands(planned, delay);
  if (planned.port != nullptr) {
    planned.request.payload().set_response_status(::tlm::TLM_INCOMPLETE_RESPONSE);
    planned.port->send(planned.request.payload(), transaction::to_femtoseconds(delay));
  } else {
    queue_.push({write_results(planned, time_.now(delay)), moment::written, index});
  }
}

/// Leaves all work to the thread: the kernel would lose an exception here, and the order of simultaneous responses
/// must not matter.
void sequencer::response_arrived(::tlm::tlm_generic_payload& payload) {
  const auto& request = transaction::tile_request::of(payload);
  const auto index = static_cast<std::uint32_t>(request.op - current_->program().operations().data());
  queue_.push({time_.now(), moment::answered, index});
  arrived_.notify(sc_core::SC_ZERO_TIME);
}

/// Values of operations whose operands are final: one fork and join, or more if an array has several of them, since
/// it works on one at a time.
void sequencer::launch(std::span<const std::uint32_t> indices) {
  for (const auto index : indices) {
    const auto& planned = (*current_)[index];
    auto& request = planned.request.request();
    if (request.op->kind == operation_kind::load_samples || request.op->kind == operation_kind::program)
      load(request);
    if (planned.summed.vectors > 1)
      numerics::add_to_first(planned.summed);
    if (request.op->kind == operation_kind::rest && configuration_.values_follow_time)
      let_time_pass(index);
    if (is_computed_on_arrival(*request.op))
      continue;
    if (request.op->array != no_array) {
      auto& posted = posted_at_[request.op->array];
      if (posted == forks_)
        fork_and_join();
      posted = forks_;
    }
    if (planned.port != nullptr)
      planned.port->launch(planned.request.payload());
    if (request.posted != nullptr)
      kernels_.push_back(request.posted);
  }
  fork_and_join();
}

void sequencer::launch_timed(std::span<const std::uint32_t> indices) {
  const auto begin = sampled_ ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point{};
  launch(indices);
  if (sampled_)
    numerics_ += std::chrono::steady_clock::now() - begin;
}

bool sequencer::is_computed_on_arrival(const operation& op) const {
  return configuration_.values_follow_time && configuration_.timing == timing_mode::approximately &&
         op.array != no_array && op.kind != operation_kind::program;
}

/// A rest follows the last one of the array by the training time in between: evaluations, programming and read-outs do
/// not count.
void sequencer::let_time_pass(std::uint32_t index) {
  auto& request = (*current_)[index].request.request();
  auto& last = last_rested_[request.op->array];
  const auto now = trained_ + progress_[index].ready;
  request.rested = now - last;
  last = now;
}

void sequencer::fork_and_join() {
  ++forks_;
  if (kernels_.empty())
    return;
  pool_.run(kernels_);
  kernels_.clear();
}

/// Memories have no launch: a debug access moves samples and initial weights, the timed access comes later. A tile
/// has taken its weights when its launch is over, so those of the next one may have the same place.
void sequencer::load(transaction::tile_request& request) {
  const auto& op = *request.op;
  memory_traffic_.request = &request;
  if (op.kind == operation_kind::program)
    memory_traffic_.weights = arena_.view(op.inputs[0].slot);
  memory_access_.set_command(::tlm::TLM_READ_COMMAND);
  memory_access_.set_data_length(0);
  memory->transport_dbg(memory_access_);
  request.computed = op.kind == operation_kind::load_samples;
}

/// What a step changes about a transaction.
void sequencer::prepare(std::uint32_t index) {
  const auto& planned = (*current_)[index];
  auto& request = planned.request.request();
  const auto& op = *request.op;
  request.operation_id = next_operation_id_ + index;
  request.posted = nullptr;
  request.computed = false;
  request.multicast = planned.multicast == no_group ? 0 : next_operation_id_ + planned.multicast + 1;
  request.reduction = planned.reduction == no_group ? 0 : next_operation_id_ + planned.reduction + 1;
  if (op.stage != no_stage) {
    request.line_read = context_.lines_read[op.stage] + op.read;
    request.line = configuration_.stages[op.stage].order.line_of(request.line_read);
  } else if (op.kind == operation_kind::read_line) { // of a whole array
    request.line_read = context_.first_vector;
    request.line = 0;
  }
  if (configuration_.recorded != nullptr) {
    request.computed = true;
    if (has_recorded_activity(op.kind))
      configuration_.recorded->read(op, request.activity);
  }
  if (op.array == no_array)
    return;
  if (configuration_.recorded == nullptr)
    request.activity = {};
  request.missed_updates = 0;
  request.expected_weight_version = versions_at_start_[op.array] + op.updates_before;
  if (writes_array(op.kind))
    ++weight_versions_[op.array];
}

/// Loosely timed: the whole operation from its ready time on; returns its completion.
femtoseconds sequencer::transport(std::uint32_t index) {
  note_operation(index);
  const auto& planned = (*current_)[index];
  auto delay = transaction::to_sc_time(progress_[index].ready - time_.now());
  read_operands(planned, delay);
  if (planned.port != nullptr) {
    auto& payload = planned.request.payload();
    payload.set_response_status(::tlm::TLM_INCOMPLETE_RESPONSE);
    planned.port->socket->b_transport(payload, delay);
    expect_ok(payload, *planned.request.request().op);
  }
  write_results(planned, delay);
  return time_.now(delay);
}

void sequencer::read_operands(const planned_operation& planned, sc_core::sc_time& delay) {
  auto* const shared = planned.multicast == no_group ? nullptr : &progress_[planned.multicast].shared;
  if (shared != nullptr && shared->has_value()) {
    delay = std::max(delay, transaction::to_sc_time(**shared - time_.now()));
    return;
  }
  access(planned.reads_memory ? memory : buffer, planned, planned.read, ::tlm::TLM_READ_COMMAND, delay);
  if (shared != nullptr)
    *shared = time_.now(delay);
}

/// Whether the sum is there; `delay` is then that of the latest member.
bool sequencer::join_reduction(const planned_operation& planned, sc_core::sc_time& delay) {
  auto& sum = progress_[planned.reduction];
  sum.shared = std::max(time_.now(delay), sum.shared.value_or(femtoseconds{}));
  if (++sum.answered < planned.request.request().members)
    return false;
  delay = transaction::to_sc_time(*sum.shared - time_.now());
  return true;
}

void sequencer::write_results(const planned_operation& planned, sc_core::sc_time& delay) {
  if (planned.reduction != no_group && !join_reduction(planned, delay))
    return;
  access(planned.writes_memory ? memory : buffer, planned, planned.written, ::tlm::TLM_WRITE_COMMAND, delay);
}

femtoseconds sequencer::write_results(const planned_operation& planned, femtoseconds at) {
  auto delay = transaction::to_sc_time(at - time_.now());
  write_results(planned, delay);
  return time_.now(delay);
}

/// Base-protocol access for the operands of an operation; `delay` is the access's begin and then its end.
void sequencer::access(memory_socket& socket, const planned_operation& planned, const memory_access& moved,
                       ::tlm::tlm_command command, sc_core::sc_time& delay) {
  if (moved.bytes == 0)
    return;
  auto& payload = memory_access_;
  memory_traffic_.request = &planned.request.request();
  payload.set_command(command);
  payload.set_address(moved.address);
  payload.set_data_length(moved.bytes);
  payload.set_streaming_width(moved.bytes);
  payload.set_response_status(::tlm::TLM_INCOMPLETE_RESPONSE);
  socket->b_transport(payload, delay);
  expect_ok(payload, *memory_traffic_.request->op);
}

void sequencer::complete(std::uint32_t index, femtoseconds done) {
  const auto& op = current_->program().operations()[index];
  const auto ready = progress_[index].ready;
  phases_.add(op.phase, ready, done);
  ++issued_[static_cast<std::size_t>(op.kind)];
  ++completed_;
  if (listeners_.active()) {
    const auto& planned = (*current_)[index];
    const auto& request = planned.request.request();
    const auto group = std::min({index, planned.multicast, planned.reduction});
    listeners_.operation_done({context_.step, index, request.destination, &op, ready, request.accepted, done,
                               request.missed_updates, request.activity, group});
  }
  for (const auto next : current_->program().successors(index)) {
    auto& successor = progress_[next];
    successor.ready = std::max(successor.ready, done);
    if (--successor.open_predecessors == 0)
      admit(next);
  }
}

void sequencer::expect_ok(const ::tlm::tlm_generic_payload& answered, const operation& op) {
  if (answered.is_response_ok())
    return;
  throw run_error(fmt::format("{} of layer {} failed: {}", name_of(op.kind), op.layer, answered.get_response_string()));
}

void sequencer::save(std::ostream& out) const {
  byte_writer writer(out);
  writer.write_vector(weight_versions_);
  writer.write(next_operation_id_);
  writer.write(issued_);
  writer.write(phases_.totals());
  writer.write_vector(last_rested_);
}

void sequencer::restore(std::istream& in) {
  byte_reader reader(in);
  reader.read_vector(weight_versions_);
  reader.read(next_operation_id_);
  reader.read(issued_);
  phase_timeline::phase_totals totals;
  reader.read(totals);
  phases_.set_totals(totals);
  reader.read_vector(last_rested_);
}

} // namespace tilework::hardware
