# Two commands for a fresh machine: `make quickstart` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
RUN ?= runs/quickstart
# about three minutes on two cores
QUICK_STEPS ?= 450
HELD_OUT := examples/held-out/arctic_a0008.flac

.PHONY: quickstart test lint types suite format wheel clean

quickstart: $(INSTALLED)
	$(BIN)/wavegan train $(if $(wildcard $(RUN)/checkpoints/0*),--resume $(RUN),tiny \
		examples/speech --out $(RUN)) training.steps=$(QUICK_STEPS) \
		training.validate_every=$(QUICK_STEPS) training.checkpoint_every=$(QUICK_STEPS)
	$(BIN)/wavegan vocode $(HELD_OUT) --model $(RUN) --out $(RUN)/held-out.wav \
		--picture $(RUN)/held-out.png --quiet --force
	@echo
	@echo "A sentence that was not trained on:"
	@echo "  vocoded   $(RUN)/held-out.wav"
	@echo "  original  $(HELD_OUT)"
	@echo "  picture   $(RUN)/held-out.png"

test: lint types suite

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)
	$(BIN)/mypy

suite: $(INSTALLED)
	$(BIN)/pytest

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

wheel: $(INSTALLED)
	$(BIN)/pip wheel --no-deps --wheel-dir dist .

# A machine without a GPU gets a small CPU build of torch first where one is to be had; the order
# matters, as a torch that fits is not replaced. WAVEGAN_TORCH=... names another one to install.
$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	@if [ -n "$$WAVEGAN_TORCH" ]; then \
		$(BIN)/pip install "$$WAVEGAN_TORCH"; \
	elif ! command -v nvidia-smi >/dev/null 2>&1; then \
		$(BIN)/pip install torch==2.13.0 || echo "no torch 2.13.0 here; the newest that fits will do"; \
	fi
	$(BIN)/pip install -e ".[dev]"
	# their lists of dependencies cannot be met beside ours: numpy 1.23, a copy of `typing`
	$(BIN)/pip install --no-deps aisfx Resemblyzer
	@touch $@

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache
