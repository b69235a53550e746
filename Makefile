# Every command a reader or an author needs. Each sets up .venv first, once, and again when the pins change.

PYTHON ?= python3
PORT   ?= 8000
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

export NO_MKDOCS_2_WARNING := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Or every Python that starts would compile all of torch anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help serve site test update mutants thorough addresses canary bench reproduce

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

serve: $(READY) ## run the pages that changed and serve the site on http://127.0.0.1:8000; PORT=... for another port
	@$(BIN)/python -c 'import socket; socket.create_server(("127.0.0.1", $(PORT))).close()' 2>/dev/null || \
	  { echo "port $(PORT) is taken, perhaps by this site; name another: make serve PORT=8001"; exit 1; }
	@echo "Serving on http://127.0.0.1:$(PORT) once the pages have run; stop with Ctrl-C."
	$(BIN)/mkdocs serve -a 127.0.0.1:$(PORT)

site: $(READY) ## run the pages that changed and build the site into site/
	$(BIN)/mkdocs build --strict

test: $(READY) ## build the site, which runs every page, then run the tests
	$(BIN)/python tests/browser/chromium.py & $(BIN)/mkdocs build --strict
	$(BIN)/python -m pytest -n 2

update: $(READY) ## rewrite the outputs that pages show where the code now prints something else; PAGE=... for one
	$(BIN)/python -m pytest -q --pagecode-update $(or $(PAGE),docs)

mutants: $(READY) ## run each page against wrong versions of its code; some minutes
	$(BIN)/python -m pytest -m slow tests/mutants

thorough: site ## what make test leaves out: also the programs that longer ones go through, every word
	$(BIN)/python -m pytest -n 2 -m slow tests/browser

addresses: site ## add the addresses of new pages and files to addresses.toml
	$(BIN)/python -m pagecode.publish.addresses

canary: site ## build the same site with ProperDocs, and compare the two
	$(BIN)/python -m pytest tests/site/test_canary.py

bench: $(READY) ## measure side by side with nanoGPT, some 30 minutes, into results/bench/; NANOGPT=... a checkout of it
	@test -n "$(NANOGPT)" || { echo "name a checkout of nanoGPT: make bench NANOGPT=../nanoGPT"; exit 1; }
	$(BIN)/python -m benchmarks $(NANOGPT)
	$(BIN)/python -m benchmarks.parity $(NANOGPT)

reproduce: $(READY) ## train every stage again on tiny Shakespeare, three seeds each, into results/
	$(BIN)/lower-triangle reproduce

# hatchling and editables come first, so that the package itself is built with pinned tools. Python compiles what it
# imports; pip would compile all that there is.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11, 5))' || \
	  { echo "$(PYTHON) is older than Python 3.11.5; name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing into $(VENV), once: from 200 MB to 2.7 GB and some minutes, by the torch that pip finds (see README)."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile -c constraints.txt hatchling editables
	$(BIN)/python -m pip install --quiet --no-compile -c constraints.txt --no-build-isolation -e ".[dev]"
	@touch $@
