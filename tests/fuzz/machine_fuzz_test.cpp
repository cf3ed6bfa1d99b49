// SPDX-License-Identifier: Apache-2.0
// Random small machines with random work, loosely and approximately timed, on calendars and on routers. A case that
// fails is repeated by its number: TILEWORK_FUZZ_SEED=n fuzz_test --gtest_filter=machine_fuzz.one_case
#include "fuzz/random_work.h"
#include "support/forked.h"
#include "support/systemc_fixture.h"

#include <tilework/core/pricing.h>
#include <tilework/modules/tile/tile_costs.h>
#include <tilework/platforms/machine.h>
#include <tilework/platforms/technology_file.h>
#include <tilework/tlm/clock_domain.h>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace tilework {
namespace {

using hardware::timing_mode;
using test::make_work;

/// What packets take at least, and the links that they pass.
class empty_network {
public:
  explicit empty_network(const platform::machine_configuration& machine) : machine_(machine) {
    if (const auto* routed = this->routed())
      topology_ = hardware::topology_of(*routed);
  }
  [[nodiscard]] const hardware::routed_network_configuration* routed() const {
    return std::get_if<hardware::routed_network_configuration>(&machine_.interconnect);
  }
  [[nodiscard]] femtoseconds time(std::uint32_t from, std::uint32_t to, std::uint64_t bytes) const {
    if (bytes == 0)
      return {};
    if (const auto* r = routed())
      return transaction::clock_domain(r->clock_Hz).period() *
             hardware::empty_network_cycles(topology_, r->router_latency_cycles, from, to, r->flits_of(bytes));
    const auto* bus = std::get_if<hardware::bus_configuration>(&machine_.interconnect);
    if (bus == nullptr)
      return {};
    return transaction::clock_domain(bus->clock_Hz).period() *
           static_cast<std::int64_t>(bus->arbitration_cycles + bus->beats_of(bytes));
  }
  /// Of routed networks.
  [[nodiscard]] std::uint64_t flit_hops(std::uint32_t from, std::uint32_t to, std::uint64_t bytes) const {
    std::uint64_t hops = 0;
    for (auto router = topology_.router_of[from];; ++hops) {
      const auto exit = topology_.exit_towards(router, to);
      if (topology_.is_ejection(exit))
        return bytes == 0 ? 0 : hops * routed()->flits_of(bytes);
      router = topology_.channels[exit].to;
    }
  }

private:
  const platform::machine_configuration& machine_;
  hardware::topology topology_;
};

/// Looks at every operation.
class watcher final : public transaction::transaction_listener {
public:
  explicit watcher(const test::random_work& work)
      : work_(work), network_(work.machine), clock_(work.machine.vector_unit.clock_Hz) {
    for (const auto& region : work.arrays) {
      const auto& p = work.parameters[region.id.role];
      costs_.emplace_back(
          work.machine.tile, physics::array_shape{region.inputs, region.outputs},
          hardware::tile_reads{
              physics::plan_of(p.forward), physics::plan_of(p.backward), {}, physics::plan_of(p.line_read)},
          hardware::nominal_slots{static_cast<std::uint32_t>(p.update.desired_bl),
                                  static_cast<std::uint32_t>(p.line_write.desired_bl)});
    }
  }

  void operation_done(const operation_record& record) override {
    if (seen_.size() <= record.index)
      seen_.resize(record.index + 1, 0);
    ++seen_[record.index];
    ++operations_;
    const auto took = record.done - record.ready;
    EXPECT_LE(record.ready, record.done);
    EXPECT_GE(took, least_time(*record.op, record.activity)) << name_of(record.op->kind);
  }
  void drained(std::uint64_t /*step*/, femtoseconds length) override {
    for (const auto times : seen_)
      EXPECT_EQ(times, 1U) << "an operation was done more than once, or never";
    seen_.clear();
    total_ += length;
  }
  [[nodiscard]] femtoseconds total() const { return total_; }
  [[nodiscard]] std::uint64_t operations() const { return operations_; }
  /// Where packets go alone.
  [[nodiscard]] std::uint64_t flit_hops() const { return flit_hops_; }

private:
  [[nodiscard]] std::uint64_t bytes_of(const auto& operands, const operation& op) const {
    std::uint64_t elements = 0;
    for (const auto& ref : operands)
      if (ref.slot != no_slot)
        elements += std::uint64_t{ref.length} * op.vectors;
    return elements * numerics::bytes_of(work_.machine.vector_unit.format);
  }

