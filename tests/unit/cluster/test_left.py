# SPDX-License-Identifier: GPL-2.0-or-later
"""What is left in the CIB of a past move, ban or fencing by DRBD's handler; dlm's way to fence."""

import pytest

from dualstor.tools import cib, constraints, dlmstonith
from dualstor.tools.constraints import LeftOver

CIB = """<cib><configuration><resources>
  <clone id="drbd-clone"><primitive id="drbd" class="ocf" provider="dualstor" type="drbd-dualprimary"/></clone>
  <clone id="c"><group id="locking"><primitive id="clvmd" provider="dualstor" type="clvmd"/></group></clone>
  <primitive id="vm1" provider="heartbeat" type="VirtualDomain"/>
</resources><constraints>%s</constraints></configuration></cib>"""

RULE = '<rsc_location rsc="drbd-clone" id="drbd-fence-by-handler-r0-drbd-clone">' \
    '<rule role="Promoted" score="-INFINITY" id="x"><expression attribute="#uname" operation="ne" ' \
    'value="node1" id="y"/></rule></rsc_location>'


@pytest.mark.parametrize("element, found", [
    ('<rsc_location id="cli-ban-drbd-clone-on-node2" rsc="drbd-clone" node="node2" score="-INFINITY"/>',
     LeftOver(id="cli-ban-drbd-clone-on-node2", resource="drbd-clone", node="node2")),
    ('<rsc_location id="cli-prefer-locking" rsc="locking" node="node1" score="INFINITY"/>',
     LeftOver(id="cli-prefer-locking", resource="locking", node="node1", away=False)),
    ('<rsc_location id="cli-standby-clvmd" rsc="clvmd"><rule score="-INFINITY" id="r"/></rsc_location>',
     LeftOver(id="cli-standby-clvmd", resource="clvmd")),
    (RULE, LeftOver(id="drbd-fence-by-handler-r0-drbd-clone", resource="drbd-clone", handler=True)),
    ('<rsc_location id="cli-prefer-vm1" rsc="vm1" node="node1" score="INFINITY"/>', None),
    ('<rsc_location id="location-drbd" rsc="drbd-clone" node="node1" score="INFINITY"/>', None),
    ('<rsc_location id="cli-ban-drbd" rsc="drbd"><rule score="-INFINITY"><date_expression id="d"/></rule>'
     '</rsc_location>', None)])
def test_what_is_left(element, found):
    assert constraints.left(cib.parse(CIB % element)) == ((found,) if found else ())


KNOWN = "\tlibstonithd.so.56 (libc6,x86-64) => /usr/lib/x86_64-linux-gnu/libstonithd.so.56\n"


@pytest.mark.parametrize("wanted, lacking", [
    ("libstonithd.so.26\nlibstonithd.so.26\n",
     (("libstonithd.so.26", "/usr/lib/x86_64-linux-gnu/libstonithd.so.26"),)),
    ("libstonithd.so.56\n", ()), ("", ())])
def test_the_library_that_dlm_stonith_opens(wanted, lacking):
    assert dlmstonith.parse(wanted, KNOWN) == dlmstonith.Libraries(
        there=("libstonithd.so.56",), lacking=lacking)
    assert dlmstonith.parse(wanted, "") == dlmstonith.Libraries()
