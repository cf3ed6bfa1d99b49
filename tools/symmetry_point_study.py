#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Accuracy against the error of the symmetry point, for docs/validation/symmetry_point.md: same devices, same budget.

Usage: tools/symmetry_point_study.py [--program FILE] [--jobs N]
Every algorithm gets, per error, two learning rates on one seed; the better one runs on two further seeds. Results of
runs are kept in build/symmetry_point; delete it to measure again. Needs gnuplot.
"""
import argparse
import concurrent.futures
import json
import os
import statistics
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build/symmetry_point"
FIGURE = ROOT / "docs/validation/symmetry_point.svg"
ERRORS = (0.0, 0.05, 0.1, 0.2, 0.3)
RATES = (0.05, 0.1)
SEEDS = (1, 2, 3)
ALGORITHMS = {"SGD": "ReRamSB", "Tiki-Taka": "TikiTakaReRamSB", "TTv2": "TTv2ReRamSB", "c-TTv2": "ChoppedTTv2ReRamSB",
              "AGAD": "AGADReRamSB"}
COLOURS = ("#666666", "#1b9e77", "#377eb8", "#e6820e", "#c51b5d")


def accuracy(program, algorithm, error, rate, seed):
    out = FOLDER / f"{algorithm}-{error}-{rate}-{seed}"
    summary = out / "summary.json"
    if not summary.exists():
        device = f"{{extends: ReRamSB, subtract_symmetry_point: true, reference_std: {error}}}"
        subprocess.run([program, "run", ROOT / "workloads/experiments/glyphs_symmetry_point.yaml", "--threads", "1",
                        "--seed", str(seed), "--out", out, "--set", f"preset={ALGORITHMS[algorithm]}",
                        "--set", f"training.device={device}", "--set", f"training.learning_rate={rate}"],
                       check=True, capture_output=True)
    rows = json.loads(summary.read_text())["evaluations"]
    return statistics.mean(row["test_accuracy"] for row in rows[-2:])


def point(program, algorithm, error):
    """Median accuracy over the seeds at the better learning rate."""
    best = max(RATES, key=lambda rate: accuracy(program, algorithm, error, rate, SEEDS[0]))
    return best, [accuracy(program, algorithm, error, best, seed) for seed in SEEDS]


def draw(points):
    data = FOLDER / "points.dat"
    blocks = []
    for algorithm in ALGORITHMS:
        lines = [f"{error} {100 * statistics.median(points[algorithm, error][1])}" for error in ERRORS]
        blocks.append("\n".join(lines))
    data.write_text("\n\n\n".join(blocks) + "\n")
    curves = ", ".join(f"'{data}' index {k} with linespoints pt 7 ps 0.6 lw 2 lc rgb '{COLOURS[k]}' title '{name}'"
                       for k, name in enumerate(ALGORITHMS))
    script = (f"set terminal svg size 720,440 font 'Helvetica,13' background 'white'; set output '{FIGURE}'; "
              "set xlabel 'standard deviation of the programmed symmetry point'; set ylabel 'test accuracy, %'; "
              f"set key outside right; set grid; set xrange [-0.01:0.31]; plot {curves}")
    subprocess.run(["gnuplot", "-e", script], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default=str(ROOT / "build/release/tilework"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    FIGURE.parent.mkdir(parents=True, exist_ok=True)
    cases = [(a, e) for e in ERRORS for a in ALGORITHMS]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = dict(zip(cases, pool.map(lambda case: point(options.program, *case), cases)))
    print("| error | " + " | ".join(ALGORITHMS) + " |")
    print("|---" * (len(ALGORITHMS) + 1) + "|")
    for error in ERRORS:
        cells = []
        for algorithm in ALGORITHMS:
            rate, values = results[algorithm, error]
            cells.append(f"{100 * statistics.median(values):.1f} ({100 * min(values):.1f}-{100 * max(values):.1f}), lr {rate}")
        print(f"| {error} | " + " | ".join(cells) + " |")
    draw(results)


if __name__ == "__main__":
    main()