  femtoseconds least_time(const operation& op, const operation_activity& activity) {
    if (op.kind == operation_kind::vector_op) {
      const auto& unit = work_.machine.vector_unit;
      return clock_.period() *
             (hardware::cycles_of(hardware::alu_operations_of(op), unit.lanes, unit.ops_per_lane_cycle) +
              static_cast<std::int64_t>(unit.latency_cycles));
    }
    if (op.array == no_array)
      return {};
    const auto on_tile = costs_[op.array].occupation(op, activity).stages.done;
    return work_.packets_go_alone() ? on_tile + on_its_way(op) : on_tile;
  }

  femtoseconds on_its_way(const operation& op) {
    const auto node = work_.arrays[op.array].tile;
    const auto sent = bytes_of(op.inputs, op);
    const auto answered = bytes_of(op.outputs, op);
    if (network_.routed() != nullptr)
      flit_hops_ += network_.flit_hops(0, node, sent) + network_.flit_hops(node, 0, answered);
    return network_.time(0, node, sent) + network_.time(node, 0, answered);
  }

  const test::random_work& work_;
  empty_network network_;
  transaction::clock_domain clock_;
  std::vector<hardware::tile_costs> costs_; ///< of each array
  std::vector<std::uint32_t> seen_;         ///< operations of this step: how often
  std::uint64_t operations_ = 0;
  std::uint64_t flit_hops_ = 0;
  femtoseconds total_;
};

/// FNV-1a.
class digest {
public:
  template <typename T>
  void add(std::span<const T> values) {
    for (const auto b : std::as_bytes(values))
      value = (value ^ std::to_integer<std::uint64_t>(b)) * 0x100000001b3U;
  }
  std::uint64_t value = 0xcbf29ce484222325U;
};

struct outcome {
  std::uint64_t values = 0; ///< weights and operands
  std::uint64_t counts = 0;
  std::uint64_t operations = 0;
  femtoseconds total;
  std::uint64_t delayed = 0;
};

/// Energy = counts times prices and leakage power times time, added in another order than the price list does.
void expect_energy(const platform::machine& machine, const technology& prices,
                   const platform::machine_configuration& configuration) {
  const auto& books = machine.books();
  const price_list list(prices, platform::quantities_of(configuration), kinds_of(books));
  const auto& exposed = machine.control().phases().totals().exposed;
  const auto sheet = price(books, list, exposed);
  double expected = 0;
  for (std::size_t p = 0; p < phase_count; ++p) {
    if (!is_training(static_cast<phase>(p)))
      continue;
    for (const auto& account : books.accounts())
      expected += account.units * list.leakage_W(account.kind) * exposed[p].seconds();
    for (std::size_t a = 0; a < action_count; ++a)
      if (const auto n = books.total(static_cast<phase>(p), static_cast<action>(a)); n > 0)
        expected += static_cast<double>(n) * list.energy_J(static_cast<action>(a));
  }
  EXPECT_NEAR(sheet.training_energy_J, expected, 1e-9 * expected);
}

outcome run_case(test::random_work& work, timing_mode timing, const technology& prices) {
  worker_pool pool(1);
  platform::machine machine(work.machine, {.arrays = work.arrays,
                                           .parameters = work.parameters,
                                           .seed = 11,
                                           .max_burst = work.max_burst,
                                           .timing = timing,
                                           .source = work.source(),
                                           .samples = work.samples(),
                                           .arena = work.arena,
                                           .pool = pool,
                                           .stages = work.stages});
  watcher watching(work);
  machine.control().add_listener(watching);
  machine.run(); // throws if it is stuck
  EXPECT_TRUE(work.complete());
  outcome o{.operations = watching.operations(), .total = watching.total(), .delayed = machine.delayed_requests()};
  digest values;
  digest counts;
  for (std::size_t a = 0; a < work.arrays.size(); ++a)
    values.add(machine.tile_of(a).values().weights());
  values.add(std::span<const float>(work.arena.storage()));
  for (const auto& account : machine.books().accounts())
    counts.add(std::span<const action_counts>(&account.counts, 1));
  o.values = values.value;
  o.counts = counts.value;
  femtoseconds exposed;
  for (const auto e : machine.control().phases().totals().exposed)
    exposed += e;
  EXPECT_EQ(exposed, o.total);
  if (work.packets_go_alone() &&
      std::holds_alternative<hardware::routed_network_configuration>(work.machine.interconnect)) {
    std::uint64_t hops = 0;
    for (std::size_t p = 0; p < phase_count; ++p)
      hops += machine.books().total(static_cast<phase>(p), action::flit_hop);
    EXPECT_EQ(hops, watching.flit_hops()) << "a packet was lost, sent twice or sent elsewhere";
  }
  expect_energy(machine, prices, work.machine);
  return o;
}

outcome in_own_process(std::uint64_t seed, timing_mode timing, bool routers, const technology& prices) {
  SCOPED_TRACE(std::string(timing == timing_mode::loosely ? "loosely" : "approximately") +
               (routers ? ", routers" : ", calendars"));
  return test::in_child([&] {
    sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING); // that the run is over
    const auto work = make_work(seed);
    if (routers)
      test::use_routers(work->machine);
    return run_case(*work, timing, prices);
  });
}

