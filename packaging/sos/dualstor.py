# SPDX-License-Identifier: GPL-2.0-or-later
"""Plugin of sos for dualstor; it belongs into sos/report/plugins of Python's site-packages."""

from sos.report.plugins import IndependentPlugin, Plugin


class Dualstor(Plugin, IndependentPlugin):
    """The archive of `dualstor report`: the state of the pair, configuration and log lines, with
    secrets taken out. It takes no LVM lock.
    """

    short_desc = "Clustered LVM on dual-primary DRBD (dualstor)"

    plugin_name = "dualstor"
    profiles = ("cluster", "storage")
    packages = ("dualstor",)
    commands = ("dualstor",)

    def setup(self):
        self.add_cmd_output("dualstor report --output -", binary=True, timeout=120,
                            suggest_filename="dualstor-report.tar.gz")
