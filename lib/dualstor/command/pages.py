# SPDX-License-Identifier: GPL-2.0-or-later
"""The files that are made from the source; ``make docs`` writes them."""

import os
import sys

from dualstor.command import agentman, completion, man, reasons
from dualstor.command.check import guide
from dualstor.command.main import build_parser
from dualstor.metadata import AGENTS


def _agent_page(name):
    return lambda: agentman.render(name)


def _completion(shell):
    return lambda: completion.SHELLS[shell](build_parser())


#: path from docs -> function that renders it
PAGES = {"man/dualstor.8": man.render, "findings.md": guide.render, "operations.md": reasons.render}
PAGES.update((f"man/{agentman.page_name(name)}.7", _agent_page(name)) for name in AGENTS)
PAGES.update((f"../packaging/completion/dualstor.{shell}", _completion(shell))
             for shell in completion.SHELLS)


def main(argv):
    """``python3 -m dualstor.command.pages FOLDER``: write all; FOLDER is that of the documents."""
    if len(argv) != 2:
        sys.stderr.write("usage: python3 -m dualstor.command.pages FOLDER\n")
        return 2
    for name, render in PAGES.items():
        path = os.path.join(argv[1], name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(render())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
