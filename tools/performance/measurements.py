# SPDX-License-Identifier: Apache-2.0
"""What is measured: programs of tests/benchmark and training runs. Results are JSON files in one folder."""
import json
import subprocess
import sys
import time
from dataclasses import dataclass

import google_benchmark
import training_runs

ISAS = ("x86-64-v4", "x86-64-v3")
# Run once per instruction set; all other programs run once.
PER_ISA = ("update_benchmark", "size_benchmark", "repeats_benchmark", "yardstick_benchmark")


@dataclass
class Effort:
    repetitions: int
    seconds: float  # at least, per repetition of a benchmark
    epochs: int
    samples: int
    sizes_left_out: str | None
    largest_array: int


FULL = Effort(5, 0.05, 4, 10000, None, 4096)
QUICK = Effort(1, 0.01, 2, 2000, "size:4096", 1024)


class Measurements:
    def __init__(self, build, folder, data, effort):
        self.build = build
        self.folder = folder
        self.data = data
        self.effort = effort
        self.program = build / "tilework"

    def supported(self):
        listed = subprocess.run([self.program, "run", "--isa", "?"], capture_output=True, text=True, check=False).stderr
        return [isa for isa in ISAS if isa in listed]

    def run_all(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.glob("*.json"):
            old.unlink()
        self.benchmarks()
        for name, measure in (("epochs", self.epochs), ("batches", self.batches), ("tiles", self.tiles),
                              ("memory", self.memory), ("replays", self.replays)):
            with stopwatch(name):
                (self.folder / f"{name}.json").write_text(json.dumps(measure(), indent=1))

    def benchmarks(self):
        supported = self.supported()
        programs = self.build / "tests/benchmark"
        for name in (programs / "benchmarks.txt").read_text().split():
            for isa in supported if name in PER_ISA else [None]:
                out = self.folder / (f"{name}.{isa}.json" if isa else f"{name}.json")
                with stopwatch(out.stem):
                    google_benchmark.run(programs / name, out, isa, self.effort,
                                         self.effort.sizes_left_out if name == "size_benchmark" else None)

    def repeat(self, cases):
        """cases: {key: function}. Median over the repetitions, which take turns; peaks are maxima."""
        runs = {key: [] for key in cases}
        for _ in range(self.effort.repetitions):
            for key, function in cases.items():
                runs[key].append(function())
        return {key: {"epoch_s": google_benchmark.median([r["epoch_s"] for r in rows]),
                      "systemc_share": google_benchmark.median([r["systemc_share"] for r in rows]),
                      "peak_bytes": max(r["peak_bytes"] for r in rows)} for key, rows in runs.items()}

    def epochs(self):
        """MNIST, 60,000 samples, 784-256-128-10; mean of epochs 2 to 4."""
        return self.repeat({
            f"batch:{batch}/threads:{threads}": lambda batch=batch, threads=threads: training_runs.train(
                self.program, "mnist_sgd.yaml", [f"training.batch_size={batch}", "training.learning_rate=0.05"],
                threads, self.effort.epochs, self.data)
            for batch in (1, 64) for threads in (1, 2)})

    def batches(self):
        samples = self.effort.samples
        result = self.repeat({
            f"batch:{batch}/threads:{threads}": lambda batch=batch, threads=threads: training_runs.train(
                self.program, "glyphs_sgd.yaml",
                [f"dataset={{name: glyphs, train_samples: {samples}, test_samples: 10}}",
                 f"training.batch_size={batch}", "machine.digital.buffer.capacity=16 MiB"], threads, 2)
            for batch in (1, 4, 16, 64, 256) for threads in (1, 2)})
        return {"samples": samples, "runs": result}

    def tiles(self):
        """A layer of 784 x 1024 on 1, 4 and 16 tiles; the small layer after it takes more."""
        samples = self.effort.samples // 10
        result = self.repeat({
            f"tiles:{tiles}/threads:{threads}": lambda lines=lines, threads=threads: training_runs.train(
                self.program, "glyphs_sgd.yaml",
                [f"dataset={{name: glyphs, train_samples: {samples}, test_samples: 10}}",
                 "network.layers=[784, 1024, 10]", f"machine.tile.array.inputs={lines}",
                 f"machine.tile.array.outputs={lines}", "machine.interconnect.mesh.columns=5",
                 "machine.interconnect.mesh.rows=4", "machine.digital.buffer.capacity=16 MiB"], threads, 2)
            for tiles, lines in ((1, 1024), (4, 512), (16, 256)) for threads in (1, 2)})
        return {"samples": samples, "runs": result}

    def memory(self):
        """Peak memory of a whole run with an n x n layer, beside the documented bytes per cross-point."""
        per_cell = self.documented_bytes("ConstantStep")
        result = {}
        n = 512
        while n <= self.effort.largest_array:
            cells = 784 * n + n * n + n * 10
            run = training_runs.train(
                self.program, "glyphs_sgd.yaml",
                ["dataset={name: glyphs, train_samples: 64, test_samples: 10}", "training.batch_size=16",
                 f"network.layers=[784, {n}, {n}, 10]", "machine.tile.array.inputs=4096",
                 "machine.tile.array.outputs=4096", "machine.digital.buffer.capacity=64 MiB"], 1, 1)
            result[n] = {"cells": cells, "documented_bytes": cells * per_cell, "peak_bytes": run["peak_bytes"]}
            n *= 2
        return result

    def replays(self):
        """One epoch of MNIST, batch 1, recorded once; CPU seconds of whole replays by timing."""
        return training_runs.replay(self.program, "mnist_sgd.yaml", self.data, ("lt", "at"), self.effort.repetitions)

    def documented_bytes(self, device):
        listing = subprocess.run([self.program, "devices", "list"], capture_output=True, text=True, check=True).stdout
        for line in listing.splitlines():
            words = line.split()
            if words and words[0] == device:
                return int(words[-1])
        raise SystemExit(f"devices list does not name {device}")


class stopwatch:
    """Says on the terminal what takes how long."""

    def __init__(self, what):
        self.what = what

    def __enter__(self):
        self.start = time.monotonic()
        print(f"{self.what} …", end=" ", file=sys.stderr, flush=True)

    def __exit__(self, *_):
        print(f"{time.monotonic() - self.start:.0f} s", file=sys.stderr, flush=True)
