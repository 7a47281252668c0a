# SPDX-License-Identifier: GPL-2.0-or-later
# What one does with the tree; `make help` lists it.

VENV   ?= .venv
PYTHON ?= python3
RUN     = $(VENV)/bin/python

# Where it is installed. What the cluster manager starts lies where it looks, whatever the PREFIX.
PREFIX   ?= /usr
OCFROOT   = /usr/lib/ocf
LIBRARY   = $(OCFROOT)/lib/dualstor
METADATA  = /usr/share/dualstor/metadata
SBINDIR  ?= $(PREFIX)/sbin
MANDIR   ?= $(PREFIX)/share/man
DOCDIR   ?= $(PREFIX)/share/doc/dualstor
BASHCOMP ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMP  ?= $(PREFIX)/share/zsh/site-functions
FISHCOMP ?= $(PREFIX)/share/fish/vendor_completions.d
TMPFILES  = /usr/lib/tmpfiles.d
INSTALL   = install -p

.PHONY: help venv metadata docs unit test coverage faults demo down clean install install-doc uninstall dist rpm rpmlint deb

help:           ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

venv: $(VENV)/ready

$(VENV)/ready: setup.cfg tools/make-venv
	PYTHON=$(PYTHON) tools/make-venv $(VENV)
	@touch $@

metadata: venv  ## write metadata/*.xml from the declared parameters
	PYTHONPATH=lib $(RUN) -m dualstor.metadata metadata

docs: venv      ## write the manual and docs/findings.md from the command's source
	PYTHONPATH=lib $(RUN) -m dualstor.command.pages docs

unit: venv      ## the tests that need no lab
	$(RUN) -m pytest

test: venv      ## everything: unit, property, contract, conformance, lab
	lab/lab build
	$(RUN) -m pytest --lab --durations=10

coverage: venv  ## branch coverage of lib/ by the tests that need no lab
	$(RUN) -m coverage run -m pytest -q
	$(RUN) -m coverage report

faults:         ## every fault scenario in the lab, our agents beside the stock ones; table and pictures in faults/
	lab/lab faults

demo:           ## two machines, both Primary, one volume group active on both
	lab/lab demo

down:           ## end the lab that demo left up
	lab/lab down

install:        ## command, library, agents, metadata, manuals: DESTDIR= PREFIX=/usr PYTHON=python3
	cd lib/dualstor && find . -name '*.py' -exec $(INSTALL) -D -m 644 {} '$(DESTDIR)$(LIBRARY)/{}' \; && \
	    find . -path '*/data/*' -type f -exec $(INSTALL) -D -m 644 {} '$(DESTDIR)$(LIBRARY)/{}' \;
	$(PYTHON) -I tools/byte-compile '$(DESTDIR)$(LIBRARY)' '$(LIBRARY)'
	$(INSTALL) -d '$(DESTDIR)$(OCFROOT)/resource.d/dualstor' '$(DESTDIR)$(METADATA)' '$(DESTDIR)$(SBINDIR)' \
	    '$(DESTDIR)$(MANDIR)/man7' '$(DESTDIR)$(MANDIR)/man8' '$(DESTDIR)$(TMPFILES)'
	$(INSTALL) -m 755 ocf/* '$(DESTDIR)$(OCFROOT)/resource.d/dualstor'
	$(INSTALL) -m 644 metadata/*.xml '$(DESTDIR)$(METADATA)'
	$(INSTALL) -m 755 bin/dualstor '$(DESTDIR)$(SBINDIR)'
	$(INSTALL) -m 644 docs/man/*.7 '$(DESTDIR)$(MANDIR)/man7'
	$(INSTALL) -m 644 docs/man/*.8 '$(DESTDIR)$(MANDIR)/man8'
	$(INSTALL) -m 644 packaging/tmpfiles.conf '$(DESTDIR)$(TMPFILES)/dualstor.conf'
	$(INSTALL) -D -m 644 packaging/completion/dualstor.bash '$(DESTDIR)$(BASHCOMP)/dualstor'
	$(INSTALL) -D -m 644 packaging/completion/dualstor.zsh '$(DESTDIR)$(ZSHCOMP)/_dualstor'
	$(INSTALL) -D -m 644 packaging/completion/dualstor.fish '$(DESTDIR)$(FISHCOMP)/dualstor.fish'

install-doc:    ## the documents: DESTDIR= PREFIX=/usr DOCDIR=
	find README.md CHANGELOG.md SECURITY.md docs -type f ! -path 'docs/man/*' \
	    -exec $(INSTALL) -D -m 644 {} '$(DESTDIR)$(DOCDIR)/{}' \;

uninstall:      ## what install and install-doc put there, with the same DESTDIR and PREFIX
	rm -rf '$(DESTDIR)$(LIBRARY)' '$(DESTDIR)$(OCFROOT)/resource.d/dualstor' '$(DESTDIR)$(dir $(METADATA))' '$(DESTDIR)$(DOCDIR)'
	rm -f '$(DESTDIR)$(SBINDIR)/dualstor' '$(DESTDIR)$(TMPFILES)/dualstor.conf' '$(DESTDIR)$(BASHCOMP)/dualstor' \
	    '$(DESTDIR)$(ZSHCOMP)/_dualstor' '$(DESTDIR)$(FISHCOMP)/dualstor.fish' \
	    $(patsubst docs/man/%.7,'$(DESTDIR)$(MANDIR)/man7/%.7',$(wildcard docs/man/*.7)) \
	    $(patsubst docs/man/%.8,'$(DESTDIR)$(MANDIR)/man8/%.8',$(wildcard docs/man/*.8))

dist:           ## the source archive: dist/dualstor-VERSION.tar.gz
	tools/make-dist dist

rpm: dist       ## source and binary RPMs in dist/, by rpmbuild; RPMFLAGS='--without check' leaves the tests out
	tools/make-rpm dist $(RPMFLAGS)

rpmlint: rpm    ## what rpmlint says of the spec and the RPMs, but for rpm/rpmlint.toml
	rpmlint --config rpm/rpmlint.toml rpm/dualstor.spec dist/*.rpm

deb: dist       ## Debian packages in dist/, by debhelper
	tools/make-deb dist

clean:          ## remove what was made here (not the lab's cached image)
	rm -rf $(VENV) build dist .pytest_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
