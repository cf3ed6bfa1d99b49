// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/modules/digital/transfer_controller.h>
#include <tilework/tlm/tile_extension.h>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>

namespace tilework::hardware {

namespace {

constexpr std::uint64_t operation_ps = 100; // an operation of the controller on the host, only to cut work into blocks
constexpr std::uint64_t block_ps = 4'000'000;
constexpr std::size_t hidden_operand = 3; // outputs of accumulate_line

/// Vectors [first, first + count) of a burst.
template <typename T>
vector_burst<T> rows_of(vector_burst<T> burst, std::uint32_t first, std::uint32_t count) {
  burst.data += std::size_t{first} * burst.stride;
  burst.vectors = count;
  return burst;
}

void round_rows(numerics::number_format format, const mutable_burst& burst) {
  for (std::uint32_t v = 0; v < burst.vectors; ++v)
    numerics::round_to(format, burst[v]);
}

/// Rate of the fast array's updates where nothing measures it.
float fast_rate_of(const numerics::fast_rate_rule& rule, float learning_rate) {
  if (rule.fast_lr <= 0)
    return learning_rate;
  return rule.times_learning_rate ? rule.fast_lr * learning_rate : rule.fast_lr;
}

} // namespace

unsigned word_bits_of(const transfer_controller_configuration& configuration, numerics::number_format format) {
  return configuration.buffer_word_bits != 0 ? configuration.buffer_word_bits
                                             : static_cast<unsigned>(8 * numerics::bytes_of(format));
}

void require_capacity(const transfer_controller_configuration& configuration, numerics::number_format format,
                      const operand_arena& contents) {
  const std::uint64_t needed = (contents.controller_elements() * word_bits_of(configuration, format) + 7) / 8;
  if (needed > configuration.buffer_bytes)
    throw input_error(fmt::format(
        "the hidden matrices and references of the transfers need {} bytes but digital.transfer_controller.buffer is "
        "{} bytes; use a larger buffer, a smaller buffer_word or an algorithm with less state",
        needed, configuration.buffer_bytes));
}

/// The values of one request.
class transfer_controller::computation final : public kernel {
public:
  computation(numerics::number_format format, bool rounds_state) : format_(format), rounds_state_(rounds_state) {}

