# SPDX-License-Identifier: GPL-2.0-or-later
# Installing and packaging; the spec and debian/rules call install.

# Where it is installed. What the cluster manager starts lies where it looks, whatever the PREFIX.
PREFIX   ?= /usr
OCFROOT   = /usr/lib/ocf
LIBRARY   = $(OCFROOT)/lib/dualstor
METADATA  = /usr/share/dualstor/metadata
HANDLERS  = /usr/lib/drbd
ALERTS    = /usr/share/pacemaker/alerts
SBINDIR  ?= $(PREFIX)/sbin
MANDIR   ?= $(PREFIX)/share/man
DOCDIR   ?= $(PREFIX)/share/doc/dualstor
ROLES    ?= $(PREFIX)/share/ansible/roles
BASHCOMP ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMP  ?= $(PREFIX)/share/zsh/site-functions
FISHCOMP ?= $(PREFIX)/share/fish/vendor_completions.d
TMPFILES  = /usr/lib/tmpfiles.d
UNITS     = /usr/lib/systemd/system
SELINUX   = /usr/share/selinux/packages/targeted
INSTALL   = install -p


.PHONY: install install-doc install-selinux uninstall dist rpm rpmlint deb

# Byte code is for the Python that runs the agents, whichever runs the tests. It is valid by the time of its
# source: with SOURCE_DATE_EPOCH set it would go by a hash, for which every start reads every source.
install: PYTHON = /usr/bin/python3
install:        ## command, library, agents, handler, alert agent, metadata, manuals: DESTDIR= PREFIX=/usr
	cd lib/dualstor && find . -name '*.py' -exec $(INSTALL) -D -m 644 {} '$(DESTDIR)$(LIBRARY)/{}' \; && \
	    find . -path '*/data/*' -type f -exec $(INSTALL) -D -m 644 {} '$(DESTDIR)$(LIBRARY)/{}' \;
	env -u SOURCE_DATE_EPOCH PYTHONHASHSEED=0 $(PYTHON) -sS -m compileall -q -f -d '$(LIBRARY)' '$(DESTDIR)$(LIBRARY)' >&2
	$(INSTALL) -d '$(DESTDIR)$(OCFROOT)/resource.d/dualstor' '$(DESTDIR)$(HANDLERS)' '$(DESTDIR)$(ALERTS)' '$(DESTDIR)$(METADATA)' '$(DESTDIR)$(SBINDIR)' \
	    '$(DESTDIR)$(MANDIR)/man7' '$(DESTDIR)$(MANDIR)/man8' '$(DESTDIR)$(TMPFILES)'
	$(INSTALL) -m 755 ocf/* '$(DESTDIR)$(OCFROOT)/resource.d/dualstor'
	$(INSTALL) -m 755 drbd/* '$(DESTDIR)$(HANDLERS)'
	$(INSTALL) -m 755 alerts/* '$(DESTDIR)$(ALERTS)'
	$(INSTALL) -m 644 metadata/*.xml '$(DESTDIR)$(METADATA)'
	$(INSTALL) -m 755 bin/dualstor '$(DESTDIR)$(SBINDIR)'
	$(INSTALL) -m 644 docs/man/*.7 '$(DESTDIR)$(MANDIR)/man7'
	$(INSTALL) -m 644 docs/man/*.8 '$(DESTDIR)$(MANDIR)/man8'
	$(INSTALL) -m 644 packaging/tmpfiles.conf '$(DESTDIR)$(TMPFILES)/dualstor.conf'
	$(INSTALL) -m 644 packaging/tmpfiles-alert.conf '$(DESTDIR)$(TMPFILES)/dualstor-alert.conf'
	$(INSTALL) -D -m 644 packaging/systemd/pacemaker.conf '$(DESTDIR)$(UNITS)/pacemaker.service.d/dualstor.conf'
	$(INSTALL) -D -m 644 packaging/completion/dualstor.bash '$(DESTDIR)$(BASHCOMP)/dualstor'
	$(INSTALL) -D -m 644 packaging/completion/dualstor.zsh '$(DESTDIR)$(ZSHCOMP)/_dualstor'
	$(INSTALL) -D -m 644 packaging/completion/dualstor.fish '$(DESTDIR)$(FISHCOMP)/dualstor.fish'

install-doc:    ## the documents, and the Ansible role: DESTDIR= PREFIX=/usr DOCDIR=
	find README.md CHANGELOG.md SECURITY.md docs -type f -size +0 ! -path 'docs/man/*' \
	    -exec $(INSTALL) -D -m 644 {} '$(DESTDIR)$(DOCDIR)/{}' \;
	$(INSTALL) -D -m 644 packaging/sos/dualstor.py '$(DESTDIR)$(DOCDIR)/sos/dualstor.py'
	find ansible -maxdepth 1 -type f -exec $(INSTALL) -D -m 644 {} '$(DESTDIR)$(DOCDIR)/{}' \;
	cd ansible/roles && find dualstor -type f -exec $(INSTALL) -D -m 644 {} '$(DESTDIR)$(ROLES)/{}' \;

# In raw policy language, so it needs no sources of a policy; semodule takes it as it is or compressed.
build/selinux/dualstor.pp: packaging/selinux/dualstor.te packaging/selinux/dualstor.fc
	tools/need "checkmodule semodule_package" "checkpolicy semodule-utils" "checkpolicy policycoreutils"
	mkdir -p build/selinux
	checkmodule -M -m -o build/selinux/dualstor.mod packaging/selinux/dualstor.te
	semodule_package -o $@ -m build/selinux/dualstor.mod -f packaging/selinux/dualstor.fc

install-selinux: build/selinux/dualstor.pp
install-selinux: ## the SELinux module of the handler, to be loaded with semodule -i: DESTDIR=
	$(INSTALL) -D -m 644 $< '$(DESTDIR)$(SELINUX)/dualstor.pp'

uninstall:      ## what install and install-doc put there, with the same DESTDIR and PREFIX
	/usr/bin/python3 -IBS lib/dualstor/fencepeer/named.py '$(DESTDIR)/'
	rm -rf '$(DESTDIR)$(ROLES)/dualstor' '$(DESTDIR)$(LIBRARY)' '$(DESTDIR)$(OCFROOT)/resource.d/dualstor' '$(DESTDIR)$(dir $(METADATA))' '$(DESTDIR)$(DOCDIR)'
	rm -f '$(DESTDIR)$(SELINUX)/dualstor.pp' $(patsubst drbd/%,'$(DESTDIR)$(HANDLERS)/%',$(wildcard drbd/*)) $(patsubst alerts/%,'$(DESTDIR)$(ALERTS)/%',$(wildcard alerts/*)) \
	    '$(DESTDIR)$(UNITS)/pacemaker.service.d/dualstor.conf' '$(DESTDIR)$(SBINDIR)/dualstor' '$(DESTDIR)$(TMPFILES)/dualstor.conf' '$(DESTDIR)$(TMPFILES)/dualstor-alert.conf' '$(DESTDIR)$(BASHCOMP)/dualstor' \
	    '$(DESTDIR)$(ZSHCOMP)/_dualstor' '$(DESTDIR)$(FISHCOMP)/dualstor.fish' \
	    $(patsubst docs/man/%.7,'$(DESTDIR)$(MANDIR)/man7/%.7',$(wildcard docs/man/*.7)) \
	    $(patsubst docs/man/%.8,'$(DESTDIR)$(MANDIR)/man8/%.8',$(wildcard docs/man/*.8))

dist:           ## the source archive: dist/dualstor-VERSION.tar.gz
	tools/make-dist dist

rpm: $(if $(findstring without check,$(RPMFLAGS)),,venv) dist
rpm:            ## source and binary RPMs in dist/, by rpmbuild; RPMFLAGS='--without check' leaves the tests out
	tools/make-rpm dist $(RPMFLAGS)

rpmlint: rpm    ## what rpmlint says of the spec and the RPMs, but for rpm/rpmlint.toml
	tools/need rpmlint rpmlint rpmlint
	rpmlint --config rpm/rpmlint.toml rpm/dualstor.spec dist/*.rpm

deb: dist       ## Debian packages in dist/, by debhelper
	tools/make-deb dist
