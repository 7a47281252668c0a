# SPDX-License-Identifier: GPL-2.0-or-later
"""The serial protocol of fence_virt: requests of the guests, answers of the host.

Layout: struct serial_req, serial_resp and host_state of fence-virt's include/serial.h and include/xvm.h: a request is a
magic, one byte of operation, one of flags, 64 of the domain's name and a sequence number; an answer the magic and one
byte. All numbers are little-endian on the machines we emulate.
"""
import struct
from collections import namedtuple

MAGIC = struct.pack("<I", 0x61626261)
REQUEST = struct.Struct("<4sBB64sI")
HOST = struct.Struct("<64s64sBB")

NULL, OFF, REBOOT, ON, STATUS, DEVSTATUS, HOSTLIST = range(7)
OPERATIONS = {NULL: "null", OFF: "off", REBOOT: "reboot", ON: "on", STATUS: "status", DEVSTATUS: "devstatus", HOSTLIST: "list"}
SUCCESS, FAIL, IS_OFF = 0, 1, 2
LIST_FOLLOWS = 0xFD

Request = namedtuple("Request", "operation name domain sequence")


def requests(buffer):
    """Returns (list of the whole Requests in a byte stream, the bytes to keep for the next call).

    What stands before a magic is noise of the line and dropped.
    """
    found = []
    while True:
        start = buffer.find(MAGIC)
        if start < 0:
            return found, buffer[-(len(MAGIC) - 1) :]
        buffer = buffer[start:]
        if len(buffer) < REQUEST.size:
            return found, buffer
        _, operation, _, domain, sequence = REQUEST.unpack_from(buffer)
        buffer = buffer[REQUEST.size :]
        name = domain.split(b"\0")[0].decode(errors="replace")
        found.append(Request(operation, OPERATIONS.get(operation, str(operation)), name, sequence))


def response(code):
    """Returns the bytes that answer a request with a code."""
    return MAGIC + bytes([code])


def host_list(states):
    """Returns the bytes that answer a list request.

    states: list of (name, whether it runs); an entry of zeroes closes the list.
    """
    entries = b"".join(HOST.pack(name.encode(), b"", int(runs), 0) for name, runs in states)
    return response(LIST_FOLLOWS) + entries + bytes(HOST.size) + response(SUCCESS)
