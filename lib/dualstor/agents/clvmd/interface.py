# SPDX-License-Identifier: GPL-2.0-or-later
"""What clvmd looks like to the cluster manager and to an administrator."""

from dualstor.ocf import parameters
from dualstor.ocf.parameters import Action, Interface, Parameter

_WORD_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+_.:-")
_WORD_LIMIT = 64


def is_word(text: str) -> bool:
    """Whether *text* is one short word that means nothing to any program."""
    return 0 < len(text) <= _WORD_LIMIT and set(text) <= _WORD_LETTERS and text[0] != "-"


class Parameters(parameters.Parameters):
    """Their values, typed as INTERFACE declares them."""

    daemon: str
    cluster_engine: str
    daemon_options: "str | None"
    with_cmirrord: bool
    on_reload: str
    configuration_revision: "str | None"
    daemon_timeout: "int | None"


INTERFACE = Interface(
    name="clvmd",
    shortdesc="Runs the daemon that locks LVM across the cluster: lvmlockd or clvmd",
    longdesc="""\
Runs the daemon with which LVM on all nodes agrees on who may change or activate a volume group:
lvmlockd with LVM 2.03, clvmd with LVM 2.02.

Run it as a clone with interleave=true, ordered after the clone of dlm (ocf:pacemaker:controld;
with cman, dlm is started by cman itself) and before the clones of clustered-vg, and colocated
with them.

The start waits for quorum, for dlm and for fencing that is pending, and says which of them it
waits for. It refuses to start while lvm.conf does not ask for cluster locks, and names the line
to change. The stop refuses while logical volumes of cluster volume groups are active on its
node: without the daemon their locks are lost and another node could take them.""",
    parameters=(
        Parameter(
            name="daemon", type="select", options=("auto", "clvmd", "lvmlockd"), default="auto",
            shortdesc="Which daemon is run",
            longdesc="Which daemon is run. auto: the one that runs already, else lvmlockd with "
                     "LVM 2.03 and later, clvmd with LVM 2.02."),
        Parameter(
            name="cluster_engine", type="select",
            options=("auto", "cman", "corosync", "singlenode"), default="auto",
            shortdesc="The cluster engine that clvmd talks to",
            longdesc="The cluster engine that clvmd talks to (its option -I). auto: clvmd finds "
                     "it. singlenode: no cluster at all, for tests on one machine; neither quorum "
                     "nor dlm is waited for. lvmlockd takes no notice of it."),
        Parameter(
            name="daemon_options",
            shortdesc="Further options for the daemon",
            longdesc="Further options for the daemon, for what it logs: \"-d0\" or \"-d2\" for "
                     "clvmd, \"-S\" with err, warning or debug for lvmlockd. Others are refused: "
                     "they could take the daemon out of the sight of this agent."),
        Parameter(
            name="with_cmirrord", type="boolean", default=False,
            shortdesc="Whether the daemon for the logs of cluster mirrors is run too",
            longdesc="Whether cmirrord, the daemon for the logs of cluster mirrors, is run along "
                     "with clvmd: started before it, watched, and stopped after it. lvmlockd takes "
                     "no notice of it."),
        Parameter(
            name="on_reload", type="select", options=("refresh", "restart"), default="refresh",
            reloadable=True,
            shortdesc="What a reload does to clvmd",
            longdesc="What a reload does to clvmd. refresh: clvmd reads lvm.conf and the list of "
                     "devices again on all nodes (its option -R). restart: clvmd is replaced by "
                     "the program that is on disk now and keeps its exclusive locks (its option "
                     "-S), for use after an update of LVM; it runs without daemon_timeout from "
                     "then on, and before LVM 2.02.89, where locks were lost, it is only "
                     "refreshed. lvmlockd takes no notice of it."),
        Parameter(
            name="configuration_revision", reloadable=True, pattern=is_word,
            shortdesc="Any word: when it changes, the daemon is reloaded",
            longdesc="Any word, e.g. a date. When it changes, the cluster manager reloads this "
                     "resource on every node: change it after lvm.conf was changed, and see "
                     "on_reload."),
        Parameter(
            name="daemon_timeout", type="integer", minimum=1, maximum=3600,
            shortdesc="Seconds that clvmd waits for the answers of other nodes",
            longdesc="Seconds that clvmd waits for the answers of other nodes (its option -t). "
                     "Unset: clvmd's own default. lvmlockd takes no notice of it."),
    ),
    actions=(
        Action("start", timeout=90),
        Action("stop", timeout=90),
        Action("monitor", timeout=20, interval=30, depth=0),
        Action("monitor", timeout=30, interval=120, depth=10),
        Action("validate-all", timeout=20, depth=0),
        Action("validate-all", timeout=30, depth=10),
        Action("reload-agent", timeout=60),
        Action("meta-data", timeout=5),
    ),
    check_levels=(0, 10), only_one=True,
    clone=(("interleave", "true"),),
    values=Parameters)
