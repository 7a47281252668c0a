# SPDX-License-Identifier: GPL-2.0-or-later
"""A hostile place to start an agent in: doubles of its modules everywhere Python might look."""

import os
import stat
import subprocess
import sys

#: Modules that the agents import, sooner or later; "dualstor" itself among them.
SHADOWED = ("os", "sys", "json", "re", "enum", "errno", "time", "select", "signal", "socket", "stat",
            "subprocess", "syslog", "fcntl", "importlib", "traceback", "xml", "encodings", "site",
            "sitecustomize", "usercustomize", "dualstor", "posix", "marshal", "gc")


def prepare(tmp_path):
    """Makes a folder for everybody with a double of each module, also as the user's site packages.

    :returns: the folder, and the file to which a double writes its name when it is run
    """
    mark, folder = tmp_path / "mark", tmp_path / "tmp"
    code = "open(%r, 'a').write(__name__ + '\\n')\n" % str(mark)
    version = "python%d.%d" % sys.version_info[:2]
    for place in (folder, folder / "lib", folder / "lib" / version / "site-packages",
                  folder / ".local" / "lib" / version / "site-packages"):
        place.mkdir(parents=True, exist_ok=True)
        for module in SHADOWED:
            (place / (module + ".py")).write_text(code)
        (place / "trap.pth").write_text("import os; " + code)
    (folder / "startup").write_text(code)
    (folder / "lib" / "dualstor").mkdir()
    (folder / "lib" / "dualstor" / "__init__.py").write_text(code)
    folder.chmod(0o1777)
    assert folder.stat().st_mode & stat.S_IWOTH
    return folder, mark


def variables(folder):
    """The environment of a caller who wants other code to run."""
    names = ("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONPYCACHEPREFIX", "HOME", "TMPDIR", "PATH")
    made = {name: str(folder) for name in names}
    made.update(PYTHONSTARTUP=str(folder / "startup"), PYTHONINSPECT="1", PYTHONBREAKPOINT="os.x",
                PYTHONWARNINGS="error", PYTHONOPTIMIZE="2", PYTHONIOENCODING="utf-16")
    return made


def run(program, *argv, cwd="/", **environ):
    """Runs a program with exactly this environment."""
    return subprocess.run([str(program)] + list(argv), cwd=str(cwd), env=environ, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, check=False)


def check_agent(program, folder, mark):
    """Asserts that an agent runs none of the doubles and says what it says elsewhere."""
    plain = run(program, "meta-data")
    assert plain.returncode == 0 and plain.stdout.startswith("<?xml")
    assert run(program, "meta-data", cwd=folder, **variables(folder)).stdout == plain.stdout
    for action in ("monitor", "validate-all", "nonsense"):
        done = run(program, action, cwd=folder, OCF_RESKEY_vgname="no-such-vg",
                   OCF_RESKEY_drbd_resource="none", **variables(folder))
        assert "Traceback" not in done.stderr and done.stderr.count("ocf-exit-reason:") <= 1
    assert not os.path.exists(str(mark)), mark.read_text()
