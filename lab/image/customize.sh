# Finishes the root file system; run by mmdebstrap with the root in $1 and LAB_MODULES in the environment.
set -eu
root=$1

# The stock kernel is only unpacked: its package would bring initramfs-tools and build an initrd nobody boots.
package=$(chroot "$root" apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9][^ ]*\).*/\1/p' | head -n 1)
mkdir -p "$root/tmp/kernel"
chroot "$root" sh -c "cd /tmp/kernel && apt-get -qq -o APT::Sandbox::User=root download $package"
dpkg-deb -x "$root"/tmp/kernel/*.deb "$root/tmp/kernel/tree"
release=$(ls "$root/tmp/kernel/tree/lib/modules")
mkdir -p "$root/usr/lib/modules"
mv "$root/tmp/kernel/tree/lib/modules/$release" "$root/usr/lib/modules/"
cp "$root/tmp/kernel/tree/boot/vmlinuz-$release" "$root/boot/vmlinuz"
cp "$root/tmp/kernel/tree/boot/config-$release" "$root/boot/config"
rm -rf "$root/tmp/kernel"

# Keep the modules that are listed, and their index.
find "$root/usr/lib/modules/$release/kernel" -name '*.ko' | while read -r file; do
    name=$(basename "$file" .ko)
    case " $LAB_MODULES " in *" $name "*) ;; *) rm "$file" ;; esac
done
find "$root/usr/lib/modules/$release/kernel" -type d -empty -delete
chroot "$root" depmod "$release"

# The disk for what a machine keeps over a reboot: mounted at /state, bound over these folders by the guest's rc.
for folder in var/lib/pacemaker var/lib/corosync var/lib/drbd var/log; do
    mkdir -p "$root/$folder" "$root/tmp/state/$(dirname $folder)"
    cp -a "$root/$folder" "$root/tmp/state/$folder"
done
mkdir -p "$root/tmp/state/var/log/corosync" "$root/tmp/state/var/log/dlm_controld" "$root/state"
chroot "$root" mke2fs -q -t ext4 -L state -m 0 -E lazy_itable_init=1,lazy_journal_init=1 -J size=4 -d /tmp/state /boot/state.ext4 64M
rm -rf "$root/tmp/state" "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin
