# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures as a table for people, as JSON, and as plots (SVG, written by hand: no library needed)."""

import json
import statistics
from xml.sax.saxutils import escape

_BAR, _GAP, _LEFT, _WIDTH = 22, 10, 250, 760
_COLOURS = {"ours": "#2a6f97", "stock": "#b56576", "bare": "#888888"}


def median(values):
    """The median."""
    return statistics.median(values)


def spread(values):
    """(first quartile, third quartile)."""
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4)
    return low, high


def started(row):
    """Processes that a command starts; figures of old have all that were made in its time, with its own."""
    return row["started"] if "started" in row else int(median(row["forks"])) - 1


def table(rows, base, clock="cpu"):
    """Lines of a table of *rows* ({name: figures of measure}), as ratios to the row *base*.

    :param clock: "cpu" or "wall": which of the times counts
    """
    width = max(len(name) for name in rows)
    yield "%-*s %9s %17s %7s %9s %9s  %s" % (width, "", clock + " ms", "quartiles", "ratio",
                                             "children", "peak KiB", "exit")
    unit = median(rows[base][clock])
    for name, row in rows.items():
        low, high = spread(row[clock])
        yield "%-*s %9.1f %8.1f-%8.1f %7.2f %9s %9s  %s" % (
            width, name, median(row[clock]) * 1e3, low * 1e3, high * 1e3,
            median(row[clock]) / unit, started(row),
            row.get("peak", ""),
            " ".join(str(code) for code in row["codes"]))


def per_minute(windows):
    """{agent: {"runs", "full", "children", "cpu", "pythons": each a minute}} of one node, and of "together".

    :param windows: what guest_monitors.py told, window by window and node by node; the medians of
        these count. ``pythons`` is the CPU in bare Pythons, as these cost in the same window
    """
    each = []
    for window in windows:
        unit = statistics.mean(window["bare"])
        rows = {name: {key: value * 60 / window["seconds"] for key, value in row.items()}
                for name, row in window["agents"].items()}
        rows["together"] = {key: sum(row[key] for row in rows.values())
                            for key in ("runs", "full", "children", "cpu")}
        for row in rows.values():
            row["pythons"] = row["cpu"] / unit
        each.append(rows)
    return {name: {key: median([rows[name][key] for rows in each]) for key in each[0][name]}
            for name in each[0]}


def growth(figures):
    """Lines of a table of what bench.lab.scale returned: monitors a minute by the number of resources."""
    yield "%-26s %6s %11s %9s %7s %13s %14s %7s" % (
        "", "runs", "full looks", "children", "cpu s", "bare Pythons", "each resource", "growth")
    first = {}
    for count, found in sorted(figures.items(), key=lambda item: int(item[0])):
        yield "%s resource%s" % (count, "" if count == "1" else "s")
        rows = per_minute([told for window in found["windows"] for told in window.values()])
        for name, row in rows.items():
            share = row["pythons"] / int(count)
            yield "  %-24s %6.0f %11.0f %9.0f %7.2f %13.1f %14.2f %7.2f" % (
                name, row["runs"], row["full"], row["children"], row["cpu"], row["pythons"], share,
                share / first.setdefault(name, share))


def save(path, figures):
    """Write figures as JSON, the same for the same."""
    with open(path, "w", encoding="utf-8") as stream:
        json.dump(figures, stream, indent=1, sort_keys=True)
        stream.write("\n")


def _svg(height, parts):
    return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" '
            'font-size="13">\n<rect width="100%%" height="100%%" fill="white"/>\n%s\n</svg>\n'
            % (_WIDTH, height, "\n".join(parts)))


def _text(x, y, words, **more):
    style = "".join(' %s="%s"' % (k.replace("_", "-"), v) for k, v in more.items())
    return '<text x="%.0f" y="%.0f"%s>%s</text>' % (x, y, style, escape(words))


def bars(title, rows, unit):
    """An SVG of horizontal bars.

    :param rows: (label, value, kind) each; kind is a key of the colours
    :param unit: what the value is, behind each number
    """
    top = max(value for _, value, _ in rows) or 1
    room = _WIDTH - _LEFT - 110
    parts = [_text(16, 26, title, font_weight="bold", font_size="15")]
    y = 46
    for label, value, kind in rows:
        parts.append(_text(_LEFT - 8, y + _BAR - 6, label, text_anchor="end"))
        parts.append('<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>' % (
            _LEFT, y, max(1.0, room * value / top), _BAR, _COLOURS[kind]))
        parts.append(_text(_LEFT + room * value / top + 6, y + _BAR - 6, "%.3g %s" % (value, unit)))
        y += _BAR + _GAP
    return _svg(y + 8, parts)


def lines(title, series, across, unit):
    """An SVG of lines.

    :param series: {label: (kind, [(x, y)])}
    :param across: what x is
    """
    points = [p for _, ps in series.values() for p in ps]
    right, top = max(x for x, _ in points) or 1, max(y for _, y in points) * 1.15
    left, width, height = 70, _WIDTH - 250, 260

    def place(x, y):
        return left + width * x / right, 50 + height - height * y / top
    parts = [_text(16, 26, title, font_weight="bold", font_size="15"),
             '<path d="M%d 50V%dH%d" stroke="black" fill="none"/>' % (left, 50 + height, left + width),
             _text(left + width / 2, 50 + height + 38, across, text_anchor="middle")]
    for x in sorted({x for x, _ in points}):
        parts.append(_text(place(x, 0)[0], 50 + height + 18, "%g" % x, text_anchor="middle"))
    for step in range(5):
        y = top * step / 4
        parts.append(_text(left - 6, place(0, y)[1] + 4, "%.2g" % y, text_anchor="end"))
    parts.append(_text(left, 44, unit, font_size="12"))
    for label, (kind, places) in series.items():
        path = " ".join("%.1f,%.1f" % place(*p) for p in places)
        parts.append('<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>' % (
            path, _COLOURS[kind]))
        x, y = place(*places[-1])
        parts.append(_text(x + 6, y + 4, label, fill=_COLOURS[kind]))
    return _svg(50 + height + 50, parts)


def strips(title, rows, limit, unit):
    """An SVG of a dot for each value, a row for each series, with a limit as a line across.

    :param rows: (label, values, kind) each
    :param limit: (label, value)
    """
    top = max([limit[1], *[value for _, values, _ in rows for value in values]]) * 1.05
    room, step = _WIDTH - _LEFT - 40, _BAR * 2 + _GAP
    bottom = 56 + step * len(rows)

    def across(value):
        return _LEFT + room * value / top
    parts = [_text(16, 26, title, font_weight="bold", font_size="15"),
             '<path d="M%d %dH%d" stroke="black" fill="none"/>' % (_LEFT, bottom, _LEFT + room),
             '<path d="M%.1f 46V%d" stroke="black" stroke-dasharray="4 3" fill="none"/>' % (across(limit[1]), bottom),
             _text(across(limit[1]), bottom + 36, limit[0], text_anchor="middle")]
    for mark in range(0, int(top) + 1, max(1, int(top) // 8)):
        parts.append(_text(across(mark), bottom + 18, "%d %s" % (mark, unit), text_anchor="middle"))
    for number, (label, values, kind) in enumerate(rows):
        y = 56 + step * number + step / 2
        parts.append(_text(_LEFT - 8, y + 4, label, text_anchor="end"))
        for place, value in enumerate(values):
            parts.append('<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s" fill-opacity="0.6"/>' % (
                across(value), y + (place % 5 - 2) * 5, _COLOURS[kind]))
    return _svg(bottom + 48, parts)
