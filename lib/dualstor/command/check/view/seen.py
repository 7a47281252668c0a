# SPDX-License-Identifier: GPL-2.0-or-later
"""What a tree tells of one host, or why it does not."""

from dualstor.command.check.registry import NotLooked


class Seen:
    """One host as it was seen.

    :param tree: sources.tree.Tree
    """

    def __init__(self, tree):
        self.tree = tree
        self.name = tree.name

    def text(self, path):
        """The text of a file; None when it is not there.

        :raises NotLooked: it cannot be read
        """
        if path in self.tree.unreadable:
            raise NotLooked("%s: %s" % (path, self.tree.unreadable[path]))
        return self.tree.files.get(path)

    def need(self, path):
        """The text of a file.

        :raises NotLooked: it is not there, or cannot be read
        """
        text = self.text(path)
        if text is None:
            raise NotLooked(f"{path} is not there")
        return text

    def answer(self, name):
        """What a command said: {"argv", "returncode", "stdout", "stderr"}.

        :raises NotLooked: it was not run, is missing, or hung
        """
        if name not in self.tree.commands:
            raise NotLooked(self.tree.silent.get(name, f"{name} was not asked"))
        return self.tree.commands[name]

    def output(self, name):
        """stdout of a command that ended well.

        :raises NotLooked: it did not
        """
        answer = self.answer(name)
        if answer["returncode"] != 0:
            lines = (answer["stderr"] or answer["stdout"]).split("\n")
            said = [line.strip() for line in lines if line.strip()]
            raise NotLooked("%s: %s" % (answer["argv"], said[-1] if said else 
                f"exit code {answer['returncode']}"))
        return answer["stdout"]

    def program(self, name):
        """Where a program is installed; "" when it is not.

        :raises NotLooked: the tree does not tell
        """
        if name not in self.tree.programs:
            raise NotLooked("the programs of the host are not in the tree")
        return self.tree.programs[name]

    def kind(self, path):
        """What is at a path: "file", "program", "directory", "device", "" for nothing.

        :raises NotLooked: it was not looked at, or this is a tree of configuration alone
        """
        kind = self.tree.paths.get(path)
        if kind is None or (not kind and not self.whole):
            raise NotLooked(f"{path}: not in the tree")
        return kind

    @property
    def whole(self):
        """Whether the tree is of a whole host, and not of its configuration alone."""
        return bool(self.tree.paths.get("/proc/self") or self.tree.paths.get("/usr/sbin"))
