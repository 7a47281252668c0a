#!/bin/sh
set -e
umask 077
pcs cluster cib dualstor-before.xml
cp dualstor-before.xml dualstor-after.xml
pcs -f dualstor-after.xml resource create vg0 ocf:dualstor:clustered-vg vgname=vg0 op start interval=0s timeout=90s op stop interval=0s timeout=90s op monitor interval=20s timeout=30s op reload-agent interval=0s timeout=20s
pcs -f dualstor-after.xml resource clone vg0 meta interleave=true
pcs -f dualstor-after.xml resource create vg1 ocf:dualstor:clustered-vg vgname=vg1 op start interval=0s timeout=90s op stop interval=0s timeout=90s op monitor interval=20s timeout=30s op reload-agent interval=0s timeout=20s
pcs -f dualstor-after.xml resource clone vg1 meta interleave=true
pcs -f dualstor-after.xml constraint order promote r0-clone then start vg0-clone kind=Mandatory id=vg0-after-r0
pcs -f dualstor-after.xml constraint order promote r1-clone then start vg0-clone kind=Mandatory id=vg0-after-r1
pcs -f dualstor-after.xml constraint order start locking-clone then start vg0-clone kind=Mandatory id=vg0-after-locking
pcs -f dualstor-after.xml constraint order promote archive-clone then start vg1-clone kind=Mandatory id=vg1-after-archive
pcs -f dualstor-after.xml constraint order start locking-clone then start vg1-clone kind=Mandatory id=vg1-after-locking
pcs -f dualstor-after.xml constraint colocation add vg0-clone with Promoted r0-clone score=INFINITY id=vg0-with-r0
pcs -f dualstor-after.xml constraint colocation add vg0-clone with Promoted r1-clone score=INFINITY id=vg0-with-r1
pcs -f dualstor-after.xml constraint colocation add vg0-clone with locking-clone score=INFINITY id=vg0-with-locking
pcs -f dualstor-after.xml constraint colocation add vg1-clone with Promoted archive-clone score=INFINITY id=vg1-with-archive
pcs -f dualstor-after.xml constraint colocation add vg1-clone with locking-clone score=INFINITY id=vg1-with-locking
pcs cluster cib-push dualstor-after.xml diff-against=dualstor-before.xml
