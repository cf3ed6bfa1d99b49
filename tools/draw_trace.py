#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws a trace as ui.perfetto.dev shows it: one row per unit, one box per booking, arrows along dependencies.

Usage: draw_trace.py TRACE.json PICTURE.svg [--operations]     (or .png; needs gnuplot)
--operations colours by operation instead of by phase and draws no arrows.
"""
import json
import subprocess
import sys
from pathlib import Path

PHASES = {"forward": "#1f77b4", "backward": "#2ca02c", "update": "#d62728", "transfer": "#9467bd", "read_out": "#8c564b"}
PALETTE = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf",
           "#aec7e8", "#ffbb78", "#98df8a", "#ff9896", "#c5b0d5"]


def colours_of(slices, by_operation):
    """Colour by name, names in order of appearance."""
    names = list(dict.fromkeys(s["name"].split(" ")[0] if by_operation else s["cat"] for s in slices))
    return {n: PALETTE[i % len(PALETTE)] if by_operation else PHASES[n] for i, n in enumerate(names)}


def script_of(trace, picture, by_operation):
    events = trace["traceEvents"]
    tracks = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["name"] == "thread_name"}
    slices = [e for e in events if e["ph"] == "X"]
    begin = min(s["ts"] for s in slices)
    end = max(s["ts"] + s["dur"] for s in slices)
    row = {track: i for i, track in enumerate(reversed(tracks))}
    colours = colours_of(slices, by_operation)
    terminal = "svg" if picture.suffix == ".svg" else "pngcairo"
    height = 90 + 18 * len(row)
    lines = [f"set terminal {terminal} size 1200,{height} font 'sans,10' background '#ffffff'",
             f"set output '{picture}'",
             f"set xrange [0:{end - begin:.9g}]", f"set yrange [-0.6:{len(row) - 0.4}]",
             "set xlabel 'time / us'", "set key outside top center horizontal", "set border 3", "set tics nomirror out",
             "set grid x lc rgb '#dddddd'",
             "set ytics (" + ", ".join(f"'{tracks[t]}' {y}" for t, y in row.items()) + ") noenhanced"]
    for s in slices:
        y = row[s["pid"], s["tid"]]
        left = s["ts"] - begin
        colour = colours[s["name"].split(" ")[0] if by_operation else s["cat"]]
        lines.append(f"set object rect from {left:.9g},{y - 0.4} to {left + s['dur']:.9g},{y + 0.4} "
                     f"fc rgb '{colour}' fs solid 0.85 border lc rgb '#ffffff' lw 0.3")
    starts = {e["id"]: e for e in events if e["ph"] == "s"}
    for e in [] if by_operation else [e for e in events if e["ph"] == "f"]:
        s = starts[e["id"]]
        lines.append(f"set arrow from {s['ts'] - begin:.9g},{row[s['pid'], s['tid']]} to "
                     f"{e['ts'] - begin:.9g},{row[e['pid'], e['tid']]} size screen 0.004,20 lc rgb '#90000000' lw 0.6")
    keys = ", ".join(f"NaN with boxes fs solid 0.85 lc rgb '{c}' title '{n}'" for n, c in colours.items())
    lines.append(f"set key noenhanced\nplot {keys}")
    return "\n".join(lines) + "\n"


def main():
    arguments = [a for a in sys.argv[1:] if a != "--operations"]
    if len(arguments) != 2:
        sys.exit(__doc__)
    trace = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    script = script_of(trace, Path(arguments[1]), "--operations" in sys.argv)
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


main()
