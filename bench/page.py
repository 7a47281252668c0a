# SPDX-License-Identifier: GPL-2.0-or-later
"""Puts the newest figures into docs/performance.md, between the marks that stand there for each of them."""

import json
import os
import re

from bench import eight, host, idle, load, lossreport, many, parsers, propagation, report

_BLOCK = r"(<!-- figures: %s -->\n).*?(<!-- end -->)"
#: Behind what a block goes that the page does not have yet.
_BEHIND = {"stall": "![stall of writes after a crash](bench/stall.svg)\n", "deaths": "<!-- figures: stall -->",
           "load": "<!-- figures: deaths -->", "eight": "![whole operations](bench/operations.svg)\n",
           "propagation": "`python -m bench lab-propagation` repeats it.\n"}


def _load(folder, name):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as stream:
        return json.load(stream)


def _fenced(lines):
    return "```\n%s\n```\n" % "\n".join(line.rstrip() for line in lines)


def _monitors(rows):
    """The table, and the sum of our three monitors beside that of the stock ones where there are any."""
    text = _fenced(report.table(rows, host.BARE))
    sums = {}
    for label, row in rows.items():
        if label.endswith(" monitor"):
            whose = "the stock ones" if label.startswith("ocf:") else "our three monitors"
            sums[whose] = sums.get(whose, 0.0) + report.median(row["cpu"])
    if len(sums) < 2:
        return text
    ours, stock = sums["our three monitors"], sums["the stock ones"]
    return text + "\nOur three monitors together take %.0f ms of CPU, the stock ones %.0f ms: %.1f times as much.\n" % (
        ours * 1e3, stock * 1e3, stock / ours)


def _operations(found):
    lines = ["| operation | ours | stock |", "|---|---|---|"]
    for name in found["dualstor"]:
        cells = [" / ".join("%.1f s" % seconds for seconds in found.get(each, {}).get(name, ())) or "–"
                 for each in ("dualstor", "stock")]
        lines.append("| %s | %s |" % (name, " | ".join(cells)))
    return "\n".join(lines) + "\n"


def _losses(rounds):
    return "\n".join(lossreport.stall_table(rounds)) + "\n\nOurs with the written times, compared with each:\n\n" + _fenced(
        lossreport.ratios(rounds))


def blocks(folder):
    """{name of a block: its text} of the figures that are there."""
    found = {}
    here, guest, scale, whole = (_load(folder, name) for name in (
        "host.json", "lab-monitors.json", "lab-scale.json", "lab-operations.json"))
    if here:
        found["host"] = _monitors(here["monitors"])
        found["growth"] = "LVs in the VG:\n\n%s\nVGs on the host, with one LV each:\n\n%s" % tuple(
            _fenced(report.table(here["growth"][kind], host.BARE)) for kind in ("lvs", "groups"))
    if guest:
        found["lab"] = _monitors(guest["one"]) + "\nWith 1,000 more LVs in the VG:\n\n" \
            + _fenced(report.table(guest["thousand"], host.BARE))
    pairs = _load(folder, "many.json")
    if pairs:
        found["many"] = "\n".join(many.table(pairs))
    sizes = _load(folder, "parsers.json")
    if sizes:
        found["parsers"] = _fenced(parsers.table(sizes))
    if scale:
        found["scale"] = _fenced(report.growth(scale))
    if whole:
        found["operations"] = _operations(whole)
    stall, deaths, loads, eights = (_load(folder, "lab-%s.json" % name) for name in ("stall", "deaths", "load", "eight"))
    if stall:
        found["stall"] = _losses(stall["rounds"])
    if deaths:
        found["deaths"] = "\n".join(lossreport.death_table(deaths["rounds"])) + "\n"
    if loads:
        found["load"] = _fenced(load.lines(loads["parts"]))
    watcher = _load(folder, "watcher.json")
    if watcher:
        found["watcher"] = _fenced(idle.lines(watcher))
    across = _load(folder, "lab-propagation.json")
    if across:
        found["propagation"] = "\n".join(propagation.lines(across)) + "\n"
    if eights:
        found["eight"] = "\n".join(eight.lines(eights)) + "\n"
    return found


def filled(text, found):
    """The page's text with the blocks in *found* renewed; one that it does not have yet goes to its place."""
    for name, block in found.items():
        if name in _BEHIND and "<!-- figures: %s -->" % name not in text:
            text = _placed(text, name)
        text = re.sub(_BLOCK % name, lambda match, block=block: match.group(1) + block + match.group(2),
                      text, flags=re.DOTALL)
    return text


def _placed(text, name):
    """The text with an empty block of that name behind its place, at the end of the block there if it is one."""
    before, place, after = text.partition(_BEHIND[name])
    if not place:
        return text
    if place.startswith("<!--"):
        inside, end, after = after.partition("<!-- end -->\n")
        place += inside + end
    return before + place + "\n<!-- figures: %s -->\n<!-- end -->\n" % name + after


def renew(docs):
    """Renew docs/performance.md from the figures in docs/bench."""
    path = os.path.join(docs, "performance.md")
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(filled(text, blocks(os.path.join(docs, "bench"))))
