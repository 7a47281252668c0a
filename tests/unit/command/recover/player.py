# SPDX-License-Identifier: GPL-2.0-or-later
"""``dualstor recover`` on a simulated pair: what it finds, prints and writes."""

import io
import json
import os

import jsonschema

from dualstor.command.console import Console
from dualstor.command.recover import document, finding, screen
from sourcetree import TREE


def schema():
    with open(os.path.join(TREE, "docs", "json", "recover-1.schema.json"), encoding="utf-8") as stream:
        return json.load(stream)


def text(report, resource=None):
    """The screen; the document beside it is as its schema says."""
    stream, found = io.StringIO(), finding.find(report, resource)
    screen.show(Console(stream, stream, "recover"), report, found, resource)
    written = io.StringIO()
    Console(written, written, "recover", as_json=True).document(
        document.document(report, found, resource))
    told = json.loads(written.getvalue())
    jsonschema.validate(told, schema())
    assert [each["what"] for each in told["findings"]] == [each.what for each in found]
    return stream.getvalue()


def kinds(report, resource=None):
    return [each.kind for each in finding.find(report, resource)]


def known(report, kind):
    """The further facts of the findings of a kind, as one text."""
    return "; ".join(fact for each in finding.find(report) if each.kind == kind for fact in each.known)
