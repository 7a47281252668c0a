# SPDX-License-Identifier: GPL-2.0-or-later
"""The documents that are made from the command's source; ``make docs`` writes them."""

import os
import sys

from dualstor.command import man
from dualstor.command.check import guide

#: path below docs -> function that renders it
PAGES = {"man/dualstor.8": man.render, "findings.md": guide.render}


def main(argv):
    """``python3 -m dualstor.command.pages FOLDER``: write all pages below the folder."""
    if len(argv) != 2:
        sys.stderr.write("usage: python3 -m dualstor.command.pages FOLDER\n")
        return 2
    for name, render in PAGES.items():
        with open(os.path.join(argv[1], name), "w", encoding="utf-8") as stream:
            stream.write(render())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
