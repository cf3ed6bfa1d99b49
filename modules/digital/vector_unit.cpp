// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/digital/vector_unit.h>
#include <tilework/numerics/vector_functions.h>
#include <tilework/tlm/tile_extension.h>

#include <algorithm>
#include <atomic>
#include <utility>

namespace tilework::hardware {

namespace {

constexpr std::uint64_t simple_ps = 150; // an operation of the unit on the host, only to cut work into blocks
constexpr std::uint64_t special_ps = 1'500;
constexpr std::uint64_t block_ps = 4'000'000;

/// Vectors or elements [first, first + count) of an operand; what all vectors share stays whole.
template <typename T>
vector_burst<T> piece_of(vector_burst<T> burst, numerics::cut along, std::uint32_t first, std::uint32_t count) {
  if (burst.data == nullptr)
    return burst;
  if (along == numerics::cut::between_elements)
    return burst.slice(first, count);
  if (burst.vectors == 1)
    return burst;
  burst.data += std::size_t{first} * burst.stride;
  burst.vectors = count;
  return burst;
}

} // namespace

/// The values of one request.
class vector_unit::computation final : public kernel {
public:
  explicit computation(numerics::number_format format) : format_(format) {}

  void begin(const transaction::tile_request& request) {
    request_ = &request;
    const auto& op = *request.op;
    const auto operations = alu_operations_of(op);
    work_ps_ = operations.total() * simple_ps + operations.special * (special_ps - simple_ps);
    piece_ = extent_ = 1;
    blocks_ = 1;
    if (work_ps_ >= block_ps)
      cut(op, work_ps_ / block_ps + 1);
    finished_.store(0, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint32_t blocks() const override { return blocks_; }
  [[nodiscard]] double estimated_block_ns() const override { return 1e-3 * static_cast<double>(work_ps_) / blocks_; }
  [[nodiscard]] bool finished() const { return finished_.load(std::memory_order_relaxed) == blocks_; }

  void run_block(std::uint32_t block) override {
    const auto& op = *request_->op;
    const std::uint32_t first = block * piece_;
    const std::uint32_t count = std::min(piece_, extent_ - first);
    auto in = request_->in;
    auto out = request_->out;
    if (blocks_ > 1) {
      for (auto& burst : in)
        burst = piece_of(burst, along_, first, count);
      for (auto& burst : out)
        burst = piece_of(burst, along_, first, count);
    }
    numerics::evaluate(op.function, op.activation_function, in, out,
                       {.learning_rate = request_->context->learning_rate,
                        .mini_batch = request_->context->step,
                        .loss_scale = 1.0F / static_cast<float>(op.loss_vectors > 0 ? op.loss_vectors : op.vectors),
                        .parameter = op.rate.factor,
                        .seed = request_->context->seed,
                        .stream = op.layer});
    if (format_ != numerics::number_format::fp32)
      for (const auto& burst : out)
        for (std::uint32_t v = 0; v < burst.vectors; ++v)
          numerics::round_to(format_, burst[v]);
    finished_.fetch_add(1, std::memory_order_relaxed);
  }

private:
  void cut(const operation& op, std::uint64_t wanted) {
    along_ = numerics::cut_of(op.function);
    if (along_ == numerics::cut::nowhere)
      return;
    extent_ = along_ == numerics::cut::between_vectors ? op.vectors : op.inputs[0].length;
    const auto pieces = static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, extent_));
    piece_ = (extent_ + pieces - 1) / pieces;
    blocks_ = (extent_ + piece_ - 1) / piece_;
  }

  numerics::number_format format_;
  const transaction::tile_request* request_ = nullptr;
  numerics::cut along_ = numerics::cut::nowhere;
  std::uint32_t extent_ = 1; ///< vectors or elements to cut
  std::uint32_t piece_ = 1;  ///< of them in a block
  std::uint32_t blocks_ = 1;
  std::uint64_t work_ps_ = 0;
  std::atomic<std::uint32_t> finished_{0}; ///< blocks
};

vector_unit::vector_unit(const sc_core::sc_module_name& name, const vector_unit_configuration& configuration,
                         transaction::timeline& time, component_account& account)
    : sc_module(name),
      configuration_(configuration),
      clock_(configuration.clock_Hz),
      port_("port", time, *this, configuration.input_depth),
      account_(account) {
  time.on_drain([this] { lanes_.clear(); });
}

vector_unit::~vector_unit() = default;

void vector_unit::launch(::tlm::tlm_generic_payload& payload) {
  auto& request = transaction::tile_request::of(payload);
  if (request.op->kind == operation_kind::vector_op)
    begin(request);
}

/// Computes values that are not worth a hand-over to another thread, posts the others.
void vector_unit::begin(transaction::tile_request& request) {
  if (!numerics::has_values(request.op->function)) {
    request.computed = true;
    return;
  }
  if (idle_.empty()) {
    computations_.push_back(std::make_unique<computation>(configuration_.format));
    idle_.reserve(computations_.size());
    idle_.push_back(computations_.back().get());
  }
  auto& values = *idle_.back();
  values.begin(request);
  if (values.blocks() == 1) {
    values.run_block(0);
    request.computed = true;
    return;
  }
  idle_.pop_back();
  request.posted = &values;
}

void vector_unit::finish_values(transaction::tile_request& request) {
  if (request.computed)
    return;
  if (request.posted == nullptr) // never launched
    begin(request);
  if (auto* values = static_cast<computation*>(std::exchange(request.posted, nullptr))) {
    if (!values->finished())
      run_inline(*values);
    idle_.push_back(values);
  }
  request.computed = true;
}

transaction::booking vector_unit::schedule(::tlm::tlm_generic_payload& payload, femtoseconds arrival) {
  auto& request = transaction::tile_request::of(payload);
  payload.set_dmi_allowed(false);
  if (request.op->kind != operation_kind::vector_op) {
    payload.set_response_status(::tlm::TLM_COMMAND_ERROR_RESPONSE);
    return {arrival, arrival, arrival};
  }
  finish_values(request);
  const auto operations = alu_operations_of(*request.op);
  const auto held = clock_.cycles(cycles_of(operations, configuration_.lanes, configuration_.ops_per_lane_cycle));
  const auto start = lanes_.reserve(clock_.next_edge(arrival), held);
  const auto done = start + held + clock_.cycles(configuration_.latency_cycles);
  add_counts(account_.counts, request.op->phase, operations);
  account_.busy[static_cast<std::size_t>(request.op->phase)] += held;
  return {start, start + held, done};
}

} // namespace tilework::hardware
