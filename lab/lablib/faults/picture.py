# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws a Timeline as SVG: one lane below the other, time to the right. Rendering only."""
import xml.etree.ElementTree as ET

WIDTH, LEFT, RIGHT, TOP = 1200, 130, 20, 56
LANE, BAR, LABEL = 24, 14, 11
COLOURS = {"good": "#4c9f70", "bad": "#c8443c", "odd": "#d9a441", "off": "#c9ccd1"}
STYLE = "font-family: system-ui, sans-serif; font-size: 11px"


def _nice_step(length):
    """Returns seconds between two lines of the grid: about ten lines in all."""
    for step in (1, 2, 5, 10, 20, 30, 60, 120, 300):
        if length / step <= 14:
            return step
    return 600


def _text(parent, x, y, text, **more):
    element = ET.SubElement(parent, "text", {"x": f"{x:.1f}", "y": f"{y:.1f}", **more})
    element.text = text
    return element


def _extent(x, text):
    """Returns (where an event's mark and text begin, where they end): the text is left of the mark when it is too long."""
    width = 6.1 * len(text)
    return (x, x + 8 + width) if x + 8 + width <= WIDTH else (x - 6 - width, x + 4)


def _rows(lane, scale):
    """Returns how many rows a lane's events need so that their texts do not cover each other, and the row of each."""
    taken, rows = [], []
    for event in sorted(lane.events, key=lambda each: each.time):
        start, end = _extent(scale(event.time), event.text)
        row = next((row for row, texts in enumerate(taken) if all(end <= low or high <= start for low, high in texts)), len(taken))
        if row == len(taken):
            taken.append([])
        taken[row].append((start, end))
        rows.append((event, row))
    return max(1, len(taken)), rows


def draw(timeline):
    """Returns the SVG document as text."""
    length = max(timeline.length, 1.0)

    def scale(seconds):
        return LEFT + (min(max(seconds, -2.0), length) + 2.0) / (length + 2.0) * (WIDTH - LEFT - RIGHT)

    planned = [(lane, *_rows(lane, scale)) for lane in timeline.lanes]
    height = TOP + sum(LANE + (rows - 1) * (LABEL + 2) for _, rows, _ in planned) + 10
    svg = ET.Element("svg", {
        "xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {WIDTH} {height}", "width": str(WIDTH), "height": str(height),
        "style": STYLE,
    })  # fmt: skip
    ET.SubElement(svg, "title").text = timeline.title
    ET.SubElement(svg, "rect", {"width": str(WIDTH), "height": str(height), "fill": "white"})
    _text(svg, 10, 20, timeline.title, style="font-size: 15px; font-weight: bold")
    step = _nice_step(length)
    for second in range(0, int(length) + 1, step):
        x = scale(second)
        ET.SubElement(svg, "line", {
            "x1": f"{x:.1f}", "x2": f"{x:.1f}", "y1": str(TOP - 12), "y2": str(height - 6), "stroke": "#e3e5e8",
        })  # fmt: skip
        _text(svg, x, TOP - 16, f"{second} s", fill="#666", **{"text-anchor": "middle"})
    y = TOP
    for lane, rows, events in planned:
        _text(svg, 10, y + 12, lane.name)
        for stretch in lane.stretches:
            x, end = scale(stretch.start), scale(stretch.end)
            bar = ET.SubElement(svg, "rect", {
                "x": f"{x:.1f}", "y": str(y), "width": f"{max(end - x, 1):.1f}", "height": str(BAR),
                "fill": COLOURS[stretch.kind],
            })  # fmt: skip
            ET.SubElement(bar, "title").text = f"{stretch.start:.1f} s to {stretch.end:.1f} s: {stretch.text}"
            if stretch.text and end - x > 6.2 * len(stretch.text):
                _text(svg, x + 3, y + LABEL, stretch.text, fill="#333" if stretch.kind in ("off", "odd") else "white")
        for event, row in events:
            x, line = scale(event.time), y + row * (LABEL + 2)
            ET.SubElement(svg, "rect", {
                "x": f"{x:.1f}", "y": str(line + 2), "width": "3", "height": str(LABEL - 1), "fill": COLOURS[event.kind],
            })  # fmt: skip
            shown = _text(svg, x + 6, line + LABEL, event.text)
            if _extent(x, event.text)[0] < x:
                shown.set("x", f"{x - 4:.1f}")
                shown.set("text-anchor", "end")
        y += LANE + (rows - 1) * (LABEL + 2)
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"
