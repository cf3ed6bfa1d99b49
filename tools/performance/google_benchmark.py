# SPDX-License-Identifier: Apache-2.0
"""Runs the programs of tests/benchmark and reads what Google Benchmark writes."""
import json
import os
import subprocess

# What OpenBLAS calls the kernels of an instruction set; None: its own choice, which is the best one.
BLAS_KERNELS = {"x86-64-v4": None, "x86-64-v3": "Haswell", "x86-64": "Nehalem"}


def environment(isa):
    """One thread, and one instruction set for Tilework and OpenBLAS alike. isa None: the best one."""
    env = dict(os.environ, OPENBLAS_NUM_THREADS="1")
    if isa is not None:
        env["TILEWORK_ISA"] = isa
        if BLAS_KERNELS[isa] is not None:
            env["OPENBLAS_CORETYPE"] = BLAS_KERNELS[isa]
    return env


def run(program, out, isa, effort, leave_out=None):
    """Runs all benchmarks of a program (but those that match leave_out) and keeps the JSON in the file `out`."""
    command = [str(program), f"--benchmark_out={out}", "--benchmark_out_format=json",
               f"--benchmark_repetitions={effort.repetitions}", f"--benchmark_min_time={effort.seconds}",
               "--benchmark_enable_random_interleaving=true"]
    if leave_out:
        command.append(f"--benchmark_filter=-{leave_out}")
    subprocess.run(command, env=environment(isa), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Results:
    """Medians over the repetitions of every benchmark of one file."""

    def __init__(self, path):
        document = json.loads(path.read_text())
        self.context = document["context"]
        self.rows = {}
        repetitions = {}
        for row in document["benchmarks"]:
            if row.get("error_occurred"):
                raise SystemExit(f"{path.name}: {row['name']}: {row['error_message']}")
        runs = [row for row in document["benchmarks"] if row["run_type"] == "iteration"]  # and not an aggregate of them
        # Repetitions of different benchmarks took turns; this is the order of their registration.
        for row in sorted(runs, key=lambda r: (r["family_index"], r["per_family_instance_index"])):
            repetitions.setdefault(row["run_name"], []).append(row)
        for name, rows in repetitions.items():
            self.rows[name] = {key: median([row[key] for row in rows])
                               for key, value in rows[0].items() if isinstance(value, (int, float))}

    def seconds(self, name, counter):
        """A counter that is a time."""
        return self.rows[name][counter]

    def names(self, prefix=""):
        return [name for name in self.rows if name.startswith(prefix)]


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
