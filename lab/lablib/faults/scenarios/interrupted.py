# SPDX-License-Identifier: GPL-2.0-or-later
"""An agent killed with SIGKILL in the middle of each of its actions, at several points: the next stop and start succeed.

By turns the agent alone, as the kernel's memory killer does it, and its process group, as Pacemaker's executor does when
an action's timeout expires.
"""
import json

from ... import cib
from ..scenario import BACK, NOBODY, scenario

_POINTS = 4

# In the guest: runs an agent, whole or killed after a while, in the environment that Pacemaker gives.
_DRIVER = b"""
import json, os, signal, subprocess, sys, time
plan = json.loads(sys.argv[1])
environment = dict(os.environ, OCF_ROOT="/usr/lib/ocf", OCF_RA_VERSION_MAJOR="1", OCF_RA_VERSION_MINOR="1", **plan["environment"])
def run(action, kill_after=None, group=False):
    variables = dict(environment, OCF_RESKEY_CRM_meta_timeout="90000", OCF_RESKEY_CRM_meta_interval="10000")
    began = time.monotonic()
    child = subprocess.Popen([plan["agent"], action], env=variables, stdin=subprocess.DEVNULL, start_new_session=True,
                             stdout=subprocess.DEVNULL, stderr=open("/run/driver.err", "w"))
    try:
        code = child.wait(kill_after if kill_after is not None else 120)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL) if group else child.kill()
        code = child.wait()
    return code, time.monotonic() - began
def must(action, *allowed):
    code, seconds = run(action)
    if code not in allowed:
        print(json.dumps({"after": now, "action": action, "code": code, "says": open("/run/driver.err").read()[-300:]}))
    return seconds
killed = 0
for action, before, after in plan["actions"]:
    now = "nothing"
    for step in before:
        must(step, 0)
    code, whole = run(action)
    for step in after:
        must(step, 0)
    for point in range(plan["points"]):
        for step in before:
            must(step, 0)
        code, _ = run(action, whole * (point + 0.5) / plan["points"], group=point % 2)
        killed += code == -9
        now = "%s killed at point %d of %d" % (action, point + 1, plan["points"])
        must("stop", 0)
        must("start", 0)
        for step in plan["up"]:
            must(step, 0)
print(json.dumps({"killed": killed}))
"""


def _plan(agent, environment, actions, up):
    standard, provider, name = agent.spec.split(":")
    variables = {
        "OCF_RESOURCE_INSTANCE": agent.name,
        "OCF_RESOURCE_TYPE": name,
        "OCF_RESOURCE_PROVIDER": provider,
        "OCF_RESKEY_crm_feature_set": "3.16.1",
        **{f"OCF_RESKEY_{key}": value for key, value in agent.parameters.items()},
        **{f"OCF_RESKEY_CRM_meta_{key}": value for key, value in environment.items()},
    }
    path = f"/usr/lib/{standard}/resource.d/{provider}/{name}"
    return {"agent": path, "environment": variables, "actions": actions, "up": up, "points": _POINTS}


def _interrupt(stage, agent, environment, actions, up=()):
    """Kills each action of an agent at several points; after each, stop and start must succeed."""
    result = stage.two.run(["python3", "-", json.dumps(_plan(agent, environment, actions, up))], 600, _DRIVER)
    told = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    killed = sum(each.get("killed", 0) for each in told)
    wrong = [each for each in told if "killed" not in each]
    stage.check(f"{agent.spec} was killed in the middle of its actions", killed, result.stdout + result.stderr)
    stage.check(f"after each kill of {agent.spec} the next stop and start succeed", not wrong, wrong[:3])
    stage.mark(f"{agent.spec} was killed {killed} times")


@scenario("agents-killed", "each agent is killed, or its timeout expires, in the middle of each of its actions",
          fencing=NOBODY, stall=20, writers=("node1",))  # fmt: skip
def agents_killed(stage):
    """Manually on node2 from the top of the stack to its bottom, while the cluster is in maintenance mode."""
    stage.mark("maintenance mode; the agents of node2 are run by hand")
    stage.property("maintenance-mode", "true")
    stage.two.ok("sleep 3; /usr/lib/ocf/resource.d/lab/witness stop")
    clone = {"clone": "0", "clone_max": "2", "clone_node_max": "1", "on_node": "node2", "notify": "true"}
    promotable = {**clone, "promoted_max": "2", "promoted_node_max": "1", "master_max": "2", "master_node_max": "1"}
    plain = (("monitor", (), ()), ("stop", (), ("start",)), ("start", ("stop",), ()))
    vg, daemon, drbd = stage.agents.vg, stage.agents.locking[1], stage.agents.drbd
    _interrupt(stage, vg, clone, plain)
    if stage.agents is cib.DUALSTOR:
        _watcher_ends(stage, vg)
    stage.two.ok(_by_hand(vg, "stop"), 120)
    _interrupt(stage, daemon, clone, plain)
    roles = (("demote", (), ("promote",)), ("promote", ("demote",), ()), ("stop", ("demote",), ("start", "promote")),
             ("start", ("demote", "stop"), ("promote",)))  # fmt: skip
    _interrupt(stage, drbd, promotable, roles, up=("promote",))
    stage.two.ok(_by_hand(vg, "start"), 120)
    stage.two.run("OCF_RESKEY_path=/dev/vg0/lv0 /usr/lib/ocf/resource.d/lab/witness start", 30)
    stage.mark("maintenance mode ends")
    stage.property("maintenance-mode", "false")
    stage.refresh()
    stage.whole(BACK)


def _watcher(stage):
    """Returns the process id of node2's watcher, "" when there is none; its rounds are younger."""
    return stage.two.run(f"pgrep -o -f '[c]lustered-vg watch {cib.VG}'").stdout.strip()


def _watcher_ends(stage, vg):
    """Kills the VG's watcher, then stops one: a monitor is not concerned, and starts another one."""
    for name in ("KILL", "STOP"):
        before = _watcher(stage)
        stage.two.ok(f"kill -{name} {before}")
        result = stage.two.run(_by_hand(vg, "monitor"), 120)
        stage.check(f"a monitor succeeds after SIG{name} to the watcher", result.rc == 0, result.stdout + result.stderr)
        now = _watcher(stage)
        stage.check("it has started another watcher", now and now != before, f"{before!r}, then {now!r}")
    stage.mark("the watcher was killed, and stopped")


def _by_hand(agent, action):
    """Returns a shell command that runs an action of an agent by hand."""
    standard, provider, name = agent.spec.split(":")
    words = [f"OCF_RESKEY_{key}={value}" for key, value in agent.parameters.items()]
    words += ["OCF_ROOT=/usr/lib/ocf", f"OCF_RESOURCE_INSTANCE={agent.name}", "OCF_RESKEY_CRM_meta_timeout=90000"]
    if action == "monitor":
        words.append("OCF_RESKEY_CRM_meta_interval=10000")  # without one it is a probe
    return " ".join([*words, f"/usr/lib/{standard}/resource.d/{provider}/{name}", action])


