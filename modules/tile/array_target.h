// SPDX-License-Identifier: Apache-2.0
/// \file The value side of hardware that holds one logical array: weights, their version, what fits.
#pragma once

#include <tilework/physics/crossbar/analog_array.h>
#include <tilework/tlm/four_phase_target.h>
#include <tilework/tlm/resource_calendar.h>

#include <cstdint>
#include <memory>
#include <systemc>

namespace tilework::transaction {
struct tile_request;
}

namespace tilework::hardware {

/// Holds the weights of one logical array and computes the operations on it; time and counts are the deriving module's.
///
/// Responses: TLM_COMMAND_ERROR_RESPONSE for operations that no array knows, TLM_BURST_ERROR_RESPONSE for
/// operands that do not have the array's shape. An operation that expects another weight version than the array's is a
/// run_error, unless it may be stale: then it says how many updates it missed. Debug reads return the weights,
/// row-major outputs x inputs, as floats.
class array_target : public sc_core::sc_module, protected transaction::schedulable {
public:
  transaction::target_socket<transaction::four_phase_target>& socket() { return port_.socket; }
  [[nodiscard]] physics::analog_array& values() { return *values_; }
  [[nodiscard]] const physics::analog_array& values() const { return *values_; }
  [[nodiscard]] std::uint64_t weight_version() const { return weight_version_; }
  /// After a resume. \pre idle
  void set_weight_version(std::uint64_t version) { weight_version_ = version; }
  /// Bookings that found a resource taken.
  [[nodiscard]] virtual std::uint64_t delayed_requests() const = 0;
  /// Shows the module's own calendars.
  virtual void visit_calendars(const transaction::calendar_visitor& /*visitor*/) {}

protected:
  /// \param values the array; null = replay: no values, and recorded activity is kept.
  /// \param largest shape that is accepted without values
  array_target(const sc_core::sc_module_name& name, std::unique_ptr<physics::analog_array> values,
               physics::array_shape largest, transaction::timeline& time, unsigned input_depth);

  /// Values and activity of a request, unless its kernel has produced them already. False, and the response says why,
  /// if the array cannot execute it.
  bool execute(::tlm::tlm_generic_payload& payload);
  /// Lines of the array; without values, the most there may be.
  [[nodiscard]] physics::array_shape lines() const;

  /// Whether the hardware has this operation at all.
  [[nodiscard]] virtual bool knows(operation_kind kind) const;

private:
  void launch(::tlm::tlm_generic_payload& payload) override;
  unsigned debug(::tlm::tlm_generic_payload& payload) override;

  [[nodiscard]] bool fits(const transaction::tile_request& request) const;
  void begin(transaction::tile_request& request);
  void begin_update(const transaction::tile_request& request);
  void check_version(transaction::tile_request& request);
  void finish_values(transaction::tile_request& request);
  /// Takes the activity of the operation in progress.
  void collect();

  std::unique_ptr<physics::analog_array> values_;
  physics::array_shape largest_;
  transaction::four_phase_target port_;
  transaction::tile_request* in_progress_ = nullptr; ///< launched, activity not collected yet
  std::uint64_t weight_version_ = 0;
};

} // namespace tilework::hardware
