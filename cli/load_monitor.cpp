// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/load_monitor.h>
#include <tilework/core/byte_stream.h>

#include <algorithm>

namespace tilework::cli {
namespace {

double leakage_W(const ledger& books, const price_list& prices) {
  double sum_W = 0;
  for (const auto& account : books.accounts())
    sum_W += account.units * prices.leakage_W(account.kind);
  return sum_W;
}

} // namespace

pulsed_cell pulsed_cell_of(const platform::machine_configuration& machine) {
  const auto quantities = platform::quantities_of(machine);
  return {quantities.conductance_S, quantities.v_write_V};
}

load_monitor::load_monitor(const platform::machine& machine, const price_list& prices, femtoseconds window,
                           const pulsed_cell& cell)
    : window_(window),
      cell_(cell),
      energy_(machine.accounts_in_use(), prices),
      leakage_W_(leakage_W(machine.books(), prices)),
      power_(window) {
}

void load_monitor::operation_done(const operation_record& record) {
  if (!is_training(record.op->phase))
    return;
  is_training_step_ = true;
  const auto kind = record.op->kind;
  if (kind == operation_kind::outer_product_update || kind == operation_kind::write_line)
    current_.add(record.accepted, record.done, update_current_A(record.activity, cell_));
}

void load_monitor::drained(std::uint64_t /*step*/, femtoseconds length) {
  if (!is_training_step_)
    return;
  is_training_step_ = false;
  const double energy_J = energy_.total_J();
  power_.add_step(length, energy_J - energy_so_far_J_ + leakage_W_ * length.seconds());
  energy_so_far_J_ = energy_J;
  current_.end_step();
}

peak_loads load_monitor::peaks(std::span<const array_region> arrays) const {
  double largest = 0;
  double all = 0;
  for (const auto& region : arrays) {
    const double cells = static_cast<double>(region.inputs) * region.outputs;
    largest = std::max(largest, cells);
    all += cells;
  }
  const double of_cell_A = cell_.conductance_S * cell_.v_write_V;
  return {.power_W = power_.peak_W(),
          .power_window_s = window_.seconds(),
          .array_current_A = current_.of_array_A(),
          .array_current_bound_A = of_cell_A * largest,
          .machine_current_A = current_.of_machine_A(),
          .machine_current_bound_A = of_cell_A * all};
}

void load_monitor::save(std::ostream& out) const {
  byte_writer writer(out);
  power_.save(writer);
  writer.write(current_.state());
}

void load_monitor::restore(std::istream& in) {
  byte_reader reader(in);
  power_.restore(reader);
  peak_current::peaks peaks;
  reader.read(peaks);
  current_.set_state(peaks);
  energy_so_far_J_ = energy_.total_J();
}

} // namespace tilework::cli
