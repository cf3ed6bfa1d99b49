// SPDX-License-Identifier: Apache-2.0
/// \file A small run to report on.
#pragma once

#include <tilework/core/results.h>

namespace tilework::test {

inline constexpr auto at(phase p) {
  return static_cast<std::size_t>(p);
}

/// An ADC and a crossbar; 3 us of training and 1 us of evaluation.
inline run_results example_run() {
  run_results r;
  r.experiment = "example";
  r.machine = "small";
  r.technology = "paper";
  r.timing = "loosely_timed";
  r.seed = 7;
  r.epochs = 1;
  r.evaluations = {{1, 0.5, 0.75, 0.875, 3e-6, 2e-9}};
  r.exposed[at(phase::forward)] = {2'000'000'000};
  r.exposed[at(phase::update)] = {1'000'000'000};
  r.exposed[at(phase::evaluate)] = {1'000'000'000};
  r.busy = r.exposed;
  auto& adc = r.books.open("chip0.tile0.adc", component_kind::adc, 4);
  adc.counts.add(phase::forward, action::adc_conversion, 1000);
  adc.counts.add(phase::evaluate, action::adc_conversion, 500);
  adc.busy[at(phase::forward)] = {1'500'000'000};
  auto& crossbar = r.books.open("chip0.tile0.crossbar", component_kind::crossbar, 64);
  crossbar.counts.add(phase::forward, action::cell_read, 64'000);
  r.costs.rows = {{"chip0.tile0.adc", component_kind::adc, action::adc_conversion, phase::forward, 1000, 1e-9},
                  {"chip0.tile0.adc", component_kind::adc, std::nullopt, phase::forward, 2'000'000'000, 0.5e-9}};
  r.costs.entries.resize(3);
  r.costs.rows[1].entry = 1;
  const auto component = [](const char* name, component_kind kind, double area_m2, double energy_J) {
    return component_cost{.name = name,
                          .kind = kind,
                          .area_m2 = area_m2,
                          .area_entry = 2,
                          .phase_energy_J = {},
                          .training_energy_J = energy_J};
  };
  r.costs.components = {component("chip0.tile0.adc", component_kind::adc, 2e-9, 1.5e-9),
                        component("chip0.tile0.crossbar", component_kind::crossbar, 1e-9, 0.5e-9)};
  r.costs.phase_energy_J[at(phase::forward)] = 2e-9;
  r.costs.phase_energy_J[at(phase::evaluate)] = 0.25e-9;
  r.costs.training_energy_J = 2e-9;
  r.costs.area_m2 = 3e-9;
  r.operations = {{"forward_mvm", 12}, {"vector_op", 0}};
  r.delayed_requests = 5;
  r.network = {.topology = "mesh 2 x 2", .model = "calendar", .out_of_order_requests = 3, .largest_skew = {7'000'000}};
  r.weights_digest = "crc64:00";
  r.host = {.wall_s = 1.5, .systemc_s = 0.5, .numerics_s = 1, .peak_rss_bytes = 1024, .isa = "x", .threads = 2};
  return r;
}

} // namespace tilework::test
