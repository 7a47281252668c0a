# SPDX-License-Identifier: GPL-2.0-or-later
"""What a tree tells of one host, or why it does not."""


class Unavailable(Exception):
    """What a rule needs to know is not in the tree; str() says why."""


class Irrelevant(Exception):
    """The rule is about something that this host does not use."""


class Seen:
    """One host as it was seen.

    :param tree: sources.tree.Tree
    """

    def __init__(self, tree):
        self.tree = tree
        self.name = tree.name

    def text(self, path):
        """The text of a file; None when it is not there.

        :raises Unavailable: it cannot be read
        """
        if path in self.tree.unreadable:
            raise Unavailable("%s: %s" % (path, self.tree.unreadable[path]))
        return self.tree.files.get(path)

    def need(self, path):
        """The text of a file.

        :raises Unavailable: it is not there, or cannot be read
        """
        text = self.text(path)
        if text is None:
            raise Unavailable(f"{path} is not there")
        return text

    def answer(self, name):
        """What a command said: {"argv", "returncode", "stdout", "stderr"}.

        :raises Unavailable: it was not run, is missing, or hung
        """
        if name not in self.tree.commands:
            raise Unavailable(self.tree.silent.get(name, f"{name} was not asked"))
        return self.tree.commands[name]

    def output(self, name):
        """stdout of a command that ended well.

        :raises Unavailable: it did not
        """
        answer = self.answer(name)
        if answer["returncode"] != 0:
            lines = (answer["stderr"] or answer["stdout"]).split("\n")
            said = [line.strip() for line in lines if line.strip()]
            raise Unavailable("%s: %s" % (answer["argv"], said[-1] if said else
                f"exit code {answer['returncode']}"))
        return answer["stdout"]

    def program(self, name):
        """Where a program is installed; "" when it is not.

        :raises Unavailable: the tree does not tell
        """
        if name not in self.tree.programs:
            raise Unavailable("the programs of the host are not in the tree")
        return self.tree.programs[name]

    def kind(self, path):
        """What is at a path: "file", "program", "directory", "device", "" for nothing.

        :raises Unavailable: it was not looked at, or this is a tree of configuration alone
        """
        kind = self.tree.paths.get(path)
        if kind is None or (not kind and not self.whole):
            raise Unavailable(f"{path}: not in the tree")
        return kind

    @property
    def whole(self):
        """Whether the tree is of a whole host, and not of its configuration alone."""
        return bool(self.tree.paths.get("/proc/self") or self.tree.paths.get("/usr/sbin"))
