// SPDX-License-Identifier: Apache-2.0
/// \file A digital matrix unit: MACs, a weight memory that holds whole layers, a buffer for operands.
#pragma once

#include <tilework/core/action_counts.h>
#include <tilework/core/array_region.h>
#include <tilework/modules/digital/matrix_unit_timing.h>
#include <tilework/modules/tile/array_target.h>
#include <tilework/tlm/clock_domain.h>
#include <tilework/tlm/resource_calendar.h>

#include <memory>
#include <span>
#include <string>
#include <systemc>

namespace tilework::hardware {

/// Accounts of the parts of one unit.
struct matrix_unit_accounts {
  component_account* macs = nullptr;
  component_account* weights = nullptr;  ///< sram, or memory: the port to a weight memory in DRAM
  component_account* operands = nullptr; ///< sram
};

/// Opens the accounts of a unit named `name`.
matrix_unit_accounts open_matrix_unit_accounts(ledger& books, const std::string& name,
                                               const matrix_unit_configuration& configuration);

/// \param arrays of the run, with the unit of each as `tile` \param max_burst vectors of the largest operation
/// \throws input_error if the weights of a unit's arrays need more than its weight memory, or the operands of one
/// operation more than its operand buffer.
void require_capacity(const matrix_unit_configuration& configuration, std::span<const array_region> arrays,
                      std::uint32_t max_burst);

/// What all arrays of one unit share: it executes one operation at a time, in cycles of its clock.
class matrix_unit {
public:
  matrix_unit(const matrix_unit_configuration& configuration, transaction::timeline& time,
              const matrix_unit_accounts& accounts);

  [[nodiscard]] const matrix_unit_configuration& configuration() const { return configuration_; }
  /// Books and counts an operation. \pre program, forward_mvm, backward_mvm or outer_product_update
  transaction::booking execute(const operation& op, femtoseconds arrival);
  /// Operations that found the unit taken.
  [[nodiscard]] std::uint64_t delayed_requests() const { return calendar_.statistics().delayed; }

private:
  [[nodiscard]] matrix_cost cost_of(const operation& op) const;
  void count(const matrix_cost& cost, phase p);

  matrix_unit_configuration configuration_;
  matrix_unit_timing timing_;
  transaction::clock_domain clock_;
  transaction::resource_calendar calendar_;
  matrix_unit_accounts accounts_;
};

/// One logical array in the weight memory of a unit. Values are single precision whatever the unit's number format.
/// Operations other than those of matrix_unit::execute() answer TLM_COMMAND_ERROR_RESPONSE.
class matrix_unit_array final : public array_target {
public:
  /// \param values of an ideal device with perfect products; null: as array_target \param unit must outlive the array
  matrix_unit_array(const sc_core::sc_module_name& name, matrix_unit& unit,
                    std::unique_ptr<physics::analog_array> values, transaction::timeline& time);

  [[nodiscard]] std::uint64_t delayed_requests() const override { return 0; } // counted by the unit

private:
  transaction::booking schedule(::tlm::tlm_generic_payload& payload, femtoseconds arrival) override;
  [[nodiscard]] bool knows(operation_kind kind) const override;

  matrix_unit& unit_;
};

} // namespace tilework::hardware
