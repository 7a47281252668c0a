# SPDX-License-Identifier: GPL-2.0-or-later
# What one does with the tree; `make help` lists it.

VENV   ?= .venv
PYTHON ?= python3
RUN     = $(VENV)/bin/python

SEQUENCES ?= 100000
SEED      ?= 1
JOBS      ?= 1
TESTS     ?=

.PHONY: help venv docs unit soak test lab-long coverage bench bench-parsers bench-lab bench-losses faults demo down clean pythons

help:           ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

venv: $(VENV)/ready

$(VENV)/ready: setup.cfg tools/make-venv tools/install-field-tools
	PYTHON=$(PYTHON) tools/make-venv $(VENV)
	tools/install-field-tools
	@touch $@

docs: venv      ## write metadata, manuals, completion and the generated documents from the source
	PYTHONPATH=lib $(RUN) -m dualstor.command.documents.pages .

unit: venv      ## the tests that need no lab
	$(RUN) -m pytest --durations=10

soak: venv      ## the model test for long: SEQUENCES=100000 SEED=1 JOBS=1
	$(RUN) tests/model/soak.py --sequences $(SEQUENCES) --seed $(SEED) --jobs $(JOBS)

test: venv      ## everything: the lab's tests, and beside them unit, property, contract, conformance
	$(RUN) -m pytest --lab --beside --durations=25

lab-long: venv  ## the lab's tests that take minutes each; writes docs/lab-long.md. TESTS='-k moving' chooses
	$(RUN) -m pytest --long $(TESTS)

pythons:        ## the tests of lib/ under every Python on this machine, from 3.6 on
	tools/test-pythons

coverage: venv  ## branch coverage of lib/ by the tests that need no lab
	$(RUN) -m coverage run -m pytest -q
	$(RUN) -m coverage report

faults:         ## every fault scenario in the lab, our agents beside the stock ones; table and pictures in faults/
	lab/lab faults

bench: venv     ## what a monitor costs, on this host; writes docs/bench
	$(RUN) -m bench host

bench-parsers: venv ## what reading long answers costs, parser by parser; writes docs/bench
	$(RUN) -m bench parsers

bench-lab: venv ## the same in the lab beside the stock agents, and whole operations of both
	$(RUN) -m bench lab-monitors --rounds 12
	$(RUN) -m bench lab-operations dualstor
	$(RUN) -m bench lab-operations stock

bench-losses: venv ## stall and deaths after losses, full load, eight resources; hours in the lab, continued if interrupted
	$(RUN) -m bench lab-stall
	$(RUN) -m bench lab-deaths
	$(RUN) -m bench lab-load
	$(RUN) -m bench lab-eight
	$(RUN) -m bench lab-eight stock

demo:           ## two machines, both Primary, one volume group active on both
	lab/lab demo

down:           ## end the lab that demo left up
	lab/lab down

clean:          ## remove what was made here (not the lab's cached image)
	rm -rf $(VENV) build dist .pytest_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

include packaging/package.mk
