# SPDX-License-Identifier: GPL-2.0-or-later
"""The one place of the command that prints.

With rich installed and on a terminal there are colours, drawn tables and bars; otherwise
plain text that greps well. With ``--json`` only ``document`` and
``error`` print, so that stdout is one JSON document.
"""

import sys

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any, Sequence, TextIO

#: Names of styles that sub-commands use, and what rich draws for each.
STYLES = {
    "good": "green", "warning": "yellow", "error": "bold red", "title": "bold",
    "dim": "dim", "added": "green", "removed": "red",
}

_BAR = 30  # characters of a plain progress bar


def _rich(stream: "TextIO", color: str) -> "Any":
    """rich's Console on *stream*; None where text is to be plain."""
    if color == "never" or (color == "auto" and not stream.isatty()):
        return None
    try:
        from rich.console import Console as RichConsole
    except ImportError:
        return None
    return RichConsole(file=stream, force_terminal=True, highlight=False, emoji=False)


class Console:
    """Where a sub-command's answer goes.

    :param stdout: text stream for answers; None for the process's own
    :param stderr: text stream for complaints; None for the process's own
    :param subcommand: its name, part of the schema's name
    :param as_json: whether the answer is one JSON document
    :param color: "auto", "always" or "never"
    """

    def __init__(self, stdout: "TextIO | None" = None, stderr: "TextIO | None" = None,
                 subcommand: str = "", as_json: bool = False, color: str = "auto") -> None:
        self.stdout = stdout or sys.stdout
        self.stderr = stderr or sys.stderr
        self.subcommand = subcommand
        self.as_json = as_json
        self._rich = None if as_json else _rich(self.stdout, color)

    @property
    def interactive(self) -> bool:
        """Whether a question can be asked: input and output are a terminal."""
        return sys.stdin is not None and sys.stdin.isatty() and self.stdout.isatty()

    # -- text -----------------------------------------------------------------

    def line(self, text: str = "", style: "str | None" = None) -> None:
        """One line (or several) of text in one of STYLES."""
        self.pieces((text, style))

    def pieces(self, *pieces: "tuple[str, str | None]") -> None:
        """One line made of (text, style or None) pieces."""
        if self.as_json:
            return
        if self._rich is None:
            self._write("".join(text for text, _ in pieces) + "\n")
            return
        from rich.text import Text
        line = Text()
        for text, style in pieces:
            line.append(text, STYLES.get(style or "", ""))
        self._rich.print(line, soft_wrap=True)

    def heading(self, text: str) -> None:
        """A title with an empty line before it."""
        self.line()
        self.line(text, "title")

    def table(self, columns: "Sequence[str]", rows: "Sequence[Sequence[object]]",
              styles: "Sequence[str | None]" = ()) -> None:
        """A table.

        :param columns: titles
        :param rows: sequence of sequences of text
        :param styles: for each row one of STYLES or None; rows beyond it have none
        """
        if self.as_json:
            return
        styles = tuple(styles) + (None,) * (len(rows) - len(styles))
        cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
        if self._rich is None:
            lines = [list(columns)] + cells
            widths = [max(map(len, column)) for column in zip(*lines)]
            for row in lines:
                padded = [cell.ljust(width) for cell, width in zip(row, widths)]
                self._write("  ".join(padded).rstrip() + "\n")
            return
        from rich.table import Table
        from rich.text import Text
        table = Table(box=None, pad_edge=False, header_style=STYLES["title"])
        for column in columns:
            table.add_column(column)
        for row, style in zip(cells, styles):
            table.add_row(*[Text(cell) for cell in row], style=STYLES.get(style or "", ""))
        self._rich.print(table)

    def progress(self, label: str, fraction: float, note: str = "") -> None:
        """A bar that shows how far something is.

        :param fraction: 0.0 to 1.0
        :param note: what follows it, e.g. the time left
        """
        done = int(round(max(0.0, min(1.0, fraction)) * _BAR))
        full, empty = ("#", ".") if self._rich is None else ("━", "─")
        self.pieces((label + " ", None), (full * done, "good"), (empty * (_BAR - done), "dim"),
                    (f" {int(fraction * 100):3d} % {note}", None))

    def clear(self) -> None:
        """Clear the screen, for ``--watch``; without a terminal, print an empty line."""
        if self._rich is not None:
            self._rich.clear()
        else:
            self.line()

    # -- other output -----------------------------------------------------------

    def document(self, body: "dict[str, Any]", version: int = 1) -> None:
        """Print the JSON document of this sub-command; nothing without ``--json``.

        :param body: dict of JSON values; ``schema`` is put in front of it
        :param version: of the schema: raised when a consumer would break
        """
        if not self.as_json:
            return
        import json
        document = dict({"schema": f"dualstor.{self.subcommand}/{version}"}, **body)
        self._write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")

    def raw(self, text: str) -> None:
        """Text exactly as it is: a file to be printed, a script."""
        if not self.as_json:
            self._write(text)

    def error(self, text: str) -> None:
        """A complaint, on stderr, also with ``--json``."""
        self.stderr.write(f"dualstor: {text}\n")
        self.stderr.flush()

    def confirm(self, question: str) -> bool:
        """Ask a yes-or-no question; the answer is no where none can be asked."""
        if not self.interactive:
            return False
        self._write(f"{question} [y/N] ")
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def _write(self, text: str) -> None:
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            text = text.encode(encoding, "backslashreplace").decode(encoding)
        self.stdout.write(text)
        self.stdout.flush()
