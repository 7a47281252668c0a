# SPDX-License-Identifier: GPL-2.0-or-later
# What one does with the tree; `make help` lists it.

VENV   ?= .venv
PYTHON ?= python3
RUN     = $(VENV)/bin/python

.PHONY: help venv metadata docs unit test coverage demo down clean

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

demo:           ## two machines, both Primary, one volume group active on both
	lab/lab demo

down:           ## end the lab that demo left up
	lab/lab down

clean:          ## remove what was made here (not the lab's cached image)
	rm -rf $(VENV) build dist .pytest_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
