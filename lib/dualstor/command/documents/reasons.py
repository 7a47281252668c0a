# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/operations.md: every exit reason in the agents' source, with what it means and what to do.

The sentences are read from the source as it stands (its syntax tree, nothing is run), so
that none can be missing; ``make docs`` writes the page.
"""

import ast
import os
import re

from dualstor import recipes
from dualstor.command.check.rules import rules
from dualstor.command.documents.explanations import ANY, DRBD, FRAGMENTS, LOCK, PLACE, TOPICS, VG
from dualstor.record import Record

_LIBRARY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

#: Modules outside of agents/ that end actions.
_SHARED = ("main.py", "action/engine.py", "host/host.py", "host/run.py", "ocf/parameters.py")

_WORDS = 3  # a shorter text is a name or a piece

_HEAD = """\
<!-- Made from the agents' source and their explanations.py by: make docs -->
# Operations: each exit reason, and what to do

An agent that fails prints one sentence. `crm_mon -1` and `pcs status` show it next to the failed
action, cut in the middle if it is long; the system log has all of it. It reads *resource action:
object: what is wrong: next step*. Search this page for a few of its words. `…` stands for what is
filled in.

When you are paged: `dualstor status` on either node first; it names the trouble and the next step.
`dualstor check --peer OTHER` then shows what in the configuration led there:
[findings.md](findings.md) explains its findings.

"""

_AREAS = ((DRBD, "Exit reasons of drbd-dualprimary"), (LOCK, "Exit reasons of clvmd"),
          (VG, "Exit reasons of clustered-vg"), (ANY, "Exit reasons of all agents"))


class Sentence(Record):
    """A text of the source that may become (part of) an exit reason."""

    area: str
    text: str
    hint: "str | None" = None


def _literal(node):
    """The text of a literal, None where it is none; ast.Str before Python 3.8."""
    value = getattr(node, "value" if hasattr(node, "value") else "s", None) \
        if type(node).__name__ in ("Constant", "Str") else None
    return value if isinstance(value, str) else None


def _text(node):
    """The text of an expression with its %-places, None where it is not made of one."""
    literal = _literal(node)
    if literal is not None:
        return literal
    if isinstance(node, ast.JoinedStr):
        return "".join("%s" if isinstance(part, ast.FormattedValue) else _literal(part)
                       for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return _text(node.left)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = _text(node.left), _text(node.right)
        return None if parts == (None, None) else "".join(part or "%s" for part in parts)
    return None


def _unspoken(tree):
    """ids of nodes that are no part of a reason: docstrings, types, lines for the log."""
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            if isinstance(getattr(node, name, None), ast.AST):
                yield from (id(part) for part in ast.walk(getattr(node, name)))
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and _literal(first.value) is not None:
                yield id(first.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) \
                and isinstance(node.func.value, ast.Name) and node.func.value.id == "log":
            for argument in node.args:
                for part in ast.walk(argument):
                    yield id(part)


def _sentences(node, area, skip):
    if id(node) in skip:
        return
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Wait":
        what = _text(node.args[0]) or ""
        if len(_plain(what).split()) >= 2:
            yield Sentence(area, what, _text(node.args[1]))
        for argument in node.args:
            for child in ast.iter_child_nodes(argument):
                yield from _sentences(child, area, skip | {id(a) for a in ast.walk(node)
                                                           if _literal(a) is not None})
        return
    text = _text(node) if isinstance(node, ast.expr) else None
    if text is not None:
        if len(_plain(text).split()) >= _WORDS:
            yield Sentence(area, text)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            yield from _sentences(node.right, area, skip)
        for part in node.values if isinstance(node, ast.JoinedStr) else ():
            if isinstance(part, ast.FormattedValue):
                yield from _sentences(part.value, area, skip)
        return
    for child in ast.iter_child_nodes(node):
        yield from _sentences(child, area, skip)


def _plain(text):
    """The text without its %-places."""
    return PLACE.sub("", text)


def modules(library=_LIBRARY):
    """(area, path) of each module whose texts may become exit reasons."""
    paths = [(ANY, os.path.join(library, name)) for name in _SHARED]
    for area in (DRBD, LOCK, VG):
        folder = os.path.join(library, "agents", area.replace("-", "_"))
        paths += [(area, os.path.join(folder, name)) for name in sorted(os.listdir(folder))
                  if name.endswith(".py") and name != "interface.py"]
        if area != DRBD:
            paths.append((area, os.path.join(library, "agents", "lvmversion.py")))
    return paths


def sentences(library=_LIBRARY):
    """All Sentences of the source, in its order, each once."""
    found: "dict[tuple[str, str], Sentence]" = {}
    for area, path in modules(library):
        with open(path, encoding="utf-8") as stream:
            tree = ast.parse(stream.read())
        for sentence in _sentences(tree, area, frozenset(_unspoken(tree))):
            found.setdefault((sentence.area, sentence.text), sentence)
    return tuple(found.values())


def topic(sentence):
    """The Topic that explains a sentence; None where there is none."""
    for each in TOPICS:
        if each.area == sentence.area and any(key in sentence.text for key in each.keys):
            return each
    return None


def unexplained():
    """Sentences without a topic that are no known fragments of others."""
    return [s for s in sentences()
            if topic(s) is None and not any(piece in s.text for piece in FRAGMENTS)]


def _shown(sentence):
    """A sentence as the page shows it."""
    text = sentence.text if sentence.hint is None else (
        f"waiting for {sentence.text} …; {sentence.hint}")
    text = PLACE.sub("…", text).replace("%%", "%").strip()
    return "- " + re.sub(r"(`[^`]*`)|([<*_|])", lambda m: m.group(1) or "\\" + m.group(2), text)


def render():
    """The page as Markdown."""
    lines, every = [_HEAD.rstrip("\n"), ""], sentences()
    for area, title in _AREAS:
        lines += [f"## {title}", ""]
        for each in TOPICS:
            if each.area == area:
                lines += [f"### {each.title}", "", each.means, "",
                    f"**What to do:** {each.todo}", ""]
                lines += [recipes.markdown(each.parts) + "\n"] if each.parts else []
                lines += [_shown(s) for s in every if topic(s) is each] + [""]
    lines += ["## Findings of `dualstor check`", "",
              "Each has its own section in [findings.md](findings.md).", "",
              "| finding | severity | it is well when |", "|---|---|---|"]
    for rule in rules():
        title = rule.title.replace("|", "\\|")
        lines.append(f"| [{rule.id}](findings.md#{rule.id.lower()}) | {rule.severity} | {title} |")
    return "\n".join(lines) + "\n"
