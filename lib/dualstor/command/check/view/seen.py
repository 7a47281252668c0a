# SPDX-License-Identifier: GPL-2.0-or-later
"""What a tree holds of one host, or why it does not."""

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.sources.tree import Answer, Tree

CLUSTER_CONF = "/etc/cluster/cluster.conf"
COROSYNC_CONF = "/etc/corosync/corosync.conf"

CMAN, COROSYNC = "cman", "corosync"


class Unavailable(Exception):
    """The tree does not have what a rule needs; str() says why."""


class Irrelevant(Exception):
    """The rule is about something that this host does not use."""


class Seen:
    """One host as its tree has it.

    :param engine: "cman" or "corosync" if it was chosen, None to find out
    """

    def __init__(self, tree: "Tree", engine: "str | None" = None) -> None:
        self.tree = tree
        self.name = tree.name
        self._chosen = engine

    def text(self, path: str) -> "str | None":
        """The text of a file; None if it does not exist.

        :raises Unavailable: it cannot be read
        """
        if path in self.tree.unreadable:
            raise Unavailable(f"{path}: {self.tree.unreadable[path]}")
        return self.tree.files.get(path)

    @property
    def engine(self) -> str:
        """"cman" or "corosync", by the files that exist.

        :raises Unavailable: there is neither
        """
        if self._chosen:
            return self._chosen
        if self.text(CLUSTER_CONF) is not None and not self._without_cman():
            return CMAN
        if self.text(COROSYNC_CONF) is not None:
            return COROSYNC
        raise Unavailable(f"neither {CLUSTER_CONF} nor {COROSYNC_CONF} exists")

    def _without_cman(self) -> bool:
        """Whether cluster.conf is left over: corosync is there, and cman is not or cannot be."""
        programs, version = self.tree.programs, self.tree.stdout("corosync-version")
        return self.text(COROSYNC_CONF) is not None and (
            "version '3" in version
            or (programs.get("cman_tool") == "" and bool(programs.get("corosync"))))

    def need(self, path: str) -> str:
        """The text of a file.

        :raises Unavailable: it does not exist, or cannot be read
        """
        text = self.text(path)
        if text is None:
            raise Unavailable(f"{path} does not exist")
        return text

    def answer(self, name: str) -> "Answer":
        """What a command said.

        :raises Unavailable: it was not run, is missing, or hung
        """
        if name not in self.tree.commands:
            raise Unavailable(self.tree.silent.get(name, f"{name} was not run"))
        return self.tree.commands[name]

    def output(self, name: str) -> str:
        """stdout of a command that succeeded.

        :raises Unavailable: it did not
        """
        answer = self.answer(name)
        if answer["returncode"] != 0:
            lines = (answer["stderr"] or answer["stdout"]).split("\n")
            said = [line.strip() for line in lines if line.strip()]
            why = said[-1] if said else f"exit code {answer['returncode']}"
            raise Unavailable(f"{answer['argv']}: {why}")
        return answer["stdout"]

    def program(self, name: str) -> str:
        """The path of an installed program; "" if there is none.

        :raises Unavailable: it is not in the tree
        """
        if name not in self.tree.programs:
            raise Unavailable("the programs of the host are not in the tree")
        return self.tree.programs[name]

    def kind(self, path: str) -> str:
        """What is at a path: "file", "program", "directory", "device", "" for nothing.

        :raises Unavailable: it was not read, or this is a tree of configuration alone
        """
        kind = self.tree.paths.get(path)
        if kind is None or (not kind and not self.whole):
            raise Unavailable(f"{path}: not in the tree")
        return kind

    @property
    def whole(self) -> bool:
        """Whether the tree is of a whole host, not of its configuration alone."""
        return bool(self.tree.paths.get("/proc/self") or self.tree.paths.get("/usr/sbin"))
