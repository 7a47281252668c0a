# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting until device-mapper has made, changed or removed a device of this host.

One descriptor becomes readable after any such event, from Linux 4.15 on; nobody else is held up.
Source: Linux drivers/md/dm-ioctl.c (dm_poll, dev_arm_poll), include/uapi/linux/dm-ioctl.h.
"""

import posix
import select

from dualstor.kernel import dmlist

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.host.files import Files

_ARM_POLL = dmlist.command(16)      # DM_DEV_ARM_POLL


class Alarm:
    """An alarm for events of device-mapper.

    :param files: the host's, for the path of the device node
    """

    def __init__(self, files: "Files") -> None:
        self._number: "int | None" = None
        if not files.exists(dmlist.CLASS):
            return      # opening the node would load the module
        try:
            self._number = posix.open(files.file(dmlist.CONTROL), posix.O_RDWR | posix.O_CLOEXEC)
        except OSError:
            return
        if not self.arm():
            posix.close(self._number)
            self._number = None

    @property
    def works(self) -> bool:
        """Whether this kernel raises it; if not, ``wait`` only lets time pass."""
        return self._number is not None

    def arm(self) -> bool:
        """Forget the events so far: the next one raises the alarm again. Whether that was done."""
        if self._number is None:
            return False
        import fcntl
        try:
            fcntl.ioctl(self._number, _ARM_POLL, dmlist.request(dmlist.HEAD), True)
        except OSError:
            return False
        return True

    def wait(self, seconds: float, also: "int | None" = None) -> bool:
        """Wait for an event for at most *seconds*; whether there was one since it was armed.

        :param also: a descriptor that ends the wait, too, when it can be read
        """
        poller = select.poll()
        for number in (self._number, also):
            if number is not None:
                poller.register(number, select.POLLIN)
        ready = poller.poll(max(0, round(seconds * 1000)))
        return any(number == self._number for number, _ in ready)
