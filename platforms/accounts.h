// SPDX-License-Identifier: Apache-2.0
/// \file The books of a machine: one account per component, and what its prices depend on.
#pragma once

#include <tilework/core/action_counts.h>
#include <tilework/core/technology.h>
#include <tilework/modules/digital/matrix_unit.h>
#include <tilework/modules/tile/tile_costs.h>
#include <tilework/platforms/machine_configuration.h>

#include <vector>

namespace tilework::platform {

struct machine_accounts {
  std::vector<hardware::tile_accounts> tiles;               ///< per physical tile, mapped or not
  std::vector<hardware::matrix_unit_accounts> matrix_units; ///< the same of a digital machine
  component_account* vector_unit = nullptr;
  component_account* buffer = nullptr;
  component_account* memory_port = nullptr;
  hardware::transfer_accounts transfer;    ///< null without a transfer controller
  component_account* network = nullptr;    ///< null for an ideal network: there is none to price
  component_account* chip_links = nullptr; ///< null for one chip
};

/// Opens the accounts of all components: chip0.tile3.adc, chip0.vector_unit, ... What more than one chip
/// share is of none.
machine_accounts open_accounts(ledger& books, const machine_configuration& configuration);

/// What the price laws of a technology take from a machine.
machine_quantities quantities_of(const machine_configuration& configuration);

} // namespace tilework::platform
