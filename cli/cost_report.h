// SPDX-License-Identifier: Apache-2.0
/// \file What `tilework cost` says, as tables and as JSON. The schema is documented in docs/cost.md.
#pragma once

#include <tilework/platforms/bill_of_materials.h>
#include <tilework/platforms/machine_costs.h>
#include <tilework/platforms/published.h>

#include <string>
#include <vector>

namespace tilework::cli {

/// A published figure and what this project has for it.
struct compared_figure {
  platform::published_figure published;
  double ours = 0;
};

struct machine_report {
  platform::machine_configuration machine;
  platform::assumed_work work;
  std::vector<platform::operation_cost> operations;
  std::vector<platform::part_cost> parts;
  platform::peak_cost tile;
  platform::peak_cost chip;
  std::vector<compared_figure> compared;
};

struct bill_report {
  platform::bill_of_materials bill;
  std::vector<compared_figure> compared;
};

std::string cost_tables(const machine_report& report);
std::string cost_tables(const bill_report& report);
std::string cost_json(const machine_report& report);
std::string cost_json(const bill_report& report);

} // namespace tilework::cli
