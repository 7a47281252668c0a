# SPDX-License-Identifier: GPL-2.0-or-later
"""What DRBD passes to its fence-peer handler, all of it in the environment.

Sources: drbd_khelper() of the module; adm_khelper() of drbdadm, which adds the names. DRBD 9
has a number for each node and names them DRBD_NODE_ID_N; 8.3 and 8.4 name the peer in
DRBD_PEERS and, as older ones did, in DRBD_PEER.
"""

from dualstor.kernel.drbd import is_path, is_resource_name
from dualstor.record import Record

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Mapping


class Call(Record):
    """What the handler is called with.

    ``resource`` is None when the environment names none that can be one. ``peers``: the names
    that the environment has for the lost node: one as a rule, () when it names none. ``conf``:
    drbdadm's configuration file. ``cstate``: the connection's state when it was lost, DRBD 9.
    """

    resource: "str | None"
    peers: "tuple[str, ...]" = ()
    conf: "str | None" = None
    cstate: "str | None" = None


def parse(environ: "Mapping[str, str]") -> "Call":
    """The Call that an environment makes.

    :param environ: mapping of str to str, as os.environ
    """
    name, conf = environ.get("DRBD_RESOURCE", ""), environ.get("DRBD_CONF", "")
    number = environ.get("DRBD_PEER_NODE_ID")
    if number is not None:
        peers = environ.get("DRBD_NODE_ID_" + number)
    else:
        peers = environ.get("DRBD_PEERS") or environ.get("DRBD_PEER")
    return Call(resource=name if is_resource_name(name) else None,
                peers=tuple((peers or "").split()), conf=conf if is_path(conf) else None,
                cstate=environ.get("DRBD_CSTATE") or None)
