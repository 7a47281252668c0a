# SPDX-License-Identifier: GPL-2.0-or-later
"""Alerts: good ones are left alone, other agents, too."""

import pytest

from .spoilt import ALERT, _alert


@pytest.mark.parametrize("path, recipients", [
    (ALERT, ()), (ALERT, ("root", "ops@example.org")),
    ("/usr/share/pacemaker/alerts/alert_file.sh.sample", ("/var/log/alerts",))])
def test_a_good_alert_and_anothers_are_left_alone(good, path, recipients):
    assert not _alert(path, *recipients)(good("corosync")).ids()


def test_no_sendmail_is_needed_without_a_recipient(good):
    pair = _alert(ALERT)(good("corosync")).kind("/usr/sbin/sendmail", "").kind(
        "/usr/bin/sendmail", "")
    assert not pair.ids()


def test_in_a_copied_configuration_it_is_not_known_what_is_installed(good):
    pair = _alert(ALERT)(good("corosync"))
    for path in (ALERT, "/usr/sbin", "/proc/self"):
        pair.kind(path, "")
    assert "PCMK-ALERT-AGENT" in {each.rule.id for each in pair.verdict().unseen}
