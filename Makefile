# Two commands do everything from a fresh clone: `make train` and `make test`. `make bench`,
# `make bench-segmentation`, `make bench-labelling`, `make bench-finetuning` and `make bench-writing` measure, `make experiments` compares,
# `make dashboard` shows.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
ARGS ?=
# Tests run side by side, those of a file in one process; each has one thread, so that they do not wait for each other.
PYTEST := OMP_NUM_THREADS=1 $(RUN)/python -m pytest -n auto --maxprocesses 8 --dist loadfile

.PHONY: help install train test test-quick check dashboard screenshots bench bench-segmentation bench-labelling bench-finetuning bench-writing docs experiments studies clean

help:  ## list what make can do; so does make alone
	@grep -hE '^[a-z-]+:.*  ## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:.*  ## /\t/' | expand -t 22

install: $(VENV)/.installed  ## create .venv and install everything into it

train: $(VENV)/.installed  ## install, and train the default model on the embedded digits
	$(RUN)/python train.py $(ARGS)

test: $(VENV)/.installed-dev check  ## install, check the style and the types, run all tests
	$(PYTEST) $(ARGS)

test-quick: $(VENV)/.installed-dev  ## the tests that take seconds
	$(PYTEST) -m "not slow" $(ARGS)

check: $(VENV)/.installed-dev  ## ruff and mypy
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy

dashboard: $(VENV)/.installed-dashboard  ## runs, sweeps and data in the browser
	$(RUN)/handwriting dashboard $(ARGS)

screenshots: $(VENV)/.installed-dev  ## pictures of all pages of the dashboard, by Chromium: about eight minutes
	$(RUN)/python -m tests.dashboard.screenshots $(ARGS)

bench: $(VENV)/.installed-bench  ## how fast it is compared with plain PyTorch and pythae: an hour on an idle machine
	$(RUN)/python -m benchmarks speed $(ARGS)

bench-segmentation: $(VENV)/.installed  ## how well and how fast pages are segmented, compared with the common recipe: some minutes
	$(RUN)/python -m benchmarks segmentation $(ARGS)

bench-labelling: $(VENV)/.installed  ## how right labels are, and how little a person is asked for them; needs ARGS="root=<real data>": half an hour
	$(RUN)/python -m benchmarks labelling $(ARGS)

bench-finetuning: $(VENV)/.installed  ## what a model of other hands gives to one trained on few glyphs of a hand; needs ARGS="root=<real data>": some minutes
	$(RUN)/python -m benchmarks finetuning $(ARGS)

bench-writing: $(VENV)/.installed  ## how well written words pass for real ones; needs ARGS="root=<real data> out=<folder>": some minutes
	$(RUN)/python -m benchmarks writing $(ARGS)

docs: $(VENV)/.installed-docs  ## build the site into docs/_build/html
	$(RUN)/python -m sphinx -b html -W --keep-going -q docs docs/_build/html
	@echo docs/_build/html/index.html

experiments: $(VENV)/.installed  ## train and evaluate the experiments, and write experiments/README.md: at most two hours
	$(RUN)/handwriting experiments $(ARGS)

studies: experiments  # the earlier name

clean:  ## remove what was installed; runs and data stay
	rm -rf $(VENV)

# uv installs in seconds what takes pip a minute; it reads the folder of local wheels from a variable of its own.
define install
	@if command -v uv >/dev/null; then \
		[ -d $(VENV) ] || uv venv -q --python $(PYTHON) $(VENV); \
		UV_FIND_LINKS="$${UV_FIND_LINKS:-$$PIP_FIND_LINKS}" uv pip install -q --python $(RUN)/python -e "$(1)" -c constraints.txt; \
	else \
		[ -d $(VENV) ] || $(PYTHON) -m venv $(VENV); \
		$(RUN)/python -m pip install -q --disable-pip-version-check -e "$(1)" -c constraints.txt; \
	fi
	@touch $@
endef

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	@echo "Installing into $(VENV) (about a minute, 1.5 GB) ..."
	$(call install,.)

$(VENV)/.installed-dev: $(VENV)/.installed
	$(call install,.[dev])

$(VENV)/.installed-dashboard: $(VENV)/.installed
	$(call install,.[dashboard])

$(VENV)/.installed-docs: $(VENV)/.installed
	$(call install,.[docs])

$(VENV)/.installed-bench: $(VENV)/.installed
	$(call install,.[bench])
