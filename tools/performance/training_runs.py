# SPDX-License-Identifier: Apache-2.0
"""Runs the real program and measures what a user waits for."""
import json
import os
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

FOLDER = Path("workloads/experiments")


def train(program, experiment, settings, threads, epochs, data=None):
    """Trains without evaluations.

    Returns seconds per epoch without the first one, the share of wall time that is not values, the peak memory in bytes
    and the instruction set. An epoch ends when its checkpoint is written, so it includes that.
    """
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "run"
        command = [str(program), "run", str(FOLDER / experiment), "--out", str(out), "--threads", str(threads),
                   "--set", f"training.epochs={epochs}", "--set", "evaluate.every=never"]
        for setting in settings:
            command += ["--set", setting]
        if data:
            command += ["--data", str(data)]
        with open(Path(scratch) / "log", "w+") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
            ends = watch(process, out / "checkpoint/state.bin")
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                log.seek(0)
                raise SystemExit(f"{' '.join(command)}\n{log.read()}")
        host = json.loads((out / "summary.json").read_text())["host"]
    if len(ends) != epochs:
        raise SystemExit(f"{' '.join(command)}: saw {len(ends)} of {epochs} checkpoints")
    return {"epoch_s": (ends[-1] - ends[0]) / (epochs - 1) if epochs > 1 else None,
            "systemc_share": host["systemc_s"] / host["wall_s"],
            "peak_bytes": usage.ru_maxrss * 1024, "isa": host["isa"]}


def replay(program, experiment, data, timings, repetitions):
    """Records one epoch with its evaluation and replays it.

    Returns the number of operations, that of operations on tiles, and the CPU seconds of every replay by timing.
    """
    with tempfile.TemporaryDirectory() as scratch:
        run = Path(scratch) / "run"
        subprocess.run([str(program), "run", str(FOLDER / experiment), "--data", str(data), "--out", str(run), "--set",
                        "training.epochs=1"], check=True, capture_output=True)
        seconds = {timing: [] for timing in timings}
        for number in range(repetitions):
            for timing in timings:
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                subprocess.run([str(program), "replay", str(run), "--timing", timing, "--out",
                                str(Path(scratch) / f"{timing}{number}")], check=True, capture_output=True)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                seconds[timing].append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        issued = json.loads((run / "summary.json").read_text())["operations"]
    elsewhere = ("load_samples", "vector_op", "transfer")
    return {"operations": sum(issued.values()),
            "tile_operations": sum(n for kind, n in issued.items() if kind not in elsewhere), "cpu_s": seconds}


def watch(process, checkpoint):
    """Times at which the checkpoint was replaced, until the process ends (which stays to be waited for)."""
    ends = []
    running = True
    while running:
        running = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        try:
            written = os.stat(checkpoint).st_mtime_ns / 1e9
            if not ends or written != ends[-1]:
                ends.append(written)
        except FileNotFoundError:
            pass
        time.sleep(0.005)
    return ends
