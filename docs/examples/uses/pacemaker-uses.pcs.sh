#!/bin/sh
set -e
umask 077
pcs cluster cib dualstor-before.xml
cp dualstor-before.xml dualstor-after.xml
pcs -f dualstor-after.xml resource create files ocf:heartbeat:Filesystem device=/dev/vg0/files directory=/srv/files fstype=gfs2 options=noatime op start interval=0s timeout=120s op stop interval=0s timeout=60s op monitor interval=20s timeout=40s
pcs -f dualstor-after.xml resource clone files meta interleave=true
pcs -f dualstor-after.xml resource create mail-lv ocf:heartbeat:LVM-activate vgname=vg0 lvname=mail vg_access_mode=lvmlockd activation_mode=exclusive op start interval=0s timeout=90s op stop interval=0s timeout=90s op monitor interval=30s timeout=90s meta resource-stickiness=100
pcs -f dualstor-after.xml resource create mail-fs ocf:heartbeat:Filesystem device=/dev/vg0/mail directory=/var/mail fstype=xfs options=noatime op start interval=0s timeout=60s op stop interval=0s timeout=60s op monitor interval=20s timeout=40s meta resource-stickiness=100
pcs -f dualstor-after.xml resource group add mail mail-lv mail-fs
pcs -f dualstor-after.xml resource create web ocf:heartbeat:VirtualDomain config=/etc/pacemaker/web.xml hypervisor=qemu:///system migration_transport=ssh op start interval=0s timeout=120s op stop interval=0s timeout=180s op monitor interval=30s timeout=30s op migrate_to interval=0s timeout=600s op migrate_from interval=0s timeout=120s meta allow-migrate=true resource-stickiness=100
pcs -f dualstor-after.xml constraint order start vg0-clone then start files-clone kind=Mandatory id=files-after-vg0
pcs -f dualstor-after.xml constraint order start vg0-clone then start mail kind=Mandatory id=mail-after-vg0
pcs -f dualstor-after.xml constraint order start vg0-clone then start web kind=Mandatory id=web-after-vg0
pcs -f dualstor-after.xml constraint colocation add files-clone with vg0-clone score=INFINITY id=files-with-vg0
pcs -f dualstor-after.xml constraint colocation add mail with vg0-clone score=INFINITY id=mail-with-vg0
pcs -f dualstor-after.xml constraint colocation add web with vg0-clone score=INFINITY id=web-with-vg0
pcs cluster cib-push dualstor-after.xml diff-against=dualstor-before.xml
