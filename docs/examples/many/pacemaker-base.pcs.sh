#!/bin/sh
set -e
umask 077
pcs cluster cib dualstor-before.xml
cp dualstor-before.xml dualstor-after.xml
pcs -f dualstor-after.xml property set stonith-enabled=true no-quorum-policy=freeze
pcs -f dualstor-after.xml stonith create fence-node1 fence_ipmilan ip=10.0.9.1 username=fence password=secret lanplus=true pcmk_host_list=node1 pcmk_delay_base=5s op monitor interval=60s timeout=20s
pcs -f dualstor-after.xml stonith create fence-node2 fence_ipmilan ip=10.0.9.2 username=fence password=secret lanplus=true pcmk_host_list=node2 pcmk_delay_base=0s op monitor interval=60s timeout=20s
pcs -f dualstor-after.xml constraint location fence-node1 avoids node1
pcs -f dualstor-after.xml constraint location fence-node2 avoids node2
pcs -f dualstor-after.xml resource create r0 ocf:dualstor:drbd-dualprimary drbd_resource=r0 op start interval=0s timeout=120s op promote interval=0s timeout=90s op demote interval=0s timeout=90s op stop interval=0s timeout=100s op monitor interval=20s timeout=30s role=Promoted op monitor interval=31s timeout=30s role=Unpromoted op notify interval=0s timeout=60s op reload-agent interval=0s timeout=20s
pcs -f dualstor-after.xml resource promotable r0 meta interleave=true notify=true promoted-max=2 clone-max=2
pcs -f dualstor-after.xml resource create r1 ocf:dualstor:drbd-dualprimary drbd_resource=r1 op start interval=0s timeout=120s op promote interval=0s timeout=90s op demote interval=0s timeout=90s op stop interval=0s timeout=100s op monitor interval=20s timeout=30s role=Promoted op monitor interval=31s timeout=30s role=Unpromoted op notify interval=0s timeout=60s op reload-agent interval=0s timeout=20s
pcs -f dualstor-after.xml resource promotable r1 meta interleave=true notify=true promoted-max=2 clone-max=2
pcs -f dualstor-after.xml resource create archive ocf:dualstor:drbd-dualprimary drbd_resource=archive op start interval=0s timeout=120s op promote interval=0s timeout=90s op demote interval=0s timeout=90s op stop interval=0s timeout=100s op monitor interval=20s timeout=30s role=Promoted op monitor interval=31s timeout=30s role=Unpromoted op notify interval=0s timeout=60s op reload-agent interval=0s timeout=20s
pcs -f dualstor-after.xml resource promotable archive meta interleave=true notify=true promoted-max=2 clone-max=2
pcs -f dualstor-after.xml resource create dlm ocf:pacemaker:controld op start interval=0s timeout=90s op stop interval=0s timeout=100s op monitor interval=30s timeout=60s on-fail=fence
pcs -f dualstor-after.xml resource create lvm-lock-daemon ocf:dualstor:clvmd op start interval=0s timeout=90s op stop interval=0s timeout=90s op monitor interval=30s timeout=20s op reload-agent interval=0s timeout=60s
pcs -f dualstor-after.xml resource group add locking dlm lvm-lock-daemon
pcs -f dualstor-after.xml resource clone locking meta interleave=true
pcs cluster cib-push dualstor-after.xml diff-against=dualstor-before.xml
