# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether SELinux may keep DRBD's fence-peer handler from its work, as the kernel has it.

DRBD's tools, and with them what DRBD calls, are confined to the domain drbd_t where SELinux
enforces its policy. Our module (packaging/selinux) lets the handler run as the cluster does; it
has a boolean, and the kernel lists those of the modules that are loaded. Reading these files
starts no process and takes no lock. Source: security/selinux/selinuxfs.c.
"""

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.host.files import Files

#: "1" where the policy is enforced; there is none of these files without SELinux.
ENFORCE = "/sys/fs/selinux/enforce"

#: The boolean of our module.
MODULE = "/sys/fs/selinux/booleans/dualstor_fence_peer"


def confined(enforce: "str | None", module: "str | None") -> bool:
    """Whether the policy is enforced without our module.

    :param enforce: the text of ENFORCE, None where there is none
    :param module: the text of MODULE, likewise
    """
    return (enforce or "").strip() == "1" and module is None


def confines(host: "Files") -> bool:
    """As ``confined``, on a host.

    :raises HostUnreadable: a file cannot be read
    """
    return confined(host.read(ENFORCE), host.read(MODULE))
