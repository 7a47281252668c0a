# SPDX-License-Identifier: GPL-2.0-or-later
"""lvm version, lvmconfig and lvm dumpconfig, by version (LVM2 tools/dumpconfig.c, commands.h)."""

from simulator import locking

FAILED = 5      # exit code

_DEFAULT_CONF = {"global/use_lvmlockd": 0, "global/locking_type": 1, "global/use_lvmetad": 0,
                 "global/fallback_to_local_locking": 1, "devices/use_devicesfile": 0,
                 "global/fallback_to_clustered_locking": 1, "global/event_activation": 1,
                 "devices/global_filter": '["a|.*|"]', "devices/filter": '["a|.*|"]',
                 "global/system_id_source": '"none"', "activation/auto_activation_volume_list": None}


def configuration(call, command, begin):
    """lvmconfig, lvm dumpconfig; before 2.02.127 it takes locks like any other command.

    :param begin: generator that takes them
    """
    number = locking.version(call.node)
    if number < (2, 2, 127):
        yield from begin
    yield 0.05
    kind = call.value("--type", "--typeconfig") or "current"
    if kind == "full" and number < (2, 2, 123):
        call.err("  Incorrect type of configuration specified. Expected one of: current, default, "
                 "missing, new, profilable, profilable-command, profilable-metadata.\n"
                 "  Run `%s --help' for more information." % command)
        return 3
    wanted = [a for a in call.args if not a.startswith("-")]
    conf = dict(call.node.lvm)
    if kind in ("full", "default"):
        conf = dict(_DEFAULT_CONF, **(conf if kind == "full" else {}))
    code = 0
    if not wanted:
        for section in sorted({k.partition("/")[0] for k in conf}):
            call.out("%s {" % section)
            for key, value in conf.items():
                if key.startswith(section + "/"):
                    call.out("\t%s=%s" % (key.partition("/")[2], value))
            call.out("}")
    for key in wanted:
        value = conf.get(key)
        if value is None:
            call.err("  Configuration node %s not found" % key)
            code = FAILED
        else:
            call.out("%s=%s" % (key.rpartition("/")[2], value))
    return code


_RELEASED = {
    "2.02.84": ("2.02.84(2) (2011-02-09)", "1.02.63 (2011-02-09)"),
    "2.02.188": ("2.02.188(2) (2021-05-07)", "1.02.172 (2021-05-07)"),
    "2.03.16": ("2.03.16(2) (2022-05-18)", "1.02.185 (2022-05-18)")}


def version(call):
    """lvm version; generator of the exit code."""
    yield 0.02
    lvm_version, library = _RELEASED.get(call.node.lvm_version,
                                         (call.node.lvm_version + "(2)", "1.02.100"))
    call.out("  LVM version:     %s\n  Library version: %s\n  Driver version:  4.47.0"
             % (lvm_version, library))
    if locking.version(call.node) > (2, 2, 84):
        call.out("  Configuration:   ./configure --prefix=/usr --with-cluster=internal")
    return 0
