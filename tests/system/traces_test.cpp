// SPDX-License-Identifier: Apache-2.0
// What the machine did and why it took as long: traces of single steps, bottlenecks of whole runs.
#include "support/small_runs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

namespace tilework::test {
namespace {

namespace fs = std::filesystem;

using arguments = std::vector<std::string>;

const arguments bus{"--set", "machine.interconnect={bus: {nodes: 8}}",
                    "--set", "machine.tile.array={inputs: 400, outputs: 20}",
                    "--set", "training.batch_size=4"};

/// Transfers between copies: multicasts, and reads that are added in the network.
arguments transfers(const fs::path& out) {
  arguments more;
  for (const auto& set :
       {"machine=" + (source_folder() / "platforms/machines/mesh_4x2.yaml").string(),
        std::string("machine.tile.array={inputs: 784, outputs: 256}"),
        std::string("machine.interconnect.mesh={columns: 4, rows: 4, reduction: true}"),
        std::string("training.batch_size=10"), std::string("training.device={extends: Idealized, dw_min: 0.002}"),
        std::string("training.algorithm={name: MultiTileAGAD, replicas: 4, replicate: fast_and_slow, "
                    "buffer_granularity: 0.01}"),
        std::string("training.transfer={every: 1 mini_batch, reduction: network}")})
    more.insert(more.end(), {"--set", set});
  return small_run(out, more, "[784, 16, 10]");
}

void expect_success(const arguments& call) {
  const auto result = run_program(call);
  ASSERT_EQ(result.exit_code, 0) << result.err;
}

/// Runs the standard library's Python; returns whether it succeeded.
bool python(const std::string& rest) {
  return std::system(("python3 " + rest).c_str()) == 0; // NOLINT(*-mt-unsafe): one thread
}

/// Last line of what the independent program says of a record.
std::string makespans_of(const fs::path& record) {
  const temporary_directory folder;
  const auto said = (folder / "said").string();
  const bool agrees =
      python((source_folder() / "tools/makespan.py").string() + " " + record.string() + " > " + said + " 2>&1");
  const auto lines = lines_of(read_file(said));
  EXPECT_EQ(agrees, lines.back().ends_with(" 0 differ")) << read_file(said);
  return lines.back();
}

/// The independent program agrees with every step of a record.
void expect_makespans(arguments call, const std::string& timing) {
  const temporary_directory folder;
  const auto record = folder / "run.sqlite";
  call.insert(call.end(), {"--timing", timing, "--sqlite", record.string(), "--trace-steps", "0:40"});
  expect_success(call);
  EXPECT_EQ(makespans_of(record), "40 steps, 0 differ");
}

TEST(makespans, agree_on_routers_simulated_flit_by_flit) {
  const temporary_directory folder;
  const std::string routers = "machine.interconnect.mesh={columns: 2, rows: 2, model: router}";
  expect_makespans(small_run(folder / "run", {"--set", routers}), "at");
  const auto b = summary_in(folder / "run").at("bottlenecks");
  const auto calendar = summary_of_run({"--timing", "at"}).at("bottlenecks");
  const auto share = [](const json& of) { return of.at("critical_path").at("shares").at("network").get<double>(); };
  EXPECT_NEAR(share(b), share(calendar), 0.02); // hardly anything waits in this network
}

TEST(makespans, show_what_was_tampered_with) {
  const temporary_directory folder;
  const auto record = (folder / "run.sqlite").string();
  expect_success(small_run(folder / "run", {"--sqlite", record, "--trace-steps", "0:4"}));
  const auto change = [&](const std::string& sql) {
    EXPECT_TRUE(python("-c \"import sqlite3; d = sqlite3.connect('" + record + "'); d.execute('''" + sql +
                       "'''); d.commit()\""));
  };
  change("UPDATE Booking SET gap_fs = gap_fs + 1 WHERE step = 1 AND booking = 0");
  EXPECT_EQ(makespans_of(record), "4 steps, 1 differ");
  change("UPDATE Booking SET gap_fs = gap_fs - 1 WHERE step = 1 AND booking = 0");
  EXPECT_EQ(makespans_of(record), "4 steps, 0 differ");
  change("UPDATE Operation SET gap_fs = gap_fs + 1000 WHERE step = 2 AND operation = 3");
  EXPECT_EQ(makespans_of(record), "4 steps, 1 differ");
  change("DELETE FROM Dependency");
  EXPECT_EQ(makespans_of(record), "4 steps, 4 differ");
}

TEST(makespans, agree_on_a_mesh) {
  for (const std::string timing : {"lt", "at"}) {
    const temporary_directory folder;
    expect_makespans(small_run(folder / "run", {"--set", "machine.digital.buffer.ports=1"}), timing);
  }
}

TEST(makespans, agree_on_a_bus) {
  for (const std::string timing : {"lt", "at"}) {
    const temporary_directory folder;
    expect_makespans(small_run(folder / "run", bus), timing);
  }
}

TEST(makespans, agree_on_transfers_between_copies) {
  for (const std::string timing : {"lt", "at"}) {
    const temporary_directory folder;
    expect_makespans(transfers(folder / "run"), timing);
  }
}

TEST(traces, are_chrome_traces) {
  const temporary_directory folder;
  auto call = small_run(folder / "run", bus);
  call.insert(call.end(), {"--trace", (folder / "trace.json").string(), "--trace-steps", "2:3"});
  expect_success(call);
  const auto trace = json::parse(read_file(folder / "trace.json"));
  using track = std::pair<int, int>;
  std::set<track> named;
  std::map<track, std::int64_t> end;
  std::map<track, std::map<std::int64_t, std::int64_t>> slices; // start to end
  std::map<std::uint64_t, std::pair<int, int>> flows;           // begins and ends
  std::set<std::uint64_t> steps;
  std::set<std::string> phases;
  for (const auto& e : trace.at("traceEvents")) {
    const track t{e.at("pid").get<int>(), e.at("tid").get<int>()};
    const std::string ph = e.at("ph");
    ASSERT_TRUE(e.at("name").is_string());
    if (ph == "M") {
      ASSERT_TRUE(e.at("args").at("name").is_string());
      named.insert(t);
      continue;
    }
    ASSERT_TRUE(named.contains(t));
    ASSERT_TRUE(e.at("ts").is_number());
    if (ph == "X") {
      EXPECT_GT(e.at("dur").get<double>(), 0);
      const auto start = e.at("args").at("start_fs").get<std::int64_t>();
      EXPECT_NEAR(e.at("ts").get<double>() * 1e9, static_cast<double>(start), 1);
      EXPECT_TRUE(slices[t].emplace(start, start + e.at("args").at("length_fs").get<std::int64_t>()).second);
      steps.insert(e.at("args").at("step").get<std::uint64_t>());
      phases.insert(e.at("cat"));
    } else {
      ASSERT_TRUE(ph == "s" || ph == "f") << ph;
      auto& [begins, ends] = flows[e.at("id").get<std::uint64_t>()];
      ++(ph == "s" ? begins : ends);
    }
  }
  EXPECT_EQ(steps, (std::set<std::uint64_t>{2, 3, 4}));
  EXPECT_EQ(phases, (std::set<std::string>{"forward", "backward", "update"}));
  EXPECT_GT(slices.size(), 5U);
  for (const auto& [t, on_track] : slices) {
    std::int64_t free = 0;
    for (const auto& [start, until] : on_track) {
      EXPECT_GE(start, free);
      free = until;
    }
  }
  EXPECT_FALSE(flows.empty());
  for (const auto& [id, ends] : flows)
    EXPECT_EQ(ends, (std::pair{1, 1})) << id;
}

TEST(traces, occupancy_is_a_value_change_dump) {
  const temporary_directory folder;
  auto call = small_run(folder / "run", bus);
  call.insert(call.end(), {"--vcd", (folder / "trace.vcd").string(), "--trace-steps", "0:2"});
  expect_success(call);
  std::map<std::string, std::string> names; // by code
  std::map<std::string, std::string> values;
  std::set<std::string> queued;
  bool defines = true;
  std::int64_t time = -1;
  for (const auto& line : lines_of(read_file(folder / "trace.vcd"))) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    if (defines) {
      std::string type;
      std::string width;
      std::string code;
      std::string name;
      if (word == "$var" && words >> type >> width >> code >> name) {
        EXPECT_TRUE(names.emplace(code, name).second) << line;
      }
      defines = word != "$enddefinitions";
    } else if (word.front() == '#') {
      EXPECT_GE(std::stoll(word.substr(1)), time);
      time = std::stoll(word.substr(1));
    } else if (word.front() == 'b') {
      std::string code;
      ASSERT_TRUE(words >> code && names.contains(code)) << line;
      values[code] = word.substr(1);
      if (values[code] != "0")
        queued.insert(names[code]);
    } else if (word.front() != '$') {
      ASSERT_TRUE(names.contains(word.substr(1))) << line;
      values[word.substr(1)] = word.substr(0, 1);
    }
  }
  EXPECT_FALSE(defines);
  EXPECT_TRUE(queued.contains("bus_queue"));
  for (const auto& [code, value] : values)
    EXPECT_EQ(value, "0") << names[code]; // idle at the end
}

TEST(traces, change_no_result_and_name_bad_windows) {
  const temporary_directory folder;
  auto call = small_run(folder / "run");
  call.insert(call.end(), {"--vcd", (folder / "v").string(), "--sqlite", (folder / "s").string()});
  expect_success(call);
  EXPECT_EQ(without_host(summary_in(folder / "run")), without_host(summary_of_run()));
  for (const std::string window : {"", "3", "3:", ":3", "3:0", "a:b", "1:2:3", "-1:3"}) {
    auto bad = small_run(folder / "bad");
    bad.insert(bad.end(), {"--trace", (folder / "t").string(), "--trace-steps", window});
    const auto result = run_program(bad);
    EXPECT_EQ(result.exit_code, 2) << window;
    EXPECT_NE(result.err.find("--trace-steps"), std::string::npos) << result.err;
  }
  auto alone = small_run(folder / "alone");
  alone.insert(alone.end(), {"--trace-steps", "0:3"});
  EXPECT_EQ(run_program(alone).exit_code, 2);
}

TEST(traces, a_full_disk_for_the_database_keeps_all_results) {
  const temporary_directory folder;
  const auto result = run_program(small_run(folder / "run", {"--sqlite", "/dev/full"}));
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_NE(result.err.find("cannot write /dev/full: database or disk is full"), std::string::npos) << result.err;
  EXPECT_TRUE(fs::exists(folder / "run/summary.json"));
}

TEST(bottlenecks, of_a_run_add_up) {
  const auto b = summary_of_run(bus).at("bottlenecks");
  EXPECT_EQ(b.at("one_step_of"), 128);
  EXPECT_GE(b.at("observed_steps").get<int>(), 1); // of 150
  EXPECT_LE(b.at("observed_steps").get<int>(), 2);
  double shares = 0;
  for (const auto& [kind, share] : b.at("critical_path").at("shares").items())
    shares += share.get<double>();
  EXPECT_NEAR(shares, 1, 1e-9);
  double operations = 0;
  for (const auto& operation : b.at("critical_path").at("operations"))
    operations += operation.at("share").get<double>();
  EXPECT_NEAR(operations, 1, 1e-9);
  std::set<std::string> kinds;
  for (const auto& unit : b.at("units")) {
    kinds.insert(unit.at("kind"));
    EXPECT_GE(unit.at("speed_up_if_free").get<double>(), 1);
    EXPECT_LE(unit.at("utilisation").get<double>(), 1);
    EXPECT_LE(unit.at("mean_utilisation").get<double>(), unit.at("utilisation").get<double>() + 1e-12);
  }
  EXPECT_EQ(kinds, (std::set<std::string>{"array", "adc", "digital", "network", "buffer", "memory"}));
  ASSERT_FALSE(b.at("stalls").empty());
  for (std::size_t i = 1; i < b.at("stalls").size(); ++i)
    EXPECT_LE(b.at("stalls")[i].at("time_s").get<double>(), b.at("stalls")[i - 1].at("time_s").get<double>());
}

TEST(bottlenecks, a_slower_converter_is_found) {
  const auto b = summary_of_run({"--set", "machine.tile.adc.cycle=100 ns"}).at("bottlenecks");
  EXPECT_EQ(b.at("critical_path").at("shares").begin().key(), "adc");
  std::map<std::string, double> speed_up;
  for (const auto& unit : b.at("units"))
    speed_up[unit.at("kind")] = unit.at("speed_up_if_free");
  EXPECT_GT(speed_up.at("adc"), 5);
  EXPECT_LT(speed_up.at("memory"), 1.1);
}

} // namespace
} // namespace tilework::test
