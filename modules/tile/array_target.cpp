// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/modules/tile/array_target.h>
#include <tilework/tlm/tile_extension.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace tilework::hardware {
namespace {

/// Operations that are done when they begin.
bool has_no_kernel(operation_kind kind) {
  return kind == operation_kind::program || kind == operation_kind::calibrate;
}

constexpr std::size_t rates_operand = 3; ///< of outer_product_update; choppers of inputs and outputs follow

/// Products whose first vector is also computed exactly: few enough to cost nothing that could be measured.
bool is_probed(const transaction::tile_request& request) {
  constexpr std::uint64_t steps_between_probes = 64;
  const auto& context = *request.context;
  if (request.op->phase == phase::program)
    return false;
  return context.evaluation ? context.step == 0 : context.step % steps_between_probes == 0;
}

} // namespace

array_target::array_target(const sc_core::sc_module_name& name, std::unique_ptr<physics::analog_array> values,
                           physics::array_shape largest, transaction::timeline& time, unsigned input_depth)
    : sc_module(name), values_(std::move(values)), largest_(largest), port_("port", time, *this, input_depth) {
}

physics::array_shape array_target::lines() const {
  return values_ ? values_->shape() : largest_;
}

bool array_target::fits(const transaction::tile_request& request) const {
  const auto& op = *request.op;
  const auto lines = [&](std::uint32_t inputs, std::uint32_t outputs) {
    return values_ ? inputs == values_->shape().inputs && outputs == values_->shape().outputs
                   : inputs <= largest_.inputs && outputs <= largest_.outputs;
  };
  const auto line = [&](std::uint32_t length) {
    return op.side == line_side::inputs ? lines(this->lines().inputs, length) : lines(length, this->lines().outputs);
  };
  switch (op.kind) {
  case operation_kind::forward_mvm:
    return lines(op.inputs[0].length, op.outputs[0].length);
  case operation_kind::backward_mvm:
    return lines(op.outputs[0].length, op.inputs[0].length);
  case operation_kind::outer_product_update:
    return lines(op.inputs[0].length, op.inputs[1].length);
  case operation_kind::refresh:
    return lines(op.inputs[0].length, op.outputs[0].length);
  case operation_kind::program:
    return lines(op.inputs[0].length, op.vectors);
  case operation_kind::read_line:
    return line(op.outputs[0].length);
  case operation_kind::write_line:
    return line(op.inputs[0].length);
  case operation_kind::calibrate:
  case operation_kind::rest:
    return true;
  case operation_kind::load_samples:
  case operation_kind::vector_op:
  case operation_kind::transfer:
    break;
  }
  return false;
}

void array_target::check_version(transaction::tile_request& request) {
  if (request.expected_weight_version == weight_version_)
    return;
  const auto missed = request.expected_weight_version - weight_version_; // huge if the array is ahead
  if (may_be_stale(*request.op) && missed <= request.op->mini_batch) {
    request.missed_updates = static_cast<std::uint32_t>(missed);
    return;
  }
  throw run_error(
      fmt::format("{}: operation {} expects weight version {} but the array is at {}; a hazard edge is missing", name(),
                  request.operation_id, request.expected_weight_version, weight_version_));
}

void array_target::begin(transaction::tile_request& request) {
  if (in_progress_ != nullptr) // joined: end() refuses it otherwise
    collect();
  check_version(request);
  const auto& context = *request.context;
  switch (request.op->kind) {
  case operation_kind::forward_mvm:
    values_->begin_mvm(physics::mvm_direction::forward, request.in[0], request.out[0],
                       context.first_vector + request.op->first_vector, context.evaluation, is_probed(request));
    break;
  case operation_kind::backward_mvm:
    values_->begin_mvm(physics::mvm_direction::backward, request.in[0], request.out[0],
                       context.first_vector + request.op->first_vector, context.evaluation, is_probed(request));
    break;
  case operation_kind::outer_product_update:
    begin_update(request);
    ++weight_version_;
    break;
  case operation_kind::read_line:
    values_->begin_read_line(request.op->side, request.line, request.out[0], request.line_read,
                             request.op->phase != phase::read_out);
    break;
  case operation_kind::write_line:
    values_->begin_write_line(request.op->side, request.line, request.in[0], request.op->rate.at(context.learning_rate),
                              request.line_read * request.op->vectors);
    ++weight_version_;
    break;
  case operation_kind::rest:
    values_->begin_rest(context.first_vector + request.op->first_vector + request.op->vectors,
                        request.rested.seconds());
    ++weight_version_;
    break;
  case operation_kind::refresh:
    values_->begin_refresh(context.refreshes);
    ++weight_version_;
    break;
  case operation_kind::program:
    values_->set_weights({request.in[0].data, request.in[0].elements()});
    ++weight_version_;
    return;
  case operation_kind::calibrate: // what it finds is a parameter of the devices
    ++weight_version_;
    return;
  case operation_kind::load_samples:
  case operation_kind::vector_op:
  case operation_kind::transfer:
    return;
  }
  in_progress_ = &request;
}

void array_target::begin_update(const transaction::tile_request& request) {
  const auto& op = *request.op;
  const auto& context = *request.context;
  const auto all_of = [](const const_burst& operand) {
    return operand.data == nullptr ? std::span<const float>{} : std::span(operand.data, operand.elements());
  };
  values_->begin_update(request.in[0], request.in[1],
                        {.learning_rate = op.rate.at(context.learning_rate),
                         .rates = all_of(request.in[rates_operand]),
                         .input_signs = all_of(request.in[rates_operand + 1]),
                         .output_signs = all_of(request.in[rates_operand + 2])},
                        context.first_vector + op.first_vector);
}

void array_target::launch(::tlm::tlm_generic_payload& payload) {
  auto& request = transaction::tile_request::of(payload);
  if (!values_ || !knows(request.op->kind) || !fits(request))
    return;
  begin(request);
  if (has_no_kernel(request.op->kind))
    request.computed = true;
  else
    request.posted = values_.get();
}

void array_target::finish_values(transaction::tile_request& request) {
  if (!values_ || request.computed)
    return;
  if (in_progress_ != &request) { // never launched: compute now
    begin(request);
    if (has_no_kernel(request.op->kind))
      return;
    run_inline(*values_);
  }
  collect();
}

void array_target::collect() {
  in_progress_->activity = values_->end();
  in_progress_->computed = true;
  in_progress_ = nullptr;
}

bool array_target::knows(operation_kind kind) const {
  return kind != operation_kind::load_samples && kind != operation_kind::vector_op && kind != operation_kind::transfer;
}

bool array_target::execute(::tlm::tlm_generic_payload& payload) {
  auto& request = transaction::tile_request::of(payload);
  payload.set_dmi_allowed(false);
  if (!knows(request.op->kind)) {
    payload.set_response_status(::tlm::TLM_COMMAND_ERROR_RESPONSE);
    return false;
  }
  if (!fits(request)) {
    payload.set_response_status(::tlm::TLM_BURST_ERROR_RESPONSE);
    return false;
  }
  finish_values(request);
  return true;
}

unsigned array_target::debug(::tlm::tlm_generic_payload& payload) {
  if (!values_ || !payload.is_read() || payload.get_data_ptr() == nullptr)
    return 0;
  const auto weights = std::as_bytes(values_->weights());
  const auto length = std::min<std::size_t>(payload.get_data_length(), weights.size());
  std::memcpy(payload.get_data_ptr(), weights.data(), length);
  return static_cast<unsigned>(length);
}

} // namespace tilework::hardware
