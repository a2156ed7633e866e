# `make run` and `make test` set themselves up; `make help` lists the rest.
PYTHON ?= python3
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

TOOLS := .tools
VENV := .venv/bin
UV := $(TOOLS)/uv/bin/uv
SAM := $(TOOLS)/sam/bin/sam
SCANNERS := $(TOOLS)/scanners/bin
NODE := $(TOOLS)/node/node_modules/.bin
# One file of tests goes to one worker: what it sets up for all its tests is set up once. In the order in which they are
# asked for: files with few tests that take long come first, so that no worker waits for the other at the end.
WORKERS := -n 2 --dist loadfile --no-loadscope-reorder

CLIENTS = $(VENV)/.ready $(TOOLS)/clients/.ready $(TOOLS)/clients-node/.ready

# uv does not read pip's settings; where pip has another index, uv gets the same one.
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif
export UV_LINK_MODE := copy
export SAM_CLI_TELEMETRY := 0
export REDOCLY_TELEMETRY := off
export REDOCLY_SUPPRESS_UPDATE_NOTICE := true

.PHONY: help run import test watch beside agreement reset redrive restore smoke story mock generate lint lint-more types check scan breaking release fuzz unit peers mutation bench clients clients-check e2e validate build deploy api-url protect drift build-name deployed-build remove lock clean setup format web-client collection

help: ## Say what can be made
	@grep -hE '^[a-z0-9-]+:.*##' Makefile | sed -E 's/^([a-z0-9-]+):[^#]*## */  make \1|/' | column -t -s '|'

## Running it

run: $(VENV)/.ready $(TOOLS)/emulator/.ready $(TOOLS)/lambda/.ready build-local ## The whole system on an embedded AWS, with demo data
	@exec $(VENV)/python -m local.run

import: $(VENV)/.ready .build/python-client/.ready ## Bring the broker's file F into what `make run` runs, once you have seen what it would do: ZONE=America/New_York, ARGS="--yes"
	@$(VENV)/python -m local.command import $(if $(F),"$(F)") $(if $(ZONE),--zone "$(ZONE)") $(ARGS)

