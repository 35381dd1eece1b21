# What people type. Everything is installed into .local/ in this checkout.
PYTHON ?= python3
KEEP ?=
EXAMPLES ?= 500
MINUTES ?= 60

BIN := .local/venv/project/bin
RUN := $(BIN)/python -m

.DEFAULT_GOAL := help
.PHONY: help
help:  ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: setup  ## Show the whole pipeline on this machine, from a log line to a notification (KEEP=1 leaves it running)
	@$(RUN) local demo $(if $(KEEP),--keep)

.PHONY: test
test: setup  ## Run unit, integration and acceptance tests (ARGS="…" goes to pytest)
	@$(RUN) pytest $(ARGS)

.PHONY: fuzz
fuzz: setup  ## Look for new examples that break a parser or a promise (EXAMPLES=500 for each property)
	@WATCHPOST_FUZZ=$(EXAMPLES) $(RUN) pytest tests/unit -k "not sweep" $(ARGS)

.PHONY: up
up: setup  ## Start Elasticsearch and an AWS account on this machine, with Watchpost deployed
	@$(RUN) local up

.PHONY: down
down: setup  ## Stop them
	@$(RUN) local down

.PHONY: status
status: setup  ## Say what runs
	@$(RUN) local status

.PHONY: lint
lint: setup  ## Check style, formatting, and that the template is right and safe
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 .local/venv/sam/bin/sam validate --lint --template template.yaml
	@SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 .local/venv/sam/bin/sam validate --lint --template local/demo/template.yaml
	@.local/venv/sam/bin/cfn-lint docs/examples/vpc.yaml
	@$(PYTHON) local/bootstrap.py checkov
	@.local/venv/checkov/bin/checkov --config-file .checkov.yaml --file template.yaml

.PHONY: types
types: setup  ## Check types
	@$(BIN)/mypy functions layers cli local benchmarks

.PHONY: audit
audit: setup  ## Ask the package index for known vulnerabilities of every locked dependency
	@$(RUN) local.audit

.PHONY: bench
bench: setup  ## Measure the shipper's speed and memory, the provisioner over a large account, and the client layer
	@$(RUN) benchmarks.shipper
	@$(RUN) benchmarks.provisioner
	@$(RUN) benchmarks.client

.PHONY: soak
soak: setup  ## Send lines through a deployed stack for an hour: memory, files, lag, a burst, a slow Elasticsearch (MINUTES=60)
	@$(RUN) local.soak --minutes $(MINUTES)

.PHONY: capacity
capacity: setup  ## Work out what 10 GB to 10 TB of lines a day ask for and cost, and which limit is met first
	@$(RUN) benchmarks.capacity $(ARGS)

.PHONY: deploy
deploy: setup  ## Deploy into your AWS account (ELASTICSEARCH_URL=https://… is needed, see README)
	@PYTHON=$(BIN)/python BIN=.local/venv/sam/bin sh local/deploy.sh

.PHONY: package
package: setup  ## Make what sam deploy and the Serverless Application Repository take (BUCKET=… uploads it)
	@$(RUN) local.package $(if $(BUCKET),--bucket "$(BUCKET)")

.PHONY: lock
lock: setup  ## Lock the dependencies again after changing a requirements file
	@sh local/lock.sh .local/venv/uv/bin/uv

.PHONY: clean
clean: setup  ## Stop everything and remove what was installed and built
	@$(RUN) local clean
	@rm -rf .local .aws-sam

.PHONY: setup
setup:
	@command -v $(PYTHON) >/dev/null || { echo "watchpost: $(PYTHON) is not here. Install Python 3.11 or newer, or name one: make PYTHON=…" >&2; exit 1; }
	@$(PYTHON) local/bootstrap.py
