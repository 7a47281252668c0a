# SPDX-License-Identifier: GPL-2.0-or-later
"""Observations of a host with a lock daemon: healthy ones, and any that hypothesis can think of."""

from hypothesis import strategies as st

from dualstor.action.steps import Done, Request
from dualstor.agents.clvmd import decide as module
from dualstor.agents.clvmd import deeds, interface, reasons, seen
from dualstor.agents.lvmversion import LvmVersion
from dualstor.kernel.locksocket import Sockets
from dualstor.kernel.process import Process
from dualstor.tools.quorum import Quorum
from facts import Facts, deciding

decide = deciding(seen.Case, module.decide, deeds)

GOOD = Quorum(engine="corosync", running=True, quorate=True, says="2 of 2 votes")
BLOCKED = GOOD.but(quorate=False, says="Activity blocked")
FENCING = reasons.FENCING(daemon="lock daemon", peer="node2 (id 2)")
LVMLOCKD = Process(pid=100, start_time=5000, program="lvmlockd", state="S")
CLVMD = Process(pid=200, start_time=6000, program="clvmd", state="S")
CMIRRORD = Process(pid=300, start_time=5900, program="cmirrord", state="S")
LVMETAD = Process(pid=400, start_time=100, program="lvmetad", state="S")


def parameters(**changes):
    values = {p.name: p.default for p in interface.INTERFACE.parameters}
    values.update(changes)
    return interface.Parameters(values)


def request(action, **changes):
    return Request(action=action, resource="clvmd:0", **changes)


def facts(history=(), elapsed=0.0, **changes):
    """A node with lvmlockd in good health, and *changes* to it."""
    values = dict(
        processes=(LVMLOCKD,), lockspaces=("lvm_global", "lvm_vg0"), recovering=(),
        remembered=LVMLOCKD, active=(), sockets=Sockets(accepting=("lvmlockd", "clvmd")),
        remaining=80.0, quorum=GOOD, dlm=seen.Dlm(ready=True), fence_domain=None, answer=None,
        version=LvmVersion(number=(2, 3, 16)),
        settings=seen.Settings(use_lvmlockd="1", locking_type=None),
        installed=("lvmlockd",), configured=True, exclusive=frozenset(), mirror_logs=(),
        metadata_cache=(), configuration="", held_back=())
    values.update(changes)
    return Facts(history=history, elapsed=elapsed, **values)


def stopped(**changes):
    """A node on which no lock daemon runs."""
    return facts(**dict(dict(processes=(), lockspaces=(), remembered=None,
                             sockets=Sockets()), **changes))


def old(**changes):
    """A node with clvmd in good health, LVM 2.02.188 and cman."""
    return facts(**dict(dict(processes=(CLVMD,), lockspaces=("clvmd",), remembered=CLVMD,
                             quorum=GOOD.but(engine="cman"), **OLD), **changes))


OLD = dict(version=LvmVersion(number=(2, 2, 188)),
           settings=seen.Settings(use_lvmlockd="0", locking_type="3", fallback="0",
                                  use_lvmetad="0"))

_words = st.sampled_from(("", "it said so"))
_processes = st.lists(st.builds(
    Process, pid=st.integers(2, 5), start_time=st.integers(1, 3), threads=st.integers(1, 2),
    program=st.sampled_from(seen.PROGRAMS), state=st.sampled_from("SRDZT")), max_size=2).map(tuple)
_locks = st.sampled_from((None, frozenset(), frozenset(("uuid",))))
_attempts = st.builds(seen.Attempt, code=st.sampled_from((None, 0, 1, 3, 5)), says=_words,
                      missing=st.booleans(), peer=st.sampled_from((None, "node2")),
                      exclusive=_locks)
_done = st.one_of(
    st.builds(Done, deed=st.sampled_from(("launch", "stop_lockspaces", "refresh",
                                          "launch_mirror_log")),
              args=st.just(()), outcome=_attempts, at=st.floats(0, 60)),
    st.builds(Done, deed=st.just("restart"), args=st.tuples(st.integers(2, 5)),
              outcome=_attempts, at=st.floats(0, 60)),
    st.builds(Done, deed=st.just("signal"), outcome=st.none(), at=st.floats(0, 60),
              args=st.tuples(st.integers(2, 5), st.integers(1, 3), st.sampled_from((2, 9, 15)))),
    st.builds(Done, deed=st.sampled_from(("forget", "remember", "warn")), args=st.just(()),
              outcome=st.none(), at=st.floats(0, 60)))
_spaces = st.lists(st.sampled_from(("lvm_global", "lvm_vg0", "clvmd", "gfs")),
                   unique=True, max_size=3).map(tuple)
_setting = st.sampled_from((None, "0", "1", "3"))

_facets = dict(
    processes=_processes, lockspaces=_spaces, recovering=_spaces,
    remembered=st.one_of(st.none(), st.just(LVMLOCKD)),
    active=st.lists(st.builds(seen.ActiveVolume, vg=st.sampled_from(("vg0", "root")),
                             lv=st.just("a"),
                              on_drbd=st.booleans()), max_size=2).map(tuple),
    sockets=st.builds(Sockets, says=_words, accepting=st.lists(
        st.sampled_from(seen.PROGRAMS), unique=True).map(tuple),
        busy=st.sampled_from(((), ("clvmd",)))),
    remaining=st.floats(0, 100),
    quorum=st.builds(Quorum, engine=st.sampled_from((None, "cman", "corosync")),
                     running=st.booleans(), quorate=st.sampled_from((None, True, False)),
                     says=_words),
    dlm=st.builds(seen.Dlm, ready=st.booleans(), pending=st.sampled_from((None, "quorum"))),
    fence_domain=st.sampled_from((None, FENCING)),
    answer=st.sampled_from((None, "lvmlockctl --info: hung")),
    version=st.builds(LvmVersion, missing=st.booleans(), says=_words,
                      number=st.sampled_from((None, (2, 2, 84), (2, 3, 16)))),
    settings=st.builds(seen.Settings, _setting, _setting, _setting, _setting),
    installed=st.lists(st.sampled_from(seen.PROGRAMS), unique=True).map(tuple),
    configured=st.booleans(), exclusive=_locks, configuration=_words,
    mirror_logs=st.sampled_from(((), (CMIRRORD.but(pid=6),))),
    metadata_cache=st.sampled_from(((), (LVMETAD,))),
    held_back=st.sampled_from(((), ("drbd0",))))


@st.composite
def situations(draw, action=None):
    """Any request, parameters and facts, as (request, parameters, facts)."""
    action = action or draw(st.sampled_from(("start", "stop", "monitor", "validate-all",
                                             "reload-agent")))
    values = parameters(
        daemon=draw(st.sampled_from(("auto",) + seen.PROGRAMS)),
        cluster_engine=draw(st.sampled_from(("auto", "cman", "corosync", "singlenode"))),
        daemon_options=draw(st.sampled_from((None, "-d0", "-f"))),
        daemon_timeout=draw(st.sampled_from((None, 30))), with_cmirrord=draw(st.booleans()),
        on_reload=draw(st.sampled_from(("refresh", "restart"))))
    asked = request(action, probe=action == "monitor" and draw(st.booleans()),
                    level=draw(st.sampled_from((0, 10))))
    history = sorted(draw(st.lists(_done, max_size=3)), key=lambda d: d.at)
    elapsed = (history[-1].at if history else 0.0) + draw(st.floats(0, 30))
    return asked, values, Facts(history=history, elapsed=elapsed,
                                **{n: draw(s) for n, s in _facets.items()})