technology shipped_prices() {
  const std::filesystem::path source(std::getenv("TILEWORK_SOURCE")); // NOLINT(concurrency-mt-unsafe)
  return platform::read_technology(source / "platforms/technologies/generic_14nm.yaml");
}

void expect_same(const outcome& a, const outcome& b) {
  EXPECT_EQ(a.values, b.values);
  EXPECT_EQ(a.counts, b.counts);
  EXPECT_EQ(a.operations, b.operations);
}

/// \return whether nothing waited, so that times had to be equal
bool try_case(std::uint64_t seed, const technology& prices) {
  SCOPED_TRACE("repeat: TILEWORK_FUZZ_SEED=" + std::to_string(seed) +
               " fuzz_test --gtest_filter=machine_fuzz.one_case");
  const auto loose = in_own_process(seed, timing_mode::loosely, false, prices);
  const auto approximate = in_own_process(seed, timing_mode::approximately, false, prices);
  EXPECT_GT(loose.operations, 0U);
  expect_same(loose, approximate);
  const bool nothing_waited = loose.delayed == 0 && approximate.delayed == 0;
  if (nothing_waited) {
    EXPECT_EQ(loose.total, approximate.total);
  }
  if (test::use_routers(make_work(seed)->machine))
    expect_same(loose, in_own_process(seed, timing_mode::approximately, true, prices));
  return nothing_waited;
}

void try_cases(std::uint64_t first, std::uint64_t count) {
  const auto prices = shipped_prices();
  std::uint64_t nothing_waited = 0;
  for (auto seed = first; seed < first + count; ++seed)
    nothing_waited += try_case(seed, prices) ? 1U : 0U;
  EXPECT_GT(nothing_waited, 0U);
  EXPECT_LT(nothing_waited, count);
}

TEST(machine_fuzz, a_hundred_cases) {
  try_cases(0, 100);
}

/// 3413: a read that takes no time, of vectors that are all zero, came before the one that held the array.
TEST(machine_fuzz, cases_that_once_failed) {
  const auto prices = shipped_prices();
  for (const std::uint64_t seed : {3413U})
    try_case(seed, prices);
}

/// Ten of them are ten thousand cases.
class machine_fuzz_long : public testing::TestWithParam<int> {};

TEST_P(machine_fuzz_long, a_thousand_cases) {
  try_cases(1000U * static_cast<std::uint64_t>(GetParam()), 1000);
}

INSTANTIATE_TEST_SUITE_P(thousand, machine_fuzz_long, testing::Range(1, 11));

TEST(machine_fuzz, one_case) {
  const auto* seed = std::getenv("TILEWORK_FUZZ_SEED"); // NOLINT(concurrency-mt-unsafe): one thread
  if (seed == nullptr)
    GTEST_SKIP() << "TILEWORK_FUZZ_SEED names no case";
  try_case(std::stoull(seed), shipped_prices());
}

} // namespace
} // namespace tilework