# The package of the Python client, without the Node that the other one needs.
.build/python-client/.ready: $(TOOLS)/clients/.ready openapi/openapi.yaml $(wildcard openapi/clients/*.py openapi/clients/command/*.py) | $(VENV)/.ready
	@echo "Making the Python client ..."
	@rm -rf $(@D)
	@$(VENV)/python -m openapi.clients $(@D) python-sources
	@touch $@

reset: $(VENV)/.ready ## Forget the data of `make run`
	@$(VENV)/python -m local.reset

redrive: $(VENV)/.ready ## Empty the statistics' dead-letter queues: rebuild the statistics of the users named in them; STACK=its-name for one on AWS
	@STACK="$(STACK)" $(VENV)/python -m ops.redrive

restore: $(VENV)/.ready ## Bring trades back from the restored table FROM; REPLACE=yes, USERS="sub ...", STACK=its-name
	@STACK="$(STACK)" FROM="$(FROM)" REPLACE="$(REPLACE)" USERS="$(USERS)" $(VENV)/python -m ops.restore

smoke: $(VENV)/.ready ## Ask every route of a deployed API, changing nothing: API=https://host/v1 or STACK=its-name, ORIGIN=https://app
	@API="$(API)" STACK="$(STACK)" ORIGIN="$(ORIGIN)" $(VENV)/python -m ops.smoke

story: $(VENV)/.ready ## What a trader does, told to a deployed API: STACK=its-name, or what `make run` runs
	@STACK="$(STACK)" API="$(API)" $(VENV)/python -m ops.story

collection: $(VENV)/.ready ## dist/trading-journal.postman_collection.json: every operation with its examples, for Postman and Bruno
	@$(VENV)/python -m openapi.docs_page.collection dist/trading-journal.postman_collection.json

mock: $(VENV)/.ready $(TOOLS)/mock/.ready ## The contract's examples at MOCK_PORT (4010), for front ends that start before the back end does
	@MOCK_PORT="$(MOCK_PORT)" $(VENV)/python -m openapi.mock

## Proving it

test: ## Everything: lint, types, scanners, contract, unit, API, storage, template and end-to-end tests
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target setup build-local
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target WORKERS= beside
	@$(MAKE) --no-print-directory unit $(if $(wildcard openapi/released/*.yaml),breaking)

# The end-to-end tests take longest and wait much; what runs beside them takes the processor that they leave. All is set
# up before: else make would come back to the first of these only after it has begun the last.
beside: e2e agreement lint types scan validate

lint: $(VENV)/.ready $(TOOLS)/node/.ready ## The contract (Redocly, Spectral), the code (ruff), who imports whom (import-linter)
	$(VENV)/ruff check
	$(VENV)/ruff format --check
	$(VENV)/lint-imports --no-logo
	PATH="$(CURDIR)/$(TOOLS)/nodejs/bin:$$PATH" $(NODE)/redocly lint --config openapi/redocly.yaml openapi/openapi.yaml
	PATH="$(CURDIR)/$(TOOLS)/nodejs/bin:$$PATH" $(NODE)/spectral lint --ruleset openapi/.spectral.yaml --fail-severity=hint openapi/openapi.yaml

# Rulesets look for what they extend beside themselves.
lint-more: $(TOOLS)/lint-more/.ready ## The contract by the rules of other houses (Zalando, OWASP, IBM); a minute, not a part of make test
	cp openapi/lint/*.yaml $(TOOLS)/lint-more
	for house in zalando owasp ibm; do PATH="$(CURDIR)/$(TOOLS)/nodejs/bin:$$PATH" \
		$(TOOLS)/lint-more/node_modules/.bin/spectral lint --ruleset $(TOOLS)/lint-more/$$house.yaml --fail-severity=warn openapi/openapi.yaml; done

types: $(VENV)/.ready ## mypy, strict
	$(VENV)/mypy

check: scan agreement ## Scanners; generated files are current; contract, handlers and template agree

agreement: $(VENV)/.ready $(TOOLS)/sam/.ready $(TOOLS)/checkov/.ready
	$(VENV)/python -m openapi.generate --check
	$(VENV)/python -m docs.diagram --check
	$(VENV)/pytest $(WORKERS) tests/contract tests/template

# Actions of AWS, names and prose that look like values of secrets to a scanner.
WORDS := ^forgot_password$$|^TRADING_JOURNAL_PASSWORD$$|^(Create|Delete|Describe|Get|Tag|Untag|Update)(Secret|SecretValue|RandomPassword|Resource)\b|^(PageToken|Guard)Secret-[*]$$|^_reset_code$$|^password$$|^short$$|^an account has none|^the client has no secret$$
# These, and passwords, tokens, a PNG and SHA-256 hashes of examples and tests. Whatever else looks like a secret fails,
# or says on its line why it is none.
MADE_UP := (Breakout|Pullback|Demo-Journal|Wrong-password)-[0-9]|^(9f86d081884c7d65|e3b0c44298fc1c14)[0-9a-f]+$$|^a+$$|^(get|put)_item$$|^a1b2c3d4e5$$|^eyJhbGciOiJSUzI1NiJ9[.]eyJ0b2tlbl91c2Ui|^(89504e47|0000000a49444154)[0-9a-f]+$$|$(WORDS)

scan: $(TOOLS)/scanners/.ready $(TOOLS)/checkov/.ready ## Unsafe code (bandit), secrets (detect-secrets, gitleaks), mistakes in templates (checkov, cfn-lint-serverless) and workflows (check-jsonschema, zizmor); offline
	$(SCANNERS)/bandit --quiet --configfile pyproject.toml --recursive building handlers local ops openapi docs benchmarks
	git ls-files -z | xargs -0 $(SCANNERS)/detect-secrets-hook --exclude-files '^(requirements|generated|[.]github)/' --exclude-secrets '$(MADE_UP)'
	$(SCANNERS)/gitleaks git --no-banner --redact --log-level warn
	$(SCANNERS)/check-jsonschema --quiet --builtin-schema vendor.github-workflows $(wildcard .github/workflows/*.yaml)
	$(SCANNERS)/zizmor --offline --quiet --config .github/zizmor.yaml .github/workflows
	$(TOOLS)/checkov/bin/cfn-lint --append-rules cfn_lint_serverless.rules -- template.yaml $(wildcard ops/*.yaml)
	$(TOOLS)/checkov/bin/checkov --quiet --compact --skip-download --framework cloudformation $(addprefix --file ,template.yaml $(wildcard ops/*.yaml))

unit: $(VENV)/.ready ## Unit, API, storage and statistics tests, and what they run of handlers/; no network, no emulator; T=file for one of them, in a second
ifdef T
	PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(VENV)/pytest $(T)
else
	$(VENV)/pytest $(WORKERS) --cov --cov-report=json:.build/coverage.json tests/statistics tests/api tests/storage tests/unit
	$(VENV)/python -m tests.coverage_floor .build/coverage.json
endif

WATCHED = handlers generated openapi tests template.yaml

watch: $(VENV)/.ready ## The tests of T (by default tests/unit) now and after each change of a source, until Ctrl-C
	@mkdir -p .build
	@while true; do \
		touch .build/watched; \
		PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(VENV)/pytest $(or $(T),tests/unit) || true; \
		until [ -n "$$(find $(WATCHED) \( -name '*.py' -o -name '*.yaml' -o -name '*.json' \) -newer .build/watched -print -quit)" ]; do \
			sleep 0.5; done; \
	done

breaking: $(VENV)/.ready ## What can break the clients of the last released contract; BASE=a file or a revision for another one
	@$(VENV)/python -m openapi.breaking $(if $(BASE),"$(BASE)")

release: $(VENV)/.ready ## Write openapi/released/VERSION.yaml once all that names a version agrees: VERSION=1.1.0
	@$(VENV)/python -m openapi.release "$(VERSION)"

fuzz: $(VENV)/.ready $(if $(API)$(STACK),,$(TOOLS)/emulator/.ready $(TOOLS)/lambda/.ready build-local) ## Schemathesis over HTTP: EXAMPLES, SEED; STACK=its-name on AWS, or API=https://host/v1 with EMAIL and PASSWORD or TOKEN
	@STACK="$(STACK)" API="$(API)" TOKEN="$(TOKEN)" EMAIL="$(EMAIL)" PASSWORD="$(PASSWORD)" EXAMPLES="$(EXAMPLES)" SEED="$(SEED)" \
		RATE="$(RATE)" MAIL="$(MAIL)" ERASE="$(ERASE)" $(VENV)/python -m tests.fuzz

clients-check: clients build-local $(TOOLS)/emulator/.ready $(TOOLS)/mock/.ready ## What fourteen generators make of the contract, in ten languages; both clients' whole story; the mock
	$(VENV)/pytest -rs tests/clients

peers: $(TOOLS)/peers/.ready ## The statistics beside those of other libraries; not a part of make test
	$(TOOLS)/peers/bin/python -m pytest tests/peers

mutation: $(TOOLS)/mutation/.ready ## Changes the domain's code in one place after another; at least 95 % have to fail a test. M=handlers/journal/money.py for one module; not a part of make test
	nice $(TOOLS)/mutation/bin/python -m tests.mutation $(M)

validate: $(TOOLS)/sam/.ready ## What SAM says of the template
	$(SAM) validate
	$(SAM) validate --lint

e2e: $(VENV)/.ready $(TOOLS)/emulator/.ready $(TOOLS)/lambda/.ready build-local ## The deployed stack on an embedded AWS, and the docs page in a browser
	$(VENV)/pytest tests/e2e

bench: $(TOOLS)/bench/.ready $(TOOLS)/emulator/.ready build-local .build/peers/.ready ## Benchmarks against other frameworks: benchmarks/results.md; some twenty-five minutes
	$(TOOLS)/bench/bin/python -m pytest benchmarks/tests
	$(TOOLS)/bench/bin/python -m benchmarks $(BENCH)

## Changing it

generate: $(VENV)/.ready ## Write the files that are generated from the contract
	$(VENV)/python -m openapi.generate
	$(VENV)/python -m docs.diagram

format: $(VENV)/.ready ## Format the code
	$(VENV)/ruff check --fix --quiet
	$(VENV)/ruff format --quiet

lock: $(UV) ## Pin what pyproject.toml asks for
	$(LOCK) pyproject.toml -o requirements/lambda.txt
	$(LOCK) pyproject.toml --group dev -o requirements/dev.txt
	$(LOCK) pyproject.toml --group bench -o requirements/bench.txt
	for group in checkov clients runtime emulator mutation peers peer-bare peer-fastapi peer-powertools sam scanners node uv; do \
		$(LOCK) --group $$group -o requirements/$$group.txt; done

LOCK = $(UV) pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11

clean: ## Remove all that was built or installed; the data of `make run` too
	rm -rf .venv $(TOOLS) .aws-sam .build .local .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage

setup: $(VENV)/.ready $(TOOLS)/emulator/.ready $(TOOLS)/lambda/.ready $(TOOLS)/sam/.ready $(TOOLS)/node/.ready $(TOOLS)/checkov/.ready $(TOOLS)/scanners/.ready ## Install everything

web-client: clients ## Write generated/web_client, the TypeScript client as plain modules, which the example front end loads
	@$(VENV)/python -m openapi.clients.browser

clients: $(CLIENTS) ## A TypeScript and a Python client of the contract, ready to publish, in dist/clients
	@PATH="$(CURDIR)/$(TOOLS)/nodejs/bin:$$PATH" $(VENV)/python -m openapi.clients dist/clients

## Building it

LAMBDA_PYTHON ?= 3.13
LAMBDA_PLATFORM ?= aarch64-manylinux2014
LAYER_FOR ?= --python-version $(LAMBDA_PYTHON) --python-platform $(LAMBDA_PLATFORM)
# The interpreter that makes the artifacts' byte code: one of the runtime's version.
RUNTIME ?= $(if $(filter --python,$(LAYER_FOR)),$(lastword $(LAYER_FOR)),python$(LAMBDA_PYTHON))
FUNCTIONS := .build/functions/$(subst /,-,$(RUNTIME))
SOURCES := $(shell find handlers building -name '*.py') $(wildcard generated/*) openapi/openapi.yaml

# For AWS; what make run and the end-to-end tests deploy is built by build-local for the interpreter at hand.
build: $(TOOLS)/sam/.ready $(VENV)/.ready ## Build for AWS, as `sam deploy` needs it
	$(SAM) build

deploy: $(TOOLS)/sam/.ready $(VENV)/.ready ## Deploy what `make build` built: STAGE=dev, staging or production, STACK=another-name, PARAMETERS="Name=value ..."
	@$(VENV)/python -m ops.names "$(DEPLOYED)" "$(STAGE)"
	$(SAM) deploy --stack-name "$(DEPLOYED)" $(if $(ARTIFACTS),--s3-bucket "$(ARTIFACTS)",--resolve-s3) \
		$(if $(EXECUTION_ROLE),--role-arn "$(EXECUTION_ROLE)") --parameter-overrides Stage=$(STAGE) Release=$(RELEASE) $(FOR_ONCE) $(PARAMETERS) \
		--no-fail-on-empty-changeset $(if $(CI),--no-confirm-changeset)
	@$(if $(filter dev,$(STAGE)),,STACK="$(DEPLOYED)" $(VENV)/python -m ops.protect)

api-url: $(TOOLS)/sam/.ready ## Where the API of a STAGE, or of a STACK, is
	@$(SAM) list stack-outputs --stack-name "$(DEPLOYED)" --output json | $(PYTHON) -c \
		'import json, sys; print(next(it["OutputValue"] for it in json.load(sys.stdin) if it["OutputKey"] == "ApiUrl"))'

protect: $(VENV)/.ready ## Forbid deleting a STACK until its termination protection is taken away
	@STACK="$(STACK)" $(VENV)/python -m ops.protect

drift: $(VENV)/.ready ## What was changed by hand at the resources of a STACK
	@STACK="$(STACK)" $(VENV)/python -m ops.drift

build-name:
	@echo artifact=built-$$(git rev-parse --short=12 HEAD)

deployed-build: $(VENV)/.ready
	@STACK="$(STACK)" $(VENV)/python -m ops.builds

remove: $(VENV)/.ready ## Remove a STACK of stage dev, with all its data
	@STACK="$(STACK)" $(VENV)/python -m ops.remove

STAGE ?= dev
# The template's parameter Release: every deployment is a release of its own, so that it publishes new versions of all
# functions, also when only a parameter changed or the same build is deployed again after a rollback. The second that it
# begins in stands first, since SAM names versions by the first ten characters.
RELEASE = $(shell date +%s)-$(shell git rev-parse --short=12 HEAD 2> /dev/null || echo unknown)
# A parameter that is not given keeps the value that it had. These two are meant for one deployment, so each gives them.
FOR_ONCE := RollbackAlarms=true DeploymentType=ByStage
# The name of the stack that is deployed; a developer's or a pull request's own with STACK=.
DEPLOYED = $(or $(STACK),journal-$(STAGE))

.PHONY: build-local
build-local: .build/local

.build/local: $(TOOLS)/sam/.ready $(VENV)/.ready $(TOOLS)/lambda/.ready template.yaml samconfig.toml Makefile \
		requirements/lambda.txt $(SOURCES) $(wildcard openapi/docs_page/*) openapi/public_documents.py
	@mkdir -p .build
	@echo "Building the functions ..."
	@LAYER_FOR="--python $(CURDIR)/$(TOOLS)/lambda/bin/python" $(SAM) build --build-dir $@ > .build/sam.log 2>&1 \
		|| { cat .build/sam.log; exit 1; }
	@touch $@

# The rules that `sam build` calls, with the folder of the artifact in ARTIFACTS_DIR.

# All functions are prepared at once: what they share is read and compiled once, and each one's rule only copies.
$(FUNCTIONS)/.ready: $(VENV)/.ready template.yaml Makefile $(SOURCES)
	@$(VENV)/python -m building.functions $(@D) $(RUNTIME)

build-%Function: $(FUNCTIONS)/.ready
	cp -r "$(FUNCTIONS)/$*Function/." "$(ARTIFACTS_DIR)"

build-DependencyLayer: $(UV) $(VENV)/.ready
	$(UV) pip install --quiet --require-hashes $(LAYER_FOR) --target "$(ARTIFACTS_DIR)/python" -r requirements/lambda.txt
	$(VENV)/python -m building.layer "$(ARTIFACTS_DIR)/python" $(RUNTIME)

build-DocsLayer: $(VENV)/.ready
	$(VENV)/python -m openapi.public_documents "$(ARTIFACTS_DIR)/docs"

# The peers that make bench measures, built as carefully: libraries of their own, byte code for all that is imported.
.build/peers/.ready: $(wildcard requirements/peer-*.txt benchmarks/*.py benchmarks/peers/*.py benchmarks/requests/*.py) $(SOURCES) $(UV) $(TOOLS)/lambda/.ready
	@echo "Building the peers ..."
	@rm -rf $(@D)
	@mkdir -p $(@D)/code $(@D)/measuring/benchmarks
	@for peer in bare fastapi powertools; do $(UV) pip install --quiet --require-hashes \
		--python $(TOOLS)/lambda/bin/python --target $(@D)/$$peer -r requirements/peer-$$peer.txt; done
	@cp -r handlers benchmarks $(@D)/code
	@cp -r benchmarks/__init__.py benchmarks/peak.py benchmarks/requests $(@D)/measuring/benchmarks
	@cp -r $(@D)/bare $(@D)/deployed
	@cp -r $(@D)/code/. $(@D)/deployed
	@find $(@D) -name __pycache__ -prune -exec rm -r {} +
	@$(TOOLS)/lambda/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash $(@D) > /dev/null
	@touch $@

## Setting it up: one virtual environment for the project, one for each tool that pins its libraries

$(UV): requirements/uv.txt
	@echo "Installing uv ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=")'
	@$(PYTHON) -m venv $(TOOLS)/uv
	@$(TOOLS)/uv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

define virtual_environment
$(1)/.ready: requirements/$(2).txt $(UV)
	@echo "Installing $(2) ..."
	@$(UV) venv --quiet --clear --python $(PYTHON) $(1)
	@$(UV) pip sync --quiet --require-hashes --python $(1)/bin/python $$<
	@touch $$@
endef

$(eval $(call virtual_environment,$(TOOLS)/emulator,emulator))
$(eval $(call virtual_environment,$(TOOLS)/sam,sam))
$(eval $(call virtual_environment,$(TOOLS)/lambda,runtime))
$(eval $(call virtual_environment,$(TOOLS)/peers,peers))
$(eval $(call virtual_environment,$(TOOLS)/mutation,mutation))
$(eval $(call virtual_environment,$(TOOLS)/scanners,scanners))
$(eval $(call virtual_environment,$(TOOLS)/checkov,checkov))
$(eval $(call virtual_environment,$(TOOLS)/clients,clients))
$(eval $(call virtual_environment,$(TOOLS)/bench,bench))

$(VENV)/.ready: requirements/dev.txt $(UV)
	@echo "Installing the project's libraries ..."
	@$(UV) venv --quiet --clear --python $(PYTHON) .venv
	@$(UV) pip sync --quiet --require-hashes --python $(VENV)/python $<
	@touch $@

# Node programs: the contract's linters, the generators of clients, the mock. Where the machine has no Node, a PyPI wheel
# brings one.
$(TOOLS)/nodejs/.ready: requirements/node.txt $(UV)
	@mkdir -p $(@D)
	@if ! command -v npm > /dev/null; then \
		$(UV) venv --quiet --clear --python $(PYTHON) $(TOOLS)/nodejs; \
		$(UV) pip sync --quiet --require-hashes --python $(TOOLS)/nodejs/bin/python requirements/node.txt; \
	fi
	@touch $@

define node_programs
$(1)/.ready: $(2)/package-lock.json $(TOOLS)/nodejs/.ready
	@echo "Installing $(3) ..."
	@mkdir -p $(1)
	@cp $(2)/package.json $(2)/package-lock.json $(1)
	@cd $(1) && PATH="$(CURDIR)/$(TOOLS)/nodejs/bin:$$$$PATH" npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $$@
endef

$(eval $(call node_programs,$(TOOLS)/node,requirements,the contract's linters))
$(eval $(call node_programs,$(TOOLS)/lint-more,requirements/lint-more,the rules of other houses))
$(eval $(call node_programs,$(TOOLS)/clients-node,requirements/clients,the generators of TypeScript clients))
$(eval $(call node_programs,$(TOOLS)/mock,requirements/mock,Prism))
