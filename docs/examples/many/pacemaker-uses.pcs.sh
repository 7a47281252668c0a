#!/bin/sh
set -e
umask 077
pcs cluster cib dualstor-before.xml
cp dualstor-before.xml dualstor-after.xml
pcs -f dualstor-after.xml resource create files ocf:heartbeat:Filesystem device=/dev/vg0/files directory=/srv/files fstype=gfs2 options=noatime op start interval=0s timeout=120s op stop interval=0s timeout=60s op monitor interval=20s timeout=40s
pcs -f dualstor-after.xml resource clone files meta interleave=true
pcs -f dualstor-after.xml constraint order start vg0-clone then start files-clone kind=Mandatory id=files-after-vg0
pcs -f dualstor-after.xml constraint colocation add files-clone with vg0-clone score=INFINITY id=files-with-vg0
pcs cluster cib-push dualstor-after.xml diff-against=dualstor-before.xml
