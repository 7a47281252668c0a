# SPDX-License-Identifier: GPL-2.0-or-later
"""The files that are made from the source; ``make docs`` writes them."""

import os
import sys
from functools import partial

from dualstor.agents import catalogue
from dualstor.command import completion
from dualstor.command.documents import agentman, findings, man, metrics, reasons
from dualstor.command.main import build_parser
from dualstor.ocf import metadata

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable, Sequence


def _completion(shell: str) -> str:
    return completion.SHELLS[shell](build_parser())


def _metadata(name: str, version: str) -> str:
    return metadata.render(catalogue.interface(name), version)


#: path in the tree -> function that renders it
PAGES: "dict[str, Callable[[], str]]" = {
    "docs/man/dualstor.8": man.render, "docs/findings.md": findings.render,
    "docs/operations.md": reasons.render, "docs/metrics.md": metrics.render}
for _name in catalogue.NAMES:
    PAGES[f"docs/man/{agentman.page_name(_name)}.7"] = partial(agentman.render, _name)
    PAGES[f"metadata/{_name}.xml"] = partial(_metadata, _name, "1.1")
    PAGES[f"metadata/{_name}.ocf-1.0.xml"] = partial(_metadata, _name, "1.0")
for _shell in completion.SHELLS:
    PAGES[f"packaging/completion/dualstor.{_shell}"] = partial(_completion, _shell)


def main(argv: "Sequence[str]") -> int:
    """``python3 -m dualstor.command.documents.pages TREE``: write all into the source tree."""
    if len(argv) != 2:
        sys.stderr.write("usage: python3 -m dualstor.command.documents.pages TREE\n")
        return 2
    for name, render in PAGES.items():
        path = os.path.join(argv[1], name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(render())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
