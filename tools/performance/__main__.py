# SPDX-License-Identifier: Apache-2.0
"""Runs all benchmarks and writes the tables of docs/performance.md; called by tools/performance.sh."""
import argparse
import datetime
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from measurements import FULL, QUICK, Measurements
from tables import Tables

BUILD = Path("build/benchmark")
DOCUMENT = Path("docs/performance.md")


def cached(name):
    """A value of CMake's cache."""
    found = re.search(rf"^{name}:\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE)
    return found.group(1) if found else ""


def output_of(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def machine_lines(load):
    """What the tables hold for, in Markdown."""
    model = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    compiler = output_of(cached("CMAKE_CXX_COMPILER"), "--version").splitlines()
    processor = model.group(1) if model else "unknown processor"
    return [f"* {processor}, {os.cpu_count()} cores, load average at the start {load:.1f}",
            f"* {compiler[0] if compiler else 'unknown compiler'}, {cached('CMAKE_BUILD_TYPE')}",
            f"* measured {datetime.date.today().isoformat()}"]


def fill(text, name, lines):
    """The text with the lines between the markers of that table."""
    marked = re.compile(rf"(<!-- {name} begin: tools/performance\.sh -->\n).*?(<!-- {name} end -->)", re.DOTALL)
    if not marked.search(text):
        raise SystemExit(f"{DOCUMENT}: no place for the table '{name}'")
    return marked.sub(lambda m: m.group(1) + "\n".join(lines) + "\n" + m.group(2), text)


def main():
    parser = argparse.ArgumentParser(prog="tools/performance.sh", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="once, small sizes; writes to build/")
    parser.add_argument("--tables-only", action="store_true", help="from the last results")
    options = parser.parse_args()

    folder = BUILD / ("performance-quick" if options.quick else "performance")
    if not options.tables_only:
        data = os.environ.get("TILEWORK_DATA")
        if not data or not (Path(data) / "mnist").is_dir():
            raise SystemExit("whole epochs need MNIST: set TILEWORK_DATA to the folder that holds mnist/")
        load = os.getloadavg()[0]
        if load > 0.5:
            print(f"warning: load average {load:.1f}: other work disturbs the times", file=sys.stderr)
        Measurements(BUILD, folder, data, QUICK if options.quick else FULL).run_all()
        (folder / "machine.json").write_text(json.dumps(machine_lines(load)))

    text = DOCUMENT.read_text()
    for name, lines in Tables(folder).all().items():
        text = fill(text, name, lines)
    out = folder / "performance.md" if options.quick else DOCUMENT
    out.write_text(text)
    print(f"written: {out}")


if __name__ == "__main__":
    main()
