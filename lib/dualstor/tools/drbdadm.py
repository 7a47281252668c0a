# SPDX-License-Identifier: GPL-2.0-or-later
"""drbdadm: DRBD's resources by their configuration.

Source: drbdadm(8). Never gives --force, --discard-my-data or --overwrite-data-of-peer.
``dstate`` is not asked at all: of a resource that is down it prints what the metadata
on the disk says, and exits 0. ``conf`` is a configuration file, None for the default.
"""

from dualstor.errors import ParseError, ToolError, ToolFailed
from dualstor.kernel import drbd
from dualstor.record import Record, whole
from dualstor.tools import drbdsetup
from dualstor.tools.drbdsetup import QUESTION, DrbdOutcome

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.host.host import Host
    from dualstor.host.run import Completed
    from dualstor.tools import drbdconf

#: Options of which drbdadm 9 and drbdadm-84 say "but got" where the other one has them.
_MOVED = ("fencing", "auto-promote", "node-id", "quorum", "on-no-quorum")
_UNEXPECTED = "but got '%s'"

_NOT_DEFINED, _NOTHING_DEFINED = "not defined in your config", "no resources defined"


class DrbdVersions(Record):
    """Of module and tools, each a tuple of three ints; None when not known."""

    kernel: "tuple[int, int, int] | None"
    tools: "tuple[int, int, int]"


def _run(host: "Host", words: "tuple[str, ...]", conf: "str | None",
         timeout: "float | None") -> "Completed":
    argv = ("drbdadm",) + (("-c", conf) if conf else ()) + tuple(words)
    return host.run(argv, timeout, drbdsetup.QUIET)


def _query(host: "Host", words: "tuple[str, ...]", conf: "str | None", timeout: float) -> str:
    """stdout of a command.

    :raises ToolFailed: it ended with an error, or said nothing
    """
    completed = _run(host, words, conf, timeout)
    if not completed.ok:
        raise drbdsetup.failed(completed)
    return completed.answer()


# -- versions and configuration ----------------------------------------------------


def parse_version(text: str) -> "DrbdVersions":
    """The DrbdVersions in the output of ``drbdadm --version``.

    :raises ParseError: it does not say the version of the tools
    """
    codes = {}
    for line in text.splitlines():
        name, _, word = line.strip().partition("=")
        number = whole(word, 16)
        if number and word.startswith("0x"):
            codes[name] = (number >> 16, number >> 8 & 255, number & 255)
    if "DRBDADM_VERSION_CODE" not in codes:
        raise ParseError("drbdadm --version", text.strip().rpartition("\n")[2],
                         "no DRBDADM_VERSION_CODE")
    return DrbdVersions(kernel=codes.get("DRBD_KERNEL_VERSION_CODE"),
                   tools=codes["DRBDADM_VERSION_CODE"])


def version(host: "Host", timeout: float = QUESTION) -> "DrbdVersions":
    """The DrbdVersions of module (also one that is not loaded) and tools.

    :raises ToolError, ParseError: drbdadm is missing, hung, fails, or says none
    """
    return parse_version(_query(host, ("--version",), None, timeout))


def configuration(host: "Host", name: str, conf: "str | None" = None,
                  timeout: float = QUESTION) -> "drbdconf.Configuration":
    """The drbdconf.Configuration of a resource, with what the section ``common`` adds.

    ``dump`` of one resource leaves that out, ``--dry-run dump`` does not (drbd-utils, main of
    drbdadm_main.c, where it calls expand_common).

    :raises ToolError: drbdadm is missing, hung, or refuses the configuration
    :raises ParseError: its answer has another form
    """
    from dualstor.tools import drbdconf
    return drbdconf.parse(_query(host, ("--dry-run", "dump", name), conf, timeout), name)


def of_another_version(problem: ToolFailed) -> bool:
    """Whether drbdadm refuses a file for options that are elsewhere in another version's files."""
    said = problem.completed.stderr + problem.completed.stdout
    return any(_UNEXPECTED % option in said for option in _MOVED)


def resources(host: "Host", conf: "str | None" = None,
              timeout: float = QUESTION) -> "tuple[str, ...]":
    """The names of the resources configured for this host, as a tuple.

    :raises ToolError: drbdadm is missing, hung, or refuses the configuration
    """
    completed = _run(host, ("sh-resources",), conf, timeout)
    if _NOTHING_DEFINED in completed.stderr:
        return ()
    if not completed.ok:
        raise drbdsetup.failed(completed)
    return tuple(completed.stdout.split())


def unknown(host: "Host", name: str, conf: "str | None" = None,
            timeout: float = QUESTION) -> "bool | None":
    """Whether drbdadm says that the resource is not in this host's configuration.

    :returns: True, False, or None: it failed of something else
    :raises ToolMissing, ToolHung: drbdadm is missing or hung
    """
    completed = _run(host, ("sh-dev", name), conf, timeout)
    if completed.ok:
        return False if completed.stdout.strip() else None
    text = completed.stderr
    return True if _NOT_DEFINED in text or _NOTHING_DEFINED in text else None