  void begin(const transaction::tile_request& request, const numerics::transfer_stage& stage) {
    request_ = &request;
    stage_ = &stage;
    const auto& op = *request.op;
    const auto& context = *request.context;
    scalars_ = {.rate = op.rate.at(context.learning_rate),
                .fast_rate = fast_rate_of(stage.fast_rate, context.learning_rate),
                .mini_batch = static_cast<std::uint32_t>(context.samples.size()),
                .line = request.line,
                .read = request.line_read,
                .first_vector = context.first_vector + op.first_vector};
    work_ps_ = transfer_cost_of(op.transfer, stage.rule, request.in, request.out).alu.total() * operation_ps;
    rows_ = piece_ = request.out[0].vectors;
    blocks_ = 1;
    if (work_ps_ >= block_ps && op.transfer == transfer_function::accumulate_product &&
        std::holds_alternative<numerics::rank_one_rule>(stage.rule)) {
      const auto pieces = static_cast<std::uint32_t>(std::min<std::uint64_t>(work_ps_ / block_ps + 1, rows_));
      piece_ = (rows_ + pieces - 1) / pieces;
      blocks_ = (rows_ + piece_ - 1) / piece_;
    }
    hidden_elements_.store(0, std::memory_order_relaxed);
    fired_.store(0, std::memory_order_relaxed);
    finished_.store(0, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint32_t blocks() const override { return blocks_; }
  [[nodiscard]] double estimated_block_ns() const override { return 1e-3 * static_cast<double>(work_ps_) / blocks_; }
  [[nodiscard]] bool finished() const { return finished_.load(std::memory_order_relaxed) == blocks_; }
  /// \pre finished
  void report(operation_activity& activity) const {
    activity = {};
    activity.hidden_elements = hidden_elements_.load(std::memory_order_relaxed);
    activity.fired = fired_.load(std::memory_order_relaxed);
  }

  void run_block(std::uint32_t block) override {
    const auto& in = request_->in;
    auto out = request_->out;
    if (blocks_ > 1) {
      const std::uint32_t first = block * piece_;
      const std::uint32_t count = std::min(piece_, rows_ - first);
      numerics::accumulate_product_rows(*stage_, in[0], in[1], out[0], scalars_, first, count);
      hidden_elements_.fetch_add(in[0].elements() * count, std::memory_order_relaxed);
      out[0] = rows_of(out[0], first, count);
    } else {
      const auto activity = numerics::evaluate(request_->op->transfer, *stage_, in, out, scalars_);
      hidden_elements_.store(activity.hidden_elements, std::memory_order_relaxed);
      fired_.store(activity.fired, std::memory_order_relaxed);
    }
    if (format_ != numerics::number_format::fp32)
      round(out);
    finished_.fetch_add(1, std::memory_order_relaxed);
  }

private:
  /// Only what the operation wrote: the rest of the state is in the format already.
  void round(std::span<const mutable_burst> out) const {
    const bool first_is_state = request_->op->transfer == transfer_function::accumulate_product;
    if (!first_is_state || rounds_state_)
      round_rows(format_, out[0]);
    if (!rounds_state_)
      return;
    if (request_->op->transfer == transfer_function::accumulate_line) {
      for (std::size_t k = hidden_operand; k < out.size(); ++k)
        for (auto row = scalars_.line; row < out[k].vectors; row += stage_->order.lines)
          numerics::round_to(format_, out[k][row]);
    } else if (request_->op->transfer == transfer_function::take_lines) {
      for (std::uint32_t r = 0; r < out[0].vectors; ++r)
        numerics::round_to(format_, out[1][(scalars_.line + r) % out[1].vectors]);
    }
  }

  numerics::number_format format_;
  bool rounds_state_;
  const transaction::tile_request* request_ = nullptr;
  const numerics::transfer_stage* stage_ = nullptr;
  numerics::transfer_scalars scalars_;
  std::uint32_t rows_ = 1;  ///< of the hidden matrix, to cut
  std::uint32_t piece_ = 1; ///< of them in a block
  std::uint32_t blocks_ = 1;
  std::uint64_t work_ps_ = 0;
  std::atomic<std::uint64_t> hidden_elements_{0};
  std::atomic<std::uint64_t> fired_{0};
  std::atomic<std::uint32_t> finished_{0}; ///< blocks
};

transfer_controller::transfer_controller(const sc_core::sc_module_name& name,
                                         const transfer_controller_configuration& configuration,
                                         numerics::number_format format,
                                         std::span<const numerics::transfer_stage> stages, transaction::timeline& time,
                                         const transfer_accounts& accounts)
    : sc_module(name),
      configuration_(configuration),
      format_(format),
      word_bits_(word_bits_of(configuration, format)),
      stages_(stages.begin(), stages.end()),
      clock_(configuration.clock_Hz),
      port_("port", time, *this, configuration.input_depth),
      ports_(configuration.buffer_ports),
      accounts_(accounts) {
  time.on_drain([this] {
    lanes_.clear();
    ports_.clear();
  });
}

transfer_controller::~transfer_controller() = default;

bool transfer_controller::knows(const transaction::tile_request& request) const {
  return request.op->kind == operation_kind::transfer && request.op->stage < stages_.size();
}

void transfer_controller::launch(::tlm::tlm_generic_payload& payload) {
  auto& request = transaction::tile_request::of(payload);
  if (knows(request))
    begin(request);
}

/// Computes values that are not worth a hand-over to another thread, posts the others.
void transfer_controller::begin(transaction::tile_request& request) {
  if (idle_.empty()) {
    computations_.push_back(std::make_unique<computation>(format_, configuration_.buffer_word_bits == 0));
    idle_.reserve(computations_.size());
    idle_.push_back(computations_.back().get());
  }
  auto& values = *idle_.back();
  values.begin(request, stages_[request.op->stage]);
  if (values.blocks() > 1) {
    idle_.pop_back();
    request.posted = &values;
    return;
  }
  values.run_block(0);
  values.report(request.activity);
  request.computed = true;
}

void transfer_controller::finish_values(transaction::tile_request& request) {
  if (request.computed)
    return;
  if (request.posted == nullptr) // never launched
    begin(request);
  if (auto* values = static_cast<computation*>(std::exchange(request.posted, nullptr))) {
    if (!values->finished())
      run_inline(*values);
    values->report(request.activity);
    idle_.push_back(values);
  }
  request.computed = true;
}

transaction::booking transfer_controller::schedule(::tlm::tlm_generic_payload& payload, femtoseconds arrival) {
  auto& request = transaction::tile_request::of(payload);
  payload.set_dmi_allowed(false);
  const auto& op = *request.op;
  if (!knows(request)) {
    payload.set_response_status(op.kind == operation_kind::transfer ? ::tlm::TLM_BURST_ERROR_RESPONSE
                                                                    : ::tlm::TLM_COMMAND_ERROR_RESPONSE);
    return {arrival, arrival, arrival};
  }
  finish_values(request);
  const auto cost = transfer_cost_of(op.transfer, stages_[op.stage].rule, request.in, request.out);
  const auto p = op.phase;
  const auto accepted = clock_.next_edge(arrival);
  const auto loaded = book_buffer(accepted, cost.words_read, action::sram_read_byte, p);

  const auto held = clock_.cycles(cycles_of(cost.alu, configuration_.lanes, configuration_.ops_per_lane_cycle));
  const auto start = lanes_.reserve(loaded, held);
  const auto computed = start + held + clock_.cycles(configuration_.latency_cycles);
  accounts_.lanes->busy[static_cast<std::size_t>(p)] += held;
  add_counts(accounts_.lanes->counts, p, cost.alu);
  return {accepted, start + held, book_buffer(computed, cost.words_written, action::sram_write_byte, p)};
}

femtoseconds transfer_controller::book_buffer(femtoseconds earliest, std::uint64_t words, action counted, phase p) {
  if (words == 0)
    return earliest;
  const std::uint64_t bytes = (words * word_bits_ + 7) / 8;
  const auto transfer = clock_.cycles(static_cast<std::int64_t>((bytes - 1) / configuration_.buffer_width_bytes + 1));
  accounts_.buffer->counts.add(p, counted, bytes);
  accounts_.buffer->busy[static_cast<std::size_t>(p)] += transfer;
  return ports_.reserve(earliest, transfer) + transfer + clock_.cycles(configuration_.buffer_latency_cycles);
}

} // namespace tilework::hardware
