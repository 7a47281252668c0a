# SPDX-License-Identifier: GPL-2.0-or-later
"""Takes the ELF kernel out of a bzImage, so that QEMU starts it directly and the guest need not unpack it.

Layout: Documentation/x86/boot.rst of the kernel (setup_sects at 0x1f1, payload_offset and payload_length at 0x248).
"""
import lzma
import struct
import subprocess

from . import host

ELF = b"\x7fELF"
XZ = b"\xfd7zXZ\x00"
ZSTANDARD = b"\x28\xb5\x2f\xfd"


def vmlinux(image):
    """Returns the kernel's ELF file from a bzImage's bytes, or None when its payload is packed with neither xz nor zstd."""
    if len(image) < 0x250 or image[0x202:0x206] != b"HdrS":
        return None
    setup_sectors = image[0x1F1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (setup_sectors + 1) * 512 + offset
    payload = image[start : start + length]
    if payload.startswith(XZ):
        kernel = lzma.LZMADecompressor().decompress(payload)
    elif payload.startswith(ZSTANDARD):
        # What follows the frame is its length unpacked, in four bytes.
        kernel = subprocess.run([host.find("zstd"), "-dcq"], input=payload[:-4], stdout=subprocess.PIPE).stdout
    else:
        return None
    return kernel if kernel.startswith(ELF) else None
