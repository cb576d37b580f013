# make figures   set up, train the digits trials, draw every figure
# make notebooks set up, open the notebooks in JupyterLab
# make docs      set up, build docs/_build/html from the pages and the docstrings
# make test      set up, lint, check types, run the tests

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: figures notebooks docs test test-slow lint clean

figures: $(READY)
	$(BIN)/python -m analysis figures

notebooks: $(READY)
	$(BIN)/jupyter lab notebooks/start_here.ipynb

docs: $(READY)
	$(BIN)/python -m sphinx -q -W --keep-going -b html -d docs/_build/doctrees docs docs/_build/html

# Several tests at once: they are many and small. The slow ones measure times, and run in turn.
test: lint
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist worksteal

test-slow: $(READY)
	$(BIN)/python -m pytest -m slow

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Not compiled in advance: that takes longer than compiling what is used when it is first used.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check --no-compile --quiet -c constraints.txt -e ".[dev]"
	touch $(READY)

clean:
	rm -rf .venv data/cache
