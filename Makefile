# make lab    open the course in JupyterLab, in your own copies of the lessons (my-lessons/)
# make test   run every test
# Both set up all they need in .venv from Python 3.11 or later, and reuse it while pyproject.toml is unchanged.

VENV := .venv/bin/python
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$python; break; fi; done)
SET_UP = @test -n "$(PYTHON)" || { echo "tlteach needs Python 3.11 or later; none was found. \
	Install one, or say where it is: make $@ PYTHON=/path/to/python3"; exit 1; }; $(PYTHON) tools/set_up.py

.PHONY: help lab test build validate
help:
	@sed -n 's/^# //p' Makefile

lab:
	$(SET_UP)
	@$(VENV) -m tlteach lab $(LAB)

test:
	$(SET_UP) test
	OMP_NUM_THREADS=1 $(VENV) -m pytest $(TESTS)

# make build     write the notebooks from their sources (instructors)
build:
	$(SET_UP) instructor
	@$(VENV) -m tlteach build $(LESSONS)

# make validate  run the notebooks and check their sources (instructors)
validate:
	$(SET_UP) instructor
	@$(VENV) -m tlteach validate $(LESSONS)
