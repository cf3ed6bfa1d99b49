// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/byte_stream.h>
#include <tilework/core/error.h>
#include <tilework/modules/control/sequencer.h>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>

namespace tilework::hardware {
namespace {

constexpr std::uint64_t sampling_interval = 16;
constexpr std::size_t stack_bytes = std::size_t{1} << 20U; // kernels run inline on it, with temporaries of their own

bool has_operand(const operand_ref& ref) {
  return ref.slot != no_slot;
}

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
      vector_port_("vector_port", [this](auto& payload) { response_arrived(payload); }),
      weight_versions_(configuration.node_of_array.size(), 0) {
  for (std::size_t a = 0; a < configuration.node_of_array.size(); ++a)
    tile_ports_.push_back(std::make_unique<transaction::four_phase_initiator>(
        ("tile_port" + std::to_string(a)).c_str(), [this](auto& payload) { response_arrived(payload); }));
  memory_access_.set_extension(&memory_traffic_);
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
  } catch (...) {
    failure_ = std::current_exception();
  }
  sc_core::sc_stop();
}

void sequencer::execute(const step& s) {
  sampled_ = host_.steps++ % sampling_interval == 0;
  numerics_ = {};
  const auto begin = sampled_ ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point{};
  begin_step(s);
  if (configuration_.timing == timing_mode::loosely)
    run_loosely(s);
  else
    run_approximately(s);
  end_step(s);
  if (sampled_) {
    ++host_.sampled_steps;
    host_.total_s += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    host_.numerics_s += std::chrono::duration<double>(numerics_).count();
  }
  source_.finished(s);
}

void sequencer::begin_step(const step& s) {
  current_ = &s;
  completed_ = 0;
  progress_.resize(std::max(progress_.size(), s.program->size()));
  versions_at_start_ = weight_versions_;
  for (std::uint32_t i = 0; i < s.program->size(); ++i) {
    progress_[i].open_predecessors = static_cast<std::uint32_t>(s.program->predecessors(i).size());
    progress_[i].ready = {};
    if (progress_[i].open_predecessors == 0)
      admit(i);
  }
}

void sequencer::end_step(const step& s) {
  const auto length = phases_.end_step();
  if (const auto ahead = length - time_.now(); ahead.count > 0)
    wait(transaction::to_sc_time(ahead));
  time_.drain(length);
  if (listeners_.active())
    listeners_.drained(s.context.step, length);
  current_ = nullptr;
}

/// All predecessors are complete: the operation may be launched and waits for its turn.
void sequencer::admit(std::uint32_t index) {
  if (configuration_.timing == timing_mode::approximately)
    ready_.push_back(index);
  push({progress_[index].ready, moment::ready, index});
}

void sequencer::push(const pending& p) {
  queue_.push_back(p);
  std::ranges::push_heap(queue_, std::greater<>{});
}

sequencer::pending sequencer::pop() {
  std::ranges::pop_heap(queue_, std::greater<>{});
  const auto first = queue_.back();
  queue_.pop_back();
  return first;
}

void sequencer::run_loosely(const step& s) {
  // Values never depend on time, so all are computed first: the issue loop then runs with warm caches.
  for (std::size_t w = 0; w < s.program->waves(); ++w)
    launch(s, s.program->wave(w));
  while (completed_ < s.program->size()) {
    const auto next = pop();
    complete(s, next.index, transport(s, next.index));
  }
}

void sequencer::run_approximately(const step& s) {
  while (completed_ < s.program->size()) {
    launch(s, ready_);
    ready_.clear();
    const auto now = time_.now();
    if (queue_.empty() || queue_.front().time > now) {
      if (queue_.empty())
        wait(arrived_);
      else
        wait(transaction::to_sc_time(queue_.front().time - now), arrived_);
      continue;
    }
    const auto next = pop();
    switch (next.what) {
    case moment::ready:
      begin_approximately(s, next.index);
      break;
    case moment::answered:
      expect_ok(progress_[next.index].request.payload(), s.program->operations()[next.index]);
      push({write_results(next.index, next.time), moment::written, next.index});
      break;
    case moment::written:
      complete(s, next.index, next.time);
      break;
    }
  }
}

void sequencer::begin_approximately(const step& s, std::uint32_t index) {
  const auto now = time_.now();
  const auto fetched = read_operands(index, now);
  if (auto* port = port_of(s.program->operations()[index]))
    port->send(progress_[index].request.payload(), fetched - now);
  else
    push({write_results(index, fetched), moment::written, index});
}

/// Leaves all work to the thread: the kernel would lose an exception here, and the order of simultaneous responses
/// must not matter.
void sequencer::response_arrived(::tlm::tlm_generic_payload& payload) {
  const auto& request = transaction::tile_request::of(payload);
  const auto index = static_cast<std::uint32_t>(request.op - current_->program->operations().data());
  push({time_.now(), moment::answered, index});
  arrived_.notify(sc_core::SC_ZERO_TIME);
}

/// Values of operations whose operands are final: one fork and join.
void sequencer::launch(const step& s, std::span<const std::uint32_t> indices) {
  for (const auto index : indices)
    prepare(s, index);
  const auto begin = sampled_ ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point{};
  for (const auto index : indices) {
    const auto& op = s.program->operations()[index];
    auto& request = progress_[index].request;
    if (op.kind == operation_kind::load_samples)
      load_samples(request.request());
    else if (auto* port = port_of(op))
      port->launch(request.payload());
    if (auto* posted = request.request().posted)
      kernels_.push_back(posted);
  }
  pool_.run(kernels_);
  kernels_.clear();
  if (sampled_)
    numerics_ += std::chrono::steady_clock::now() - begin;
}

/// Memories have no launch: a debug access moves the samples, the timed access comes later.
void sequencer::load_samples(transaction::tile_request& request) {
  memory_traffic_.request = &request;
  memory_access_.set_command(::tlm::TLM_READ_COMMAND);
  memory_access_.set_data_length(0);
  memory->transport_dbg(memory_access_);
  request.computed = true;
}

void sequencer::prepare(const step& s, std::uint32_t index) {
  const auto& op = s.program->operations()[index];
  auto& p = progress_[index];
  p.request = payloads_.acquire();
  auto& payload = p.request.payload();
  auto& request = p.request.request();
  request.op = &op;
  request.context = &s.context;
  request.operation_id = next_operation_id_++;
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  for (std::size_t k = 0; k < op.inputs.size(); ++k)
    if (has_operand(op.inputs[k]))
      request_bytes += bytes_of(request.in[k] = view(op.inputs[k], op.vectors));
  for (std::size_t k = 0; k < op.outputs.size(); ++k)
    if (has_operand(op.outputs[k]))
      response_bytes += bytes_of(request.out[k] = view(op.outputs[k], op.vectors));
  request.response_bytes = static_cast<std::uint32_t>(response_bytes);
  request.source = configuration_.hub_node;
  request.destination = configuration_.hub_node;
  if (op.array != no_array) {
    request.destination = configuration_.node_of_array[op.array];
    request.expected_weight_version = versions_at_start_[op.array] + op.updates_before;
    if (writes_array(op.kind))
      ++weight_versions_[op.array];
  }
  const bool writes = writes_array(op.kind) || op.kind == operation_kind::vector_op;
  payload.set_command(writes ? ::tlm::TLM_WRITE_COMMAND : ::tlm::TLM_READ_COMMAND);
  payload.set_address(request.destination);
  payload.set_data_length(static_cast<unsigned>(request_bytes));
  payload.set_response_status(::tlm::TLM_INCOMPLETE_RESPONSE);
}

/// Loosely timed: the whole operation from `ready` on; returns its completion.
femtoseconds sequencer::transport(const step& s, std::uint32_t index) {
  auto& p = progress_[index];
  auto at = read_operands(index, p.ready);
  if (auto* port = port_of(s.program->operations()[index])) {
    auto delay = at - time_.now();
    port->transport(p.request.payload(), delay);
    expect_ok(p.request.payload(), s.program->operations()[index]);
    at = time_.now(delay);
  }
  return write_results(index, at);
}

femtoseconds sequencer::read_operands(std::uint32_t index, femtoseconds at) {
  const auto& request = progress_[index].request.request();
  const auto& op = *request.op;
  if (op.kind == operation_kind::load_samples)
    return access(memory, request, ::tlm::TLM_READ_COMMAND, std::uint64_t{op.vectors} * bytes_per_sample_, at);
  const std::uint64_t bytes = progress_[index].request.payload().get_data_length();
  const bool from_memory = has_operand(op.inputs[0]) && arena_.slot(op.inputs[0].slot).home == residence::memory;
  return access(from_memory ? memory : buffer, request, ::tlm::TLM_READ_COMMAND, bytes, at);
}

femtoseconds sequencer::write_results(std::uint32_t index, femtoseconds at) {
  const auto& request = progress_[index].request.request();
  return access(buffer, request, ::tlm::TLM_WRITE_COMMAND, request.response_bytes, at);
}

/// Base-protocol access for the operands of an operation; returns when it is complete.
femtoseconds sequencer::access(tlm_utils::simple_initiator_socket<sequencer>& socket,
                               const transaction::tile_request& request, ::tlm::tlm_command command,
                               std::uint64_t bytes, femtoseconds at) {
  if (bytes == 0)
    return at;
  if (scratch_.size() < bytes)
    scratch_.resize(bytes);
  const auto& first = command == ::tlm::TLM_READ_COMMAND ? request.op->inputs[0] : request.op->outputs[0];
  const std::uint64_t element = has_operand(first) ? arena_.slot(first.slot).first_element + first.first : 0;
  auto& payload = memory_access_;
  memory_traffic_.request = &request;
  payload.set_command(command);
  payload.set_address(element * numerics::bytes_of(configuration_.format));
  payload.set_data_ptr(scratch_.data());
  payload.set_data_length(static_cast<unsigned>(bytes));
  payload.set_streaming_width(static_cast<unsigned>(bytes));
  payload.set_response_status(::tlm::TLM_INCOMPLETE_RESPONSE);
  auto delay = transaction::to_sc_time(at - time_.now());
  socket->b_transport(payload, delay);
  expect_ok(payload, *request.op);
  return time_.now(delay);
}

void sequencer::complete(const step& s, std::uint32_t index, femtoseconds done) {
  auto& p = progress_[index];
  const auto& op = s.program->operations()[index];
  phases_.add(op.phase, p.ready, done);
  ++issued_[static_cast<std::size_t>(op.kind)];
  ++completed_;
  if (listeners_.active()) {
    const auto& request = p.request.request();
    listeners_.operation_done(
        {s.context.step, index, request.destination, &op, p.ready, request.accepted, done, request.activity});
  }
  p.request = {};
  for (const auto next : s.program->successors(index)) {
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

transaction::four_phase_initiator* sequencer::port_of(const operation& op) {
  if (op.array != no_array)
    return tile_ports_[op.array].get();
  return op.kind == operation_kind::vector_op ? &vector_port_ : nullptr;
}

std::uint64_t sequencer::bytes_of(const const_burst& operand) const {
  return operand.elements() * numerics::bytes_of(configuration_.format);
}

mutable_burst sequencer::view(const operand_ref& ref, std::uint32_t vectors) {
  auto burst = arena_.view(ref.slot).slice(ref.first, ref.length);
  burst.vectors = std::min(burst.vectors, vectors);
  return burst;
}

void sequencer::save(std::ostream& out) const {
  byte_writer writer(out);
  writer.write_vector(weight_versions_);
  writer.write(next_operation_id_);
  writer.write(issued_);
  writer.write(phases_.totals());
}

void sequencer::restore(std::istream& in) {
  byte_reader reader(in);
  reader.read_vector(weight_versions_);
  reader.read(next_operation_id_);
  reader.read(issued_);
  phase_timeline::phase_totals totals;
  reader.read(totals);
  phases_.set_totals(totals);
}

} // namespace tilework::hardware
