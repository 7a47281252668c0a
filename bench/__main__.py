# SPDX-License-Identifier: GPL-2.0-or-later
"""The command behind `make bench` and `make bench-lab`: measures, prints tables, renews docs/bench."""

import argparse
import json
import os
import sys

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TREE, part) for part in ("lib", "tests", "lab")]

from bench import (eight, host, idle, lab, load, losses, lossreport, many, page, parsers, propagation,  # noqa: E402
                   report)

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


def of_parsers(rounds):
    """What each parser costs by the size of what it reads."""
    found = parsers.measure(rounds)
    print("\nMilliseconds of CPU of each parser\n")
    for line in parsers.table(found):
        print(line)
    report.save(os.path.join(DOCS, "parsers.json"), found)


def of_many():
    """What each action costs by the number of DRBD resources, on the simulator."""
    found = many.measure()
    for line in many.table(found):
        print(line)
    report.save(os.path.join(DOCS, "many.json"), found)


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
    if not os.path.exists(os.path.join(DOCS, "lab-stall.json")):
        _write("stall.svg", report.bars("Writes stall after a node is killed, seconds", [
            (kinds[each], report.median(found[each]["stall after a crash"]), kinds[each])
            for each in both], "s"))


def _flushed(text):
    print(text, flush=True)


def in_lab_losses(name, arguments, boots):
    """Losses of a node and of the link: the stall of writes, or deaths of machines that boot at once."""
    path = os.path.join(DOCS, name)
    sets = arguments.sets or ([losses.OURS] if boots else losses.COMPARED)
    counts = {losses.CRASH: arguments.crashes, losses.CUT: arguments.cuts}
    whole = losses.run(path, sets, counts, arguments.drbd, boots, arguments.minutes, _flushed)
    rounds = losses.load(path)
    print()
    for line in lossreport.death_table(rounds) if boots else lossreport.stall_table(rounds):
        print(line)
    if not boots:
        for line in lossreport.ratios(rounds):
            print(line)
        if any(losses.stalls(rounds, each, kind) for each in losses.SETS for kind in losses.KINDS):
            _write("stall.svg", lossreport.picture(rounds))
    return whole


def in_lab_load(arguments):
    """Full load on both nodes; one part is added to those that there are."""
    path = os.path.join(DOCS, "lab-load.json")
    parts = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as stream:
            parts = json.load(stream)["parts"]
    parts.append(load.part(arguments.minutes or 30, arguments.drbd, _flushed))
    report.save(path, {"parts": parts})
    for line in load.lines(parts):
        print(line)
    return load.good(parts[-1])


def in_lab_eight(arguments):
    """Whole operations by the number of resources; figures of agents and counts that are not measured now stay."""
    path = os.path.join(DOCS, "lab-eight.json")
    figures = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as stream:
            figures = json.load(stream)
    limits = dict(each.split("=", 1) for each in arguments.property)
    for count in arguments.counts:
        figures.setdefault(arguments.agents, {}).update(
            eight.run((count,), arguments.rounds, arguments.agents, limits, _flushed))
        report.save(path, figures)
    print()
    for line in eight.lines(figures):
        print(line)


def in_lab_propagation(rounds, operations):
    """How soon what one node has made is usable on the other, and how long `dualstor volume` takes."""
    figures = propagation.run(rounds, operations, _flushed)
    report.save(os.path.join(DOCS, "lab-propagation.json"), figures)
    _write("propagation.svg", propagation.picture(figures))
    print()
    for line in propagation.lines(figures):
        print(line)


def of_a_watcher(windows):
    """What a watcher takes on this host while nothing changes."""
    figures = idle.run(windows, 60.0, os.path.join(TREE, "lib"))
    report.save(os.path.join(DOCS, "watcher.json"), figures)
    for line in idle.lines(figures):
        print(line)


def main():
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(prog="python3 -m bench", description=__doc__)
    parser.add_argument("what", choices=("host", "instructions", "many", "parsers", "watcher", "lab-monitors", "lab-scale", "lab-operations",
                                         "lab-stall", "lab-deaths", "lab-load", "lab-eight", "lab-propagation"))
    parser.add_argument("agents", nargs="?", choices=("dualstor", "stock"), default="dualstor",
                        help="whose operations are measured")
    parser.add_argument("--rounds", type=int, help="default: 60; parsers: 3; lab-eight: 2; lab-propagation: 40 creates on each node")
    parser.add_argument("--operations", type=int, default=5,
                        help="lab-propagation: of `dualstor volume`, of each kind on each node")
    parser.add_argument("--crashes", type=int, help="of a node, for each set; default: lab-stall 5, lab-deaths 10")
    parser.add_argument("--cuts", type=int, help="of the replication link, as --crashes")
    parser.add_argument("--sets", nargs="+", choices=losses.SETS, metavar="SET",
                        help="lab-stall, lab-deaths: handlers and times: %s" % ", ".join(losses.SETS))
    parser.add_argument("--minutes", type=float, help="lab-stall, lab-deaths: begin no round that would end later, the next run "
                                                      "goes on; lab-load: length of the load, added to earlier ones (30)")
    parser.add_argument("--drbd", choices=("8.4", "9"), default="8.4", help="the DRBD that the guests load")
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 8], help="lab-eight: numbers of resources")
    parser.add_argument("--property", action="append", default=[], metavar="NAME=VALUE",
                        help="lab-eight: of the cluster, e.g. node-action-limit=8")
    parser.add_argument("--before", metavar="REVISION", help="host: measure an earlier revision in the same rounds")
    parser.add_argument("--windows", type=int, default=5, help="of a minute each, for lab-scale and watcher")
    arguments = parser.parse_args()
    os.makedirs(DOCS, exist_ok=True)
    boots = arguments.what == "lab-deaths"
    for name in ("crashes", "cuts"):
        if getattr(arguments, name) is None:
            setattr(arguments, name, 10 if boots else 5)
    arguments.rounds = arguments.rounds or {"parsers": 3, "lab-eight": 2, "lab-propagation": 40}.get(arguments.what, 60)
    good = True
    if arguments.what == "lab-stall" or boots:
        good = in_lab_losses(arguments.what + ".json", arguments, boots)
    elif arguments.what == "lab-load":
        good = in_lab_load(arguments)
    elif arguments.what == "lab-eight":
        in_lab_eight(arguments)
    elif arguments.what == "lab-propagation":
        in_lab_propagation(arguments.rounds, arguments.operations)
    elif arguments.what == "watcher":
        of_a_watcher(arguments.windows)
    elif arguments.what == "instructions":
        counts = host.instructions()
        for label, count in counts.items():
            print("%-38s %11d %7.3f" % (label, count, count / counts[host.BARE]))
    elif arguments.what == "many":
        of_many()
    elif arguments.what == "parsers":
        of_parsers(arguments.rounds)
    elif arguments.what == "host":
        on_host(arguments.rounds, arguments.before)
    elif arguments.what == "lab-monitors":
        in_lab_monitors(arguments.rounds)
    elif arguments.what == "lab-scale":
        in_lab_scale(arguments.windows, arguments.rounds)
    else:
        in_lab_operations(arguments.agents)
    page.renew(os.path.dirname(DOCS))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
