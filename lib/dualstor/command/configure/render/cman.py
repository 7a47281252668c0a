# SPDX-License-Identifier: GPL-2.0-or-later
"""/etc/cluster/cluster.conf of cman 3 (cluster.rng).

cman's fenced forwards every request to Pacemaker (fence_pcmk), which has the devices: if both
had them, a node would be fenced twice.
"""

from lxml import etree

from dualstor.record import whole
from dualstor.tools import xmltext

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.configure.model import Pair

PATH = "/etc/cluster/cluster.conf"

_DEVICE = "pacemaker"
_JOIN_DELAY = "20"  # seconds that fenced waits for the other node after a cold start


def render(pair: "Pair", version: int = 1) -> str:
    """The file's text, the same on both nodes.

    :param version: config_version; a change of the file needs a higher one
    """
    root = etree.Element("cluster", name=pair.cluster, config_version=str(version))
    etree.SubElement(root, "cman", two_node="1", expected_votes="1")
    etree.SubElement(root, "fence_daemon", clean_start="0", post_join_delay=_JOIN_DELAY,
                     post_fail_delay="0")
    nodes = etree.SubElement(root, "clusternodes")
    for number, node in enumerate(pair.nodes, 1):
        element = etree.SubElement(nodes, "clusternode", name=node.name, nodeid=str(number))
        method = etree.SubElement(etree.SubElement(element, "fence"), "method", name=_DEVICE)
        etree.SubElement(method, "device", name=_DEVICE, port=node.name)
    devices = etree.SubElement(root, "fencedevices")
    etree.SubElement(devices, "fencedevice", name=_DEVICE, agent="fence_pcmk")
    etree.indent(root)
    return '<?xml version="1.0"?>\n' + etree.tostring(root, encoding="unicode") + "\n"


def version(text: str) -> int:
    """The config_version of a cluster.conf; 0 where it has none.

    :raises ParseError: it is not well-formed
    """
    return whole(xmltext.parse(PATH, text).get("config_version")) or 0
