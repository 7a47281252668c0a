# Finishes the root file system; run by mmdebstrap with the root in $1 and LAB_MODULES in the environment.
set -eu
root=$1

# The stock kernel is only unpacked: its package would bring initramfs-tools and build an initrd nobody boots.
# It is one package, or from forky on several, all with the kernel's release in their names.
package=$(chroot "$root" apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9][^ ]*\).*/\1/p' | head -n 1)
release=${package#linux-image-}
parts=$(chroot "$root" apt-cache depends "$package" | sed -n "s/.*Depends: \(linux-[a-z]*-$release\)\$/\1/p")
mkdir -p "$root/tmp/kernel"
chroot "$root" sh -c "cd /tmp/kernel && apt-get -qq -o APT::Sandbox::User=root download $package $(echo $parts)"
for part in "$root"/tmp/kernel/*.deb; do dpkg-deb -x "$part" "$root/tmp/kernel/tree"; done
tree=$root/tmp/kernel/tree
modules=$tree/lib/modules/$release
[ -d "$modules" ] || modules=$tree/usr/lib/modules/$release
mkdir -p "$root/usr/lib/modules"
mv "$modules" "$root/usr/lib/modules/"
modules=$root/usr/lib/modules/$release
for file in vmlinuz config; do
    if [ -e "$modules/$file" ]; then mv "$modules/$file" "$root/boot/$file"; else cp "$tree/boot/$file-$release" "$root/boot/$file"; fi
done
rm -rf "$root/tmp/kernel" "$modules/System.map"

# Keep the modules that are listed, and their index; what is compressed is unpacked for insmod of the first stage.
find "$modules/kernel" -name '*.ko*' | while read -r file; do
    name=$(basename "$file")
    case " $LAB_MODULES " in *" ${name%%.ko*} "*) ;; *) rm "$file"; continue ;; esac
    case $name in *.xz) xz -d "$file" ;; esac
done
find "$modules/kernel" -type d -empty -delete
chroot "$root" depmod "$release"

# The disk for what a machine keeps over a reboot: mounted at /state, bound over these folders by the guest's rc.
for folder in var/lib/pacemaker var/lib/corosync var/lib/drbd var/log; do
    mkdir -p "$root/$folder" "$root/tmp/state/$(dirname $folder)"
    cp -a "$root/$folder" "$root/tmp/state/$folder"
done
mkdir -p "$root/tmp/state/var/log/corosync" "$root/tmp/state/var/log/dlm_controld" "$root/state"
chroot "$root" mke2fs -q -t ext4 -L state -m 0 -E lazy_itable_init=1,lazy_journal_init=1 -J size=4 -d /tmp/state /boot/state.ext4 64M
rm -rf "$root/tmp/state" "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin
