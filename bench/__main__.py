# SPDX-License-Identifier: GPL-2.0-or-later
"""The command behind `make bench` and `make bench-lab`: measures, prints tables, renews docs/bench."""

import argparse
import json
import os
import sys

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TREE, part) for part in ("lib", "tests", "lab")]

from bench import host, lab, page, report  # noqa: E402

DOCS = os.path.join(TREE, "docs", "bench")


def _write(name, text):
    with open(os.path.join(DOCS, name), "w", encoding="utf-8") as stream:
        stream.write(text)


def _show(title, rows, base=host.BARE, clock="cpu"):
    print("\n%s\n" % title)
    for line in report.table(rows, base, clock):
        print(line)


def _ratios(rows, clock="cpu"):
    """(label, ratio to bare Python, kind) of each row."""
    unit = report.median(rows[host.BARE][clock])
    return [(label, report.median(row[clock]) / unit,
             "bare" if label == host.BARE else "stock" if label.startswith("ocf:") else "ours")
            for label, row in rows.items()]


def _growth(found):
    """The series of the plot of growth: ratio to bare Python by count."""
    series = {}
    for kind, words in (("lvs", "LVs in the VG"), ("groups", "VGs on the host")):
        unit = report.median(found[kind][host.BARE]["cpu"])
        series[words] = ("ours", [(int(label), report.median(row["cpu"]) / unit)
                                  for label, row in found[kind].items() if label.isdigit()])
    return series


def on_host(rounds, before=None):
    """Monitors on this host; beside those of the revision *before*, if one is named."""
    rows = host.monitors(rounds, before)
    _show("Monitors on this host, over simulated kernel files", rows)
    grown = host.growth(rounds)
    _show("Level-0 monitor of one VG, by the number of its LVs", grown["lvs"])
    _show("Level-0 monitor of one VG, by the number of VGs on the host", grown["groups"])
    report.save(os.path.join(DOCS, "host.json"), {"monitors": rows, "growth": grown})
    _write("host-monitors.svg", report.bars(
        "CPU of one call, bare Python = 1 (host, simulated kernel files)", _ratios(rows), ""))
    _write("growth.svg", report.lines(
        "Level-0 monitor of one VG, bare Python = 1", _growth(grown), "number of them",
        "ratio"))


def in_lab_monitors(rounds):
    """Monitors in a guest, ours and the stock ones side by side."""
    figures = lab.run(rounds)
    rows = figures["one"]
    _show("Monitors in a guest of the lab, healthy cluster (wall)", rows, clock="wall")
    _show("The same (CPU)", rows)
    _show("With 1000 more LVs in device-mapper", figures["thousand"])
    report.save(os.path.join(DOCS, "lab-monitors.json"), figures)
    _write("lab-monitors.svg", report.bars(
        "CPU of one call, bare Python = 1 (guest of the lab)", _ratios(rows), ""))


def in_lab_scale(windows, rounds):
    """Monitors that the cluster manager runs, with one DRBD resource and with eight."""
    figures = lab.scale((1, 8), windows, rounds)
    print("\nMonitors of one node, a minute\n")
    for line in report.growth(figures):
        print(line)
    for count, found in figures.items():
        _show("One monitor of each with %s of them in the kernel" % count, found["one"])
    report.save(os.path.join(DOCS, "lab-scale.json"), figures)


def in_lab_operations(agents):
    """Whole operations with one set of agents; the plot is drawn once both are there."""
    path = os.path.join(DOCS, "lab-operations.json")
    found = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as stream:
            found = json.load(stream)
    found[agents] = lab.whole(agents)
    report.save(path, found)
    both = [name for name in ("dualstor", "stock") if name in found]
    for name in found[both[0]]:
        print("%-28s %s" % (name, "   ".join(
            "%s %s s" % (each, " ".join("%.1f" % s for s in found[each].get(name, ())))
            for each in both)))
    kinds = {"dualstor": "ours", "stock": "stock"}
    _write("operations.svg", report.bars("Whole operations in the lab, seconds", [
        ("%s, %s" % (name, kinds[each]), report.median(found[each][name]), kinds[each])
        for name in found[both[0]] for each in both if found[each].get(name)], "s"))
    _write("stall.svg", report.bars("Writes stall after a node is killed, seconds", [
        (kinds[each], report.median(found[each]["stall after a crash"]), kinds[each])
        for each in both], "s"))


def main():
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(prog="python3 -m bench", description=__doc__)
    parser.add_argument("what", choices=("host", "instructions", "lab-monitors", "lab-scale", "lab-operations"))
    parser.add_argument("agents", nargs="?", choices=("dualstor", "stock"), default="dualstor",
                        help="whose operations are measured")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--before", metavar="REVISION", help="host: measure an earlier revision in the same rounds")
    parser.add_argument("--windows", type=int, default=5, help="of a minute each, for lab-scale")
    arguments = parser.parse_args()
    os.makedirs(DOCS, exist_ok=True)
    if arguments.what == "instructions":
        counts = host.instructions()
        for label, count in counts.items():
            print("%-38s %11d %7.3f" % (label, count, count / counts[host.BARE]))
    elif arguments.what == "host":
        on_host(arguments.rounds, arguments.before)
    elif arguments.what == "lab-monitors":
        in_lab_monitors(arguments.rounds)
    elif arguments.what == "lab-scale":
        in_lab_scale(arguments.windows, arguments.rounds)
    else:
        in_lab_operations(arguments.agents)
    page.renew(os.path.dirname(DOCS))


if __name__ == "__main__":
    main()
