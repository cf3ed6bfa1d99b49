// SPDX-License-Identifier: Apache-2.0
/// \file What the operations of a machine cost, without a workload: closed forms of time, energy and area on one full
/// tile. Time and counts are those of the modules (tile_costs.h, vector_unit_costs.h), prices those of a run.
#pragma once

#include <tilework/core/pricing.h>
#include <tilework/physics/periphery/io_parameters.h>
#include <tilework/platforms/machine_configuration.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tilework::platform {

/// What an operation is taken to do where its time or energy depend on data or on an experiment. Inputs of a read are
/// at full code.
struct assumed_work {
  std::uint32_t vectors = 1;      ///< of products, updates and vector operations; lines of read_line and write_line
  std::uint32_t bit_length = 31;  ///< slots that every vector of an update uses
  double pulse_probability = 0.5; ///< that a line fires in a slot; the line that write_line drives always does
  physics::mv_type mv_type = physics::mv_type::one_pass; ///< how products apply their vectors
};

struct operation_cost {
  std::string operation;
  std::uint64_t macs = 0; ///< multiply-accumulates of a product or an update, all vectors
  femtoseconds time;
  double dynamic_J = 0;
  double leakage_J = 0;          ///< of the tile or the unit that executes it, meanwhile
  double area_m2 = 0;            ///< of the same
  std::vector<cost_row> actions; ///< leakage is not among them
};

/// Components of one kind and name: "tile.adc" stands for those of all tiles.
struct part_cost {
  std::string name;
  component_kind kind{};
  double units = 0;        ///< of one component
  std::uint32_t count = 1; ///< components on the chip
  double area_m2 = 0;      ///< of one component
  double leakage_W = 0;    ///< same
};

/// All tiles, or one, doing forward products one burst after the other; digital units, buffer and network of a chip
/// leak meanwhile and do nothing.
struct peak_cost {
  double ops_per_s = 0;           ///< two operations per multiply-accumulate
  double sustained_ops_per_s = 0; ///< within a long burst, where the stages of a tile may overlap
  double power_W = 0;             ///< dynamic and leakage
  double area_m2 = 0;
  double leakage_W = 0;
  [[nodiscard]] double ops_per_J() const { return ops_per_s / power_W; }
  [[nodiscard]] double ops_per_s_m2() const { return ops_per_s / area_m2; }
};

/// Names of the operations that have a closed form, in the order of reports.
std::span<const std::string_view> costed_operations();

class machine_costs {
public:
  /// \throws input_error if the technology does not cover the machine
  machine_costs(machine_configuration configuration, const technology& prices);

  /// A refresh is one that finds no worn pair. \throws input_error for an unknown name
  [[nodiscard]] operation_cost operation(std::string_view name, const assumed_work& work) const;
  /// In the order of the books; the parts of a tile first.
  [[nodiscard]] const std::vector<part_cost>& parts() const { return parts_; }
  [[nodiscard]] peak_cost tile(const assumed_work& work) const;
  [[nodiscard]] peak_cost chip(const assumed_work& work) const;
  [[nodiscard]] double energy_J(action a) const { return prices_.energy_J(a); }
  [[nodiscard]] const machine_configuration& machine() const { return configuration_; }

private:
  machine_configuration configuration_;
  ledger books_;
  price_list prices_;
  std::vector<part_cost> parts_;
};

} // namespace tilework::platform
