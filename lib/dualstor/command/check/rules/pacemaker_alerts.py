# SPDX-License-Identifier: GPL-2.0-or-later
"""Alerts: that the agent is on each node, and that mail can be sent."""

import posixpath

from dualstor.alerts import place
from dualstor.command.check.rules.registry import CIB, WARNING, found, rule

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator

    from dualstor.command.check.parsers.xml import Element
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.cib import Cib
    from dualstor.command.check.view.host import HostView


def _ours(cib: "Cib") -> "Iterator[tuple[Element, str]]":
    """(alert, its path) of the alerts that call our agent."""
    for alert in cib.root.iterfind("configuration/alerts/alert"):
        path = alert.get("path", "")
        if posixpath.basename(path) == posixpath.basename(place.PROGRAM):
            yield alert, path


@rule("PCMK-ALERT-AGENT", WARNING, "the alert agent that the cluster calls is on each node",
      why="Without it or its directory nothing is sent: nobody learns of a failure.",
      fix="install the package resource-agents-dualstor on {host}, `systemd-tmpfiles --create`, or "
          "`cibadmin --modify "
          "--xml-text '<alert id=\"{alert}\" path=\"{path}\"/>'`", scope=CIB)
def agent(cib: "Cib") -> "Findings":
    for alert, path in _ours(cib):
        for host in cib.cluster.hosts:
            names = {"host": host.name, "alert": alert.get("id", ""), "path": place.PROGRAM}
            if path != place.PROGRAM:
                yield found(cib.at(alert), f"the alert {alert.get('id')} calls {path}, and "
                            f"packages install {place.PROGRAM}", **names)
                break
            if host.kind(path) != "program":
                yield found(cib.at(alert), f"{host.name} has no {path}", **names)
            elif host.kind(place.STATE_DIR) != "directory":
                yield found(cib.at(alert), f"{host.name} has no directory {place.STATE_DIR}, so "
                            "that the agent can only write to the log", **names)


def _sends(host: "HostView") -> bool:
    """Whether a mail server's sendmail is there."""
    return any(host.kind(path) == "program" for path in place.SENDMAIL)


@rule("PCMK-ALERT-MAIL", WARNING, "whom the alert agent is to write to can be written to",
      why="The agent sends mail by sendmail; without it, or with a recipient that is no mail "
          "address, what it has to say is in the log alone.",
      fix="give the recipient a mail address or the name of a local user; install a mail server, "
          "e.g. the package postfix, where there is none", scope=CIB)
def mail(cib: "Cib") -> "Findings":
    for alert, _ in _ours(cib):
        recipients = alert.findall("recipient")
        for each in recipients:
            if not place.is_address(each.get("value", "")):
                yield found(cib.at(each), f"the recipient {each.get('value')!r} is no mail "
                            "address")
        for host in cib.cluster.hosts if recipients else ():
            if not _sends(host):
                yield found(cib.at(alert), f"{host.name} has no sendmail")
