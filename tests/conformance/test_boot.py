# SPDX-License-Identifier: GPL-2.0-or-later
"""The drop-in for pacemaker.service, validated by systemd: no circle, and no line that it does not know."""

import os
import shutil
import subprocess

from sourcetree import TREE

DROP_IN = os.path.join(TREE, "packaging", "systemd", "pacemaker.conf")

#: Units of others, with what orders them (drbd-utils 9.28, LVM 2.03, dlm 4).
OTHERS = {
    "drbd.service": "After=network-online.target\nBefore=pacemaker.service\n",
    "drbd-graceful-down.service": "DefaultDependencies=no\nBefore=shutdown.target drbd.service "
                                  "resource-agents-deps.target blk-availability.service\nConflicts=shutdown.target\n",
    "drbd-graceful-disconnect.service": "BindsTo=network-online.target\nAfter=network-online.target\n"
                                        "Before=drbd.service resource-agents-deps.target\n",
    "blk-availability.service": "DefaultDependencies=no\nBefore=shutdown.target\nConflicts=shutdown.target\n",
    "dlm.service": "Requires=corosync.service\nAfter=corosync.service\n",
    "lvmlockd.service": "",
    "lvmlocks.service": "After=lvmlockd.service dlm.service\n",
}


def test_systemd_takes_it_and_finds_no_circle(tmp_path):
    (tmp_path / "pacemaker.service.d").mkdir()
    shutil.copy(DROP_IN, str(tmp_path / "pacemaker.service.d" / "dualstor.conf"))
    for name, lines in OTHERS.items():
        (tmp_path / name).write_text(f"[Unit]\n{lines}[Service]\nType=oneshot\nRemainAfterExit=yes\n"
                                     "ExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n")
    (tmp_path / "multi-user.target.wants").mkdir()
    for name in (*OTHERS, "pacemaker.service"):
        os.symlink(f"../{name}", str(tmp_path / "multi-user.target.wants" / name))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "pacemaker.service", "multi-user.target", *OTHERS],
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:/lib/systemd/system", "PATH": os.environ["PATH"],
             "SYSTEMD_LOG_LEVEL": "warning", "LC_ALL": "C"},
        capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines()
            if "pacemaker" in line or "cycle" in line or str(tmp_path) in line]
    assert said == [] and done.returncode == 0, done.stderr
