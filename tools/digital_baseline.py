#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Analog machines beside digital ones on the same network, data, batch and seed: tables of docs/digital-baseline.md.

Usage: tools/digital_baseline.py [--program FILE]
Prints the tables. Results of runs are kept in build/digital_baseline; delete it to measure again.
"""
import argparse
import collections
import csv
import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build/digital_baseline"
ANALOG = ("mesh_2x2", "gallo_real")
DIGITAL = ("systolic_128x128", "edge_simd", "edge_simd, weights in DRAM")
VARIANTS = {"weights in DRAM": "machine.matrix_unit.weight_memory={kind: dram, word: 32 bit, bandwidth: 5.33 GB/s, "
                               "latency: 50 ns}"}
RATES = {1: 0.05, 64: 4}  # of the mean gradient of a mini-batch
TRAINING = ("forward", "backward", "update", "transfer")
SETTINGS = ("dataset={name: glyphs, train_samples: 6000, test_samples: 1000}", "training.epochs=6")


def run(program, machine, batch):
    name, _, variant = machine.partition(", ")
    out = FOLDER / f"{machine}-{batch}".replace(", ", "-").replace(" ", "-")
    if not (out / "summary.json").exists():
        settings = SETTINGS + (f"machine={ROOT}/platforms/machines/{name}.yaml", f"training.batch_size={batch}",
                               f"training.learning_rate={RATES[batch]}")
        settings += (VARIANTS[variant],) if variant else ()
        subprocess.run([program, "run", ROOT / "workloads/experiments/glyphs_sgd.yaml", "--out", out]
                       + [word for setting in settings for word in ("--set", setting)], check=True, capture_output=True)
    summary = json.loads((out / "summary.json").read_text())
    shares = collections.Counter()
    with open(out / "costs.csv", newline="") as costs:
        for row in csv.DictReader(costs):
            if row["phase"] in TRAINING:
                shares[group(row)] += float(row["energy_J"])
    return figures(summary, shares)


def group(row):
    part = row["component"].split(".")[-1]
    if row["action"] == "leakage":  # of memory ports: the idle power of DRAM
        idle = part == "memory_port" or part == "weights" and float(row["energy_J"]) > 0.1 * float(row["count"]) * 1e-15
        return "idle DRAM" if idle else "leakage"
    return {"macs": "MACs", "operands": "operand buffer", "weights": "weight memory", "memory_port": "samples",
            "vector_unit": "vector unit", "adc": "ADC", "row_driver": "DAC", "pulse_generator": "pulse generators",
            "output_unit": "output scaling"}.get(part, part)


def figures(summary, shares):
    epochs = summary["epochs"]
    before = [summary["phases"].get(phase, {"exposed_s": 0, "energy_J": 0}) for phase in ("program", "calibrate")]
    total = sum(shares.values())
    return {"accuracy": summary["test_accuracy"], "time": summary["simulated_time_s"] / epochs,
            "energy": summary["energy_J"] / epochs, "area": summary["area_mm2"],
            "begin_time": sum(phase["exposed_s"] for phase in before),
            "begin_energy": sum(phase["energy_J"] for phase in before),
            "cheap": (summary["energy_J"] - 0.75 * shares["MACs"]) / epochs,
            "dearest": ", ".join(f"{name} {100 * value / total:.0f} %" for name, value in shares.most_common(3))}


def quantity(value, unit):
    for factor, prefix in ((1, ""), (1e-3, "m"), (1e-6, "u"), (1e-9, "n")):
        if value >= factor:
            return f"{value / factor:.3g} {prefix}{unit}"
    return f"0 {unit}"


def print_table(results, batch):
    print(f"\nBatch {batch}:\n")
    print("| machine | accuracy | time per epoch | energy per epoch | with MACs at a quarter | area | before training | "
          "dearest |")
    print("|---|---|---|---|---|---|---|---|")
    for machine in ANALOG + DIGITAL:
        r = results[machine]
        print(f"| {machine} | {100 * r['accuracy']:.1f} % | {quantity(r['time'], 's')} | {quantity(r['energy'], 'J')} | "
              f"{quantity(r['cheap'], 'J')} | "
              f"{r['area']:.3g} mm2 | {quantity(r['begin_time'], 's')}, {quantity(r['begin_energy'], 'J')} | "
              f"{r['dearest']} |")
    print("\n| analog over digital | time | energy | area | time with the beginning | energy with the beginning |")
    print("|---|---|---|---|---|---|")
    for machine in ANALOG:
        for other in DIGITAL:
            a, d = results[machine], results[other]
            ratios = [f"{a[key] / d[key]:.3g}" for key in ("time", "energy", "area")]
            ratios += [f"{(a[key] + a['begin_' + key]) / (d[key] + d['begin_' + key]):.3g}" for key in ("time", "energy")]
            print(f"| {machine} / {other} | " + " | ".join(ratios) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=ROOT / "build/release/tilework")
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for batch in RATES:
        print_table({machine: run(arguments.program, machine, batch) for machine in ANALOG + DIGITAL}, batch)


if __name__ == "__main__":
    main()
