# Every command Deskmate has; `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
APP := .venv/bin/python
BOT := bot/.venv/bin/python
# Tests that start whole processes and browsers, one at a time; the others share the cores.
WHOLE_TESTS := tests/browser tests/e2e tests/faults
TEST_WORKERS ?= 2
# Each process alone reads the secrets that the first start wrote.
WITH_SECRETS := set -a; source "$${VAR_DIR:-var}/secrets.env"; set +a;

.PHONY: actions bench-cdnow bench-demand bench-live-console bench-predict \
  bench-recommend bench-scale bench-turns bot \
  bot-benchmark bot-crossvalidate bot-data-report bot-evaluate check clean fault-test format help \
  lint lock run seed serve setup test test-app test-bot test-browser train

help: ## List these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 20

setup: ## Install both environments from their lock files
	@deploy/setup.sh

run: setup ## Set everything up and start Deskmate with its demo shop
	@exec ./deskmate run

serve: setup ## Start the CRM alone
	@./deskmate prepare --only secrets --only database
	@$(WITH_SECRETS) exec ./deskmate serve

bot: setup ## Start the Rasa assistant alone
	@./deskmate prepare --only secrets --only assistant
	@$(WITH_SECRETS) exec $(BOT) -m bot serve

actions: setup ## Start the action server alone
	@./deskmate prepare --only secrets
	@$(WITH_SECRETS) exec $(APP) -m actions

train: setup ## Train the assistant if its data changed
	@./deskmate prepare --only assistant

seed: setup ## Fill an empty database with the demo shop
	@./deskmate prepare --only secrets --only database --only shop

# JSON=out.json makes each of these write its figures; --help of the module says more.
EVALUATION := $(BOT) -m bot.evaluation
bot-evaluate: $(if $(MODEL),setup,train) ## Measure the assistant: DATA=messages.csv [LABEL=sentiment] [MODEL=...] [UNSEEN=1]
	@$(EVALUATION) evaluate "$(DATA)" $(if $(LABEL),--label "$(LABEL)") \
	  $(if $(MODEL),--model "$(MODEL)") $(if $(UNSEEN),--unseen) $(if $(JSON),--json "$(JSON)")

bot-benchmark: setup ## Train on other data: TRAIN=a.csv TEST=b.csv [DEV=c.csv] [AGAINST=rasa-default]
	@$(EVALUATION) benchmark --train "$(TRAIN)" --test "$(TEST)" $(if $(DEV),--dev "$(DEV)") \
	  $(if $(AGAINST),--against "$(AGAINST)") $(if $(JSON),--json "$(JSON)")

bot-crossvalidate: setup ## Measure the pipeline on the training data, in 5 folds
	@$(EVALUATION) crossvalidate --report docs/crossvalidation.md $(if $(JSON),--json "$(JSON)")

bot-data-report: setup ## Show what stands out in the training data
	@$(EVALUATION) data-report $(if $(JSON),--json "$(JSON)")

fault-test: train ## Break things while visitors chat: [FAULTS=200] [SEED=1] [KINDS=...] [DATABASE=...]
	@$(APP) -m tests.faults --faults $(or $(FAULTS),200) --seed $(or $(SEED),1) \
	  --report "$(or $(REPORT),docs/reliability.md)" $(if $(JSON),--json "$(JSON)") \
	  $(if $(KINDS),--kinds "$(KINDS)") $(if $(DATABASE),--database "$(DATABASE)") \
	  $(if $(KEEP),--keep "$(KEEP)")

bench-turns: train ## Time turns: [N=100] [SECONDS=60] [PAUSE=2] [AGAINST=stock] [GROWTH=1] [PROFILE=1] [REPORT=docs/performance.md]
	@$(APP) -m benchmarks.turns $(if $(N),--visitors "$(N)") $(if $(SECONDS),--seconds "$(SECONDS)") \
	  $(if $(PAUSE),--pause "$(PAUSE)") $(if $(RATES),--rates "$(RATES)") \
	  $(if $(AGAINST),--against "$(AGAINST)") $(if $(GROWTH),--growth) $(if $(PROFILE),--profile) \
	  $(if $(JSON),--json "$(JSON)") $(if $(REPORT),--report "$(REPORT)")

bench-live-console: setup ## Time what agents see of 200 live conversations [JSON=out.json]
	@JSON="$(JSON)" $(APP) -m benchmarks.live_console

bench-recommend: setup ## Measure recommendations on held-out orders: DATA=folder [JSON=out.json]
	@$(APP) -m benchmarks.recommendations "$(DATA)" $(if $(JSON),--json "$(JSON)")

bench-demand: setup ## Measure forecasts of demand: DATA=folder [JSON=out.json]
	@$(APP) -m benchmarks.demand "$(DATA)" $(if $(JSON),--json "$(JSON)")
bench-predict: setup ## Let predictors compete: TRAIN=a.csv TARGET=col [TEST=b.csv] [DROP=a,b] [TIME=col]
	@$(APP) -m benchmarks.predict --train "$(TRAIN)" --target "$(TARGET)" $(if $(TEST),--test "$(TEST)") \
	  $(if $(DROP),--drop "$(DROP)") $(if $(TIME),--time "$(TIME)") $(if $(JSON),--json "$(JSON)")

bench-scale: setup ## Time predictions for a million customers: [CUSTOMERS=20000] [ORDERS=200000] [ONLY=large] [JSON=out.json]
	@$(APP) -m benchmarks.scale $(if $(CUSTOMERS),--customers "$(CUSTOMERS)") \
	  $(if $(ORDERS),--orders "$(ORDERS)") $(if $(WORK),--work "$(WORK)") $(if $(ONLY),--only "$(ONLY)") \
	  $(if $(JSON),--json "$(JSON)")

bench-cdnow: setup ## Predict who orders how often in the next 39 weeks: DATA=cdnow.csv
	@$(APP) -m benchmarks.cdnow --data "$(DATA)" $(if $(JSON),--json "$(JSON)")

test: train test-app test-bot ## Run all tests

test-app: setup ## Run the tests of the application and end to end
	$(APP) -m pytest -q -rs -n $(TEST_WORKERS) --dist loadfile tests --ignore=tests/bot \
	  $(addprefix --ignore=,$(WHOLE_TESTS))
	$(APP) -m pytest -q -rs $(WHOLE_TESTS)

test-browser: setup ## Run all browser tests alone
	$(APP) -m pytest -q -rs tests/browser tests/e2e

test-bot: setup ## Run the tests of the Rasa runtime
	$(BOT) -m pytest -q -rs tests/bot

lint: setup ## Check style, types and the lock files
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	$(APP) deploy/check_locks.py

format: setup ## Format the code
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

lock: ## Write both lock files anew (needs uv)
	for folder in . bot; do (cd $$folder && uv pip compile -q --upgrade --universal \
	  --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	  --group dev pyproject.toml -o requirements.lock); done

check: lint test ## Everything that has to be green before a commit

clean: ## Remove environments, models and the demo shop
	rm -rf .venv bot/.venv .tools var models .rasa
