#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Schedules of training, asynchronous training and devices that live in simulated time, for docs/schedules.md.

Usage: tools/schedules_study.py [--program FILE] [--jobs N]
Prints the tables and draws docs/schedules-asynchronous.png and docs/schedules-device-time.png. Results of runs are kept
in build/schedules; delete it to measure again. Needs gnuplot.
"""
import argparse
import concurrent.futures
import json
import os
import re
import statistics
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build/schedules"
SEEDS = (1, 2, 3)
BATCH = 16
COMMON = (f"training.batch_size={BATCH}", "machine.digital.buffer.capacity=8 MiB")
SCHEDULES = {
    "serial": ("training.schedule=serial",),
    "by_data": (),
    "pipelined, micro_batch 8": ("training.schedule=pipelined", "training.micro_batch=8"),
    "pipelined, micro_batch 4": ("training.schedule=pipelined", "training.micro_batch=4"),
    "pipelined, micro_batch 2": ("training.schedule=pipelined", "training.micro_batch=2"),
    "pipelined, micro_batch 1": ("training.schedule=pipelined", "training.micro_batch=1"),
    "asynchronous, 4 mini-batches": ("training.asynchronous.mini_batches=4",),
    "asynchronous, 4 mini-batches, micro_batch 4": ("training.asynchronous.mini_batches=4",
                                                    "training.schedule=pipelined", "training.micro_batch=4"),
}
IN_FLIGHT = (1, 2, 4, 8, 16, 32)
RATES = (0.1, 0.2, 0.4)
BASE = RATES[-1]
CONSTANTS_S = (3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0)
CONVERTERS = {"SAR, 10 ns": "{kind: sar, bits: 9, cycle: 1 ns, lines_per_adc: 8}",
              "ramp, 512 ns": "{kind: ramp, bits: 9, cycle: 1 ns, lines_per_adc: 8}"}
LIFETIME = 1000  # in periods; e-fold after -1 / ln(1 - 1 / LIFETIME) = 999.5 of them
COLOURS = ("#1b9e77", "#377eb8", "#c51b5d")


def settings(rate, more):
    return (*COMMON, f"training.learning_rate={rate}", *more)


def in_flight(n, rate):
    return settings(rate, (f"training.asynchronous.mini_batches={n}",))


def leaky(constant_s, converter):
    return settings(BASE, (f"training.device={{extends: Capacitor, lifetime: {LIFETIME}}}",
                              f"training.device_time={{clock: simulated, period: {constant_s / (LIFETIME - 0.5):.4e} s}}",
                              f"machine.tile.adc={CONVERTERS[converter]}"))


def run(program, values, seed):
    """summary.json of a run with these values."""
    out = FOLDER / re.sub(r"[^A-Za-z0-9_.=-]+", "_", "+".join((*values[len(COMMON):], str(seed))))
    summary = out / "summary.json"
    if not summary.exists():
        sets = [word for value in values for word in ("--set", value)]
        subprocess.run([program, "run", ROOT / "workloads/experiments/glyphs_sgd.yaml", "--threads", "1", "--seed",
                        str(seed), "--out", out, *sets], check=True, capture_output=True)
    return json.loads(summary.read_text())


def epoch_ms(summary):
    return 1e3 * summary["simulated_time_s"] / summary["epochs"]


def percent(summaries):
    values = [100 * s["test_accuracy"] for s in summaries]
    return f"{statistics.median(values):.1f} ({min(values):.1f}-{max(values):.1f})"


def median_percent(summaries):
    return 100 * statistics.median(s["test_accuracy"] for s in summaries)


def print_schedules(results):
    print("| schedule | time per epoch | energy per epoch | accuracy | the weights of by_data |")
    print("|---|---|---|---|---|")
    plain = results[settings(BASE, ()), 1]
    for name, more in SCHEDULES.items():
        s = results[settings(BASE, more), 1]
        same = "yes" if s["weights_digest"] == plain["weights_digest"] else "no"
        print(f"| {name} | {epoch_ms(s):.3f} ms | {1e3 * s['energy_J'] / s['epochs']:.3f} mJ "
              f"| {100 * s['test_accuracy']:.1f} % | {same} |")


def print_asynchronous(results):
    print("\n| mini-batches in flight | time per epoch | missed updates, mean | largest |"
          + "".join(f" accuracy at {rate}, % |" for rate in RATES))
    print("|---" * (4 + len(RATES)) + "|")
    for n in IN_FLIGHT:
        first = results[in_flight(n, RATES[0]), 1]
        staleness = first.get("staleness", {"mean_updates": 0, "largest_updates": 0})
        cells = [percent([results[in_flight(n, rate), seed] for seed in SEEDS]) for rate in RATES]
        print(f"| {n} | {epoch_ms(first):.3f} ms | {staleness['mean_updates']:.2f} | {staleness['largest_updates']} | "
              + " | ".join(cells) + " |")


def print_device_time(results):
    print("\n| time constant |" + "".join(f" {name}: accuracy, % |" for name in CONVERTERS))
    print("|---" * (1 + len(CONVERTERS)) + "|")
    for constant in CONSTANTS_S:
        cells = [percent([results[leaky(constant, c), seed] for seed in SEEDS]) for c in CONVERTERS]
        print(f"| {1e3 * constant:g} ms | " + " | ".join(cells) + " |")
    for name in CONVERTERS:
        print(f"{name}: {epoch_ms(results[leaky(CONSTANTS_S[0], name), 1]):.2f} ms per epoch")


def plot(name, data, commands):
    file = FOLDER / f"{name}.dat"
    file.write_text("\n".join(" ".join(str(value) for value in row) for row in data) + "\n")
    script = (f"set terminal pngcairo size 760,440 font 'Helvetica,12'; set output '{ROOT / 'docs' / name}.png'; "
              "set grid; set key bottom left; set ylabel 'test accuracy, %'; set logscale x; "
              + commands.replace("DATA", f"'{file}'"))
    subprocess.run(["gnuplot", "-e", script], check=True)


def draw_asynchronous(results):
    rows = [(n, epoch_ms(results[in_flight(n, RATES[0]), 1]),
             *(median_percent([results[in_flight(n, rate), seed] for seed in SEEDS]) for rate in RATES))
            for n in IN_FLIGHT]
    curves = ", ".join(f"DATA using 1:{3 + k} with linespoints pt 7 lw 2 lc rgb '{COLOURS[k]}' title 'learning rate {rate}'"
                       for k, rate in enumerate(RATES))
    plot("schedules-asynchronous", rows,
         "set xlabel 'mini-batches in flight'; set xtics (1, 2, 4, 8, 16, 32); set xrange [0.9:36]; set yrange [0:100]; "
         "set ytics nomirror; set y2tics; set y2label 'time per epoch, ms'; set y2range [0:*]; "
         f"plot {curves}, DATA using 1:2 axes x1y2 with linespoints pt 5 lw 2 dt 2 lc rgb '#666666' title 'time per epoch'")


def draw_device_time(results):
    rows = [(1e3 * constant,
             *(median_percent([results[leaky(constant, c), seed] for seed in SEEDS]) for c in CONVERTERS))
            for constant in CONSTANTS_S]
    curves = ", ".join(
        f"DATA using 1:{2 + k} with linespoints pt 7 lw 2 lc rgb '{COLOURS[k]}' title "
        f"'{name} ({epoch_ms(results[leaky(CONSTANTS_S[0], name), 1]):.1f} ms per epoch)'"
        for k, name in enumerate(CONVERTERS))
    plot("schedules-device-time", rows,
         "set key bottom right; set xlabel 'leak time constant, ms'; set yrange [0:100]; " f"plot {curves}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default=str(ROOT / "build/release/tilework"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    cases = {(settings(BASE, more), 1) for more in SCHEDULES.values()}
    cases |= {(in_flight(n, rate), seed) for n in IN_FLIGHT for rate in RATES for seed in SEEDS}
    cases |= {(leaky(constant, c), seed) for constant in CONSTANTS_S for c in CONVERTERS for seed in SEEDS}
    cases = sorted(cases)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = dict(zip(cases, pool.map(lambda case: run(options.program, *case), cases)))
    print_schedules(results)
    print_asynchronous(results)
    print_device_time(results)
    draw_asynchronous(results)
    draw_device_time(results)


if __name__ == "__main__":
    main()
