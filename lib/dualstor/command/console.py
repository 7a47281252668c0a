# SPDX-License-Identifier: GPL-2.0-or-later
"""The one place of the command that prints.

With rich installed and a terminal at the other end there are colours, drawn tables and
bars; without either, plain text that greps well. With ``--json`` only ``document`` and
``error`` print, so that stdout is one JSON document.
"""

import sys

#: Names of styles that sub-commands use, and what rich draws for each.
STYLES = {
    "good": "green", "warning": "yellow", "error": "bold red", "title": "bold",
    "dim": "dim", "added": "green", "removed": "red",
}

_BAR = 30  # characters of a plain progress bar


def _rich(stream, color):
    """rich's Console on *stream*, or None where text is to be plain."""
    if color == "never" or (color == "auto" and not stream.isatty()):
        return None
    try:
        from rich.console import Console as RichConsole
    except ImportError:
        return None
    return RichConsole(file=stream, force_terminal=True, highlight=False, emoji=False)


class Console:
    """Where a sub-command's answer goes.

    :param stdout, stderr: text streams
    :param subcommand: its name, part of the schema's name
    :param as_json: whether the answer is one JSON document
    :param color: "auto", "always" or "never"
    """

    def __init__(self, stdout=None, stderr=None, subcommand="", as_json=False, color="auto"):
        self.stdout = stdout or sys.stdout
        self.stderr = stderr or sys.stderr
        self.subcommand = subcommand
        self.as_json = as_json
        self._rich = None if as_json else _rich(self.stdout, color)

    @property
    def interactive(self):
        """Whether a person may be asked: both ends are a terminal."""
        return sys.stdin is not None and sys.stdin.isatty() and self.stdout.isatty()

    # -- text -----------------------------------------------------------------

    def line(self, text="", style=None):
        """One line (or several) of text in one of STYLES."""
        self.pieces((text, style))

    def pieces(self, *pieces):
        """One line made of (text, style or None) pieces."""
        if self.as_json:
            return
        if self._rich is None:
            self._write("".join(text for text, _ in pieces) + "\n")
            return
        from rich.text import Text
        line = Text()
        for text, style in pieces:
            line.append(text, STYLES.get(style, ""))
        self._rich.print(line, soft_wrap=True)

    def heading(self, text):
        """A title with an empty line before it."""
        self.line()
        self.line(text, "title")

    def table(self, columns, rows, styles=()):
        """A table.

        :param columns: titles
        :param rows: sequence of sequences of text
        :param styles: for each row one of STYLES or None; rows beyond it have none
        """
        if self.as_json:
            return
        styles = tuple(styles) + (None,) * (len(rows) - len(styles))
        rows = [["" if cell is None else str(cell) for cell in row] for row in rows]
        if self._rich is None:
            widths = [max(len(row[i]) for row in [columns] + rows) for i in range(len(columns))]
            for row in [columns] + rows:
                cells = [cell.ljust(width) for cell, width in zip(row, widths)]
                self._write("  ".join(cells).rstrip() + "\n")
            return
        from rich.table import Table
        from rich.text import Text
        table = Table(box=None, pad_edge=False, header_style=STYLES["title"])
        for column in columns:
            table.add_column(column)
        for row, style in zip(rows, styles):
            table.add_row(*[Text(cell) for cell in row], style=STYLES.get(style, ""))
        self._rich.print(table)

    def progress(self, label, fraction, note=""):
        """A bar that shows how far something is.

        :param fraction: 0.0 to 1.0
        :param note: what stands behind it, e.g. the time left
        """
        done = int(round(max(0.0, min(1.0, fraction)) * _BAR))
        full, empty = ("#", ".") if self._rich is None else ("━", "─")
        self.pieces((label + " ", None), (full * done, "good"), (empty * (_BAR - done), "dim"),
                    (f" {int(fraction * 100):3d} % {note}", None))

    def clear(self):
        """Begin the screen anew, for ``--watch``; on what is no terminal an empty line."""
        if self._rich is not None:
            self._rich.clear()
        else:
            self.line()

    # -- the other ways out -----------------------------------------------------

    def document(self, body, version=1):
        """Print the JSON document of this sub-command; nothing without ``--json``.

        :param body: dict of JSON values; ``schema`` is put in front of it
        :param version: of the schema: raised when a consumer would break
        """
        if not self.as_json:
            return
        import json
        document = {"schema": f"dualstor.{self.subcommand}/{version}"}
        document.update(body)
        self._write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")

    def raw(self, text):
        """Text exactly as it is: a file to be printed, a script."""
        if not self.as_json:
            self._write(text)

    def error(self, text):
        """A complaint, on stderr, also with ``--json``."""
        self.stderr.write(f"dualstor: {text}\n")
        self.stderr.flush()

    def confirm(self, question):
        """Ask a yes-or-no question; no where nobody can be asked."""
        if not self.interactive:
            return False
        self._write(f"{question} [y/N] ")
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def _write(self, text):
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            text = text.encode(encoding, "backslashreplace").decode(encoding)
        self.stdout.write(text)
        self.stdout.flush()