def backing_devices(host: "Host", conf: "str | None" = None,
                    timeout: float = QUESTION) -> "tuple[tuple[str, str], ...]":
    """(device, backing device) of all volumes configured for this host, diskless ones left out.

    :raises ToolError, ParseError: drbdadm is missing, hung, fails, or does not pair them
    """
    answers = []
    for word in ("sh-dev", "sh-ll-dev"):
        completed = _run(host, (word, "all"), conf, timeout)
        if _NOTHING_DEFINED in completed.stderr:
            return ()
        if not completed.ok:
            raise drbdsetup.failed(completed)
        answers.append(completed.answer().split())
    devices, disks = answers
    if len(devices) != len(disks):
        raise ParseError("drbdadm sh-ll-dev all", " ".join(disks),
                         f"{len(disks)} disks for {len(devices)} devices")
    return tuple(pair for pair in zip(devices, disks) if pair[1] != "none")


# -- the state of a resource ---------------------------------------------------------


def _by_configuration(host: "Host", name: str, conf: "str | None",
                      timeout: float) -> "drbd.State | None":
    """State of a resource whose minors are only in the configuration: 8.3 without udev's links."""
    minors = []
    for word in _query(host, ("sh-minor", name), conf, timeout).split():
        minor = whole(word)
        if minor is None:
            raise ParseError(f"drbdadm sh-minor {name}", word, "no minor number")
        minors.append(minor)
    return drbd.state_of(drbd.read(host), name, tuple(enumerate(minors)))


def resource_state(host: "Host", name: str, conf: "str | None" = None,
                   timeout: float = QUESTION) -> "drbd.State | None":
    """The State of a resource: from the kernel's files, else from the tools.

    Each time there are two ways: one that fails or hangs leaves it to the other.

    :returns: drbd.State; None when it is not configured in the kernel
    :raises ToolError: no tool had an answer: missing, hung or failing
    :raises ParseError: an answer has another form
    """
    state = drbd.state(host, name)
    if not isinstance(state, drbd.Unknown):
        return state
    kernel = drbd.read(host)
    listed = kernel is not None and kernel.lists_minors
    question = drbdsetup.events2 if listed else drbdsetup.status
    try:
        return host.within(2, lambda: question(host, name, timeout))
    except (ToolError, ParseError):
        if listed:
            return _by_configuration(host, name, conf, timeout)
        return drbdsetup.events2(host, name, timeout)


# -- deeds ----------------------------------------------------------------------------
# Each returns a DrbdOutcome and raises ToolMissing or ToolHung only. The action's deadline
# rules; ``timeout``, in seconds, can cut it shorter.


def _do(host: "Host", command: str, name: str, conf: "str | None",
        timeout: "float | None") -> "DrbdOutcome":
    return drbdsetup.outcome(_run(host, (command, name), conf, timeout))


def up(host: "Host", name: str, conf: "str | None" = None,
       timeout: "float | None" = None) -> "DrbdOutcome":
    """Create the devices, attach the disks, connect."""
    return _do(host, "up", name, conf, timeout)


def adjust(host: "Host", name: str, conf: "str | None" = None,
           timeout: "float | None" = None) -> "DrbdOutcome":
    """Make the kernel's state equal to the configuration; no change where it is."""
    return _do(host, "adjust", name, conf, timeout)


def attach(host: "Host", name: str, conf: "str | None" = None,
           timeout: "float | None" = None) -> "DrbdOutcome":
    """Attach the backing devices."""
    return _do(host, "attach", name, conf, timeout)


def connect(host: "Host", name: str, conf: "str | None" = None,
            timeout: "float | None" = None) -> "DrbdOutcome":
    """Connect to the peer, or wait for it in the background."""
    return _do(host, "connect", name, conf, timeout)


def primary(host: "Host", name: str, conf: "str | None" = None,
            timeout: "float | None" = None) -> "DrbdOutcome":
    """Become Primary; the kernel refuses without UpToDate data."""
    return _do(host, "primary", name, conf, timeout)


def secondary(host: "Host", name: str, conf: "str | None" = None,
              timeout: "float | None" = None) -> "DrbdOutcome":
    """Become Secondary; the kernel refuses while the device is held open."""
    return _do(host, "secondary", name, conf, timeout)


def down(host: "Host", name: str, conf: "str | None" = None,
         timeout: "float | None" = None) -> "DrbdOutcome":
    """Disconnect, detach and remove the devices; the kernel refuses while one is held open."""
    return _do(host, "down", name, conf, timeout)


def resume_io(host: "Host", name: str, conf: "str | None" = None,
              timeout: "float | None" = None) -> "DrbdOutcome":
    """Resume I/O that was suspended; a Primary without its peer makes a new current UUID."""
    return _do(host, "resume-io", name, conf, timeout)
