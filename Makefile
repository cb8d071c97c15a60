# Two commands for a fresh machine: `make quickstart` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# installed for training on a folder, and for development
QUICK := $(VENV)/.installed-quickstart
INSTALLED := $(VENV)/.installed
RUN ?= runs/quickstart
# about three minutes on two cores
QUICK_STEPS ?= 450
HELD_OUT := examples/held-out/arctic_a0008.flac
GPU := $(shell command -v nvidia-smi 2>/dev/null)

.PHONY: quickstart quickstart-check test lint types suite format wheel clean

quickstart: $(QUICK)
	$(BIN)/wavegan train tiny examples/speech --out $(RUN) training.steps=$(QUICK_STEPS) \
		training.validate_every=$(QUICK_STEPS) training.checkpoint_every=$(QUICK_STEPS)
	$(BIN)/wavegan vocode $(HELD_OUT) --model $(RUN) --out $(RUN)/held-out.wav \
		--picture $(RUN)/held-out.png --quiet --force
	@echo
	@echo "A sentence that was not trained on:"
	@echo "  vocoded   $(RUN)/held-out.wav"
	@echo "  original  $(HELD_OUT)"
	@echo "  picture   $(RUN)/held-out.png"

# a new environment as `make quickstart` makes it, plus transformers: does docs/tts.md's example run there?
quickstart-check: VENV := .venv-quickstart
quickstart-check:
	rm -rf $(VENV)
	$(MAKE) quickstart VENV=$(VENV) RUN=$(VENV)/run QUICK_STEPS=2
	$(VENV)/bin/pip install "transformers>=5" "pytest>=8.3"
	$(VENV)/bin/wavegan doctor install
	$(VENV)/bin/pytest tests/test_tts_guide.py -p no:cacheprovider

test: lint types suite

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)
	$(BIN)/mypy

# a process per core, with one thread each: more threads would wait for each other
suite: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

wheel: $(INSTALLED)
	$(BIN)/pip wheel --no-deps --wheel-dir dist .

# Without a GPU a small CPU build of torch is installed first, if available. The order matters: pip keeps
# a torch that fits. WAVEGAN_TORCH=... names another one to install.
$(QUICK): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	@if [ -n "$$WAVEGAN_TORCH" ]; then \
		$(BIN)/pip install "$$WAVEGAN_TORCH"; \
	elif [ -z "$(GPU)" ]; then \
		$(BIN)/pip install torch==2.13.0 || echo "torch 2.13.0 is not available here; installing the newest that fits"; \
	fi
	$(BIN)/pip install -e ".[train,plot]"
	$(BIN)/wavegan doctor install
	@touch $@

$(INSTALLED): $(QUICK)
	$(BIN)/pip install -e ".[dev]"
	# their dependencies conflict with ours: numpy 1.23, a copy of `typing`,
	# a torchaudio that does not load
	$(BIN)/pip install --no-deps aisfx Resemblyzer distillmos xls-r-sqa
	$(BIN)/wavegan doctor install
	@touch $@

clean:
	rm -rf $(VENV) .venv-quickstart dist build .mypy_cache .ruff_cache .pytest_cache
