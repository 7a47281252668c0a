# SPDX-License-Identifier: GPL-2.0-or-later
"""What corosync itself says of its file, on a host where it is installed.

It has the last word: what it accepts no rule calls refused (Corosync.accepted).
"""

import re

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules import (
    corosync_crypto,
    corosync_file,
    corosync_network,
    corosync_nodes,
)
from dualstor.command.check.rules.registry import ERROR, found, rule
from dualstor.command.check.view.seen import COROSYNC_CONF, Irrelevant, Unavailable
from dualstor.record import whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.host import HostView

#: The rules about what corosync refuses: where one has a finding, corosync's words are the same.
REFUSED = (corosync_file.syntax, corosync_file.value, corosync_file.totem, corosync_nodes.nodes,
           corosync_nodes.links, corosync_nodes.ring, corosync_network.bindnetaddr,
           corosync_network.mcastaddr, corosync_network.known_transport,
           corosync_network.timeouts, corosync_crypto.options, corosync_crypto.authkey)
_PARSER = re.compile(r"parser error: (\S+):([0-9]{1,9}): (.*)")
_LOGGED = re.compile(r"(?:error|crit|alert|emerg)\s+\[\w+\s*\] (.*)")
_OWN_END = "exiting with status"
_LONGEST = 200


def refused(host: "HostView") -> bool:
    """Whether a rule of ours has found what corosync refuses."""
    for check in REFUSED:
        try:
            if next(iter(check(host)), None) is not None:
                return True
        except (Unavailable, Irrelevant):
            continue
    return False


@rule("COROSYNC-TEST", ERROR, "corosync accepts its configuration",
      why="corosync does not start with a configuration that it refuses.",
      fix="fix what it names; `corosync -t` must end with exit code 0")
def test(host: "HostView") -> "Findings":
    if host.corosync.version < 2:
        raise Irrelevant()      # it has no such option
    if "corosync-test" not in host.tree.commands:
        raise Irrelevant()      # the other rules read the file as corosync does
    answer = host.answer("corosync-test")
    said = answer["stderr"] + answer["stdout"]
    if answer["returncode"] == 0 or refused(host):
        return
    if "ermission denied" in said or "invalid option" in said:
        raise Unavailable(f"{answer['argv']}: only root can ask, or this corosync cannot test")
    match = _PARSER.search(said)
    if match:
        yield found(Where(COROSYNC_CONF, whole(match.group(2))), match.group(3)[:_LONGEST])
        return
    words = [line.strip() for line in _LOGGED.findall(said) if _OWN_END not in line]
    if not words:
        raise Unavailable(f"{answer['argv']}: exit code {answer['returncode']} without a reason")
    yield found(Where(answer["argv"]), words[-1][:_LONGEST])
