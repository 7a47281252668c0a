# SPDX-License-Identifier: GPL-2.0-or-later
"""Copies of the source tree from its archive, and what is built from them."""

import os
import subprocess
import tarfile

from sourcetree import TREE


def run(*command, **options):
    """Runs a command that must succeed and returns its standard output; what it said is in the error."""
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, **options)
    assert done.returncode == 0, "%s\n%s%s" % (command, done.stdout[-3000:], done.stderr[-3000:])
    return done.stdout


def archive(folder, tree=TREE):
    """Packs a tree into *folder*; returns the archive's path."""
    return run(os.path.join(str(tree), "tools", "make-dist"), folder).strip()


def copy(folder):
    """Unpacks the source archive of this tree below *folder*; returns the copy's path."""
    with tarfile.open(archive(folder)) as packed:
        packed.extractall(str(folder))
    (name,) = [each for each in os.listdir(str(folder)) if os.path.isdir(os.path.join(str(folder), each))]
    return os.path.join(str(folder), name)


def change(tree, path, old, new):
    """Replaces a text that a file of a copy holds once."""
    name = os.path.join(str(tree), path)
    with open(name, encoding="utf-8") as stream:
        text = stream.read()
    assert text.count(old) == 1, (path, old)
    with open(name, "w", encoding="utf-8") as stream:
        stream.write(text.replace(old, new))
