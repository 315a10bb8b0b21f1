"""Measures how well messages are understood.

Each command prints tables, and writes its figures as JSON if asked to.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from bot.config import read_model_dir
from bot.evaluation.data import DataError
from bot.launcher import prepare_environment
from bot.model_files import ROOT, find_newest

USAGE_ERROR = 2
NLU_DATA = ROOT / "data" / "nlu"
EXAMPLES = """\
examples:
  python -m bot.evaluation evaluate messages.csv --json out.json
  python -m bot.evaluation evaluate reviews.csv --label sentiment
  python -m bot.evaluation benchmark --train train.csv --test test.csv \\
      --against rasa-default
  python -m bot.evaluation crossvalidate
  python -m bot.evaluation data-report

environment:
  JSON       where the figures go, unless --json says so
  MODEL_DIR  the folder of the trained models (models)
"""


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bot.evaluation",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    evaluate = _add(
        commands,
        "evaluate",
        "measure a trained model with messages of your own",
        "The file is CSV, UTF-8, with the columns text,intent; the intent out_of_scope"
        " marks what must not be answered. For --label sentiment the columns are"
        " text,label, with negative, neutral, positive (or neg, neu, pos, or 0, 1).",
        "evaluate messages.csv --json out.json",
    )
    evaluate.add_argument("data", type=_path, help="the messages")
    evaluate.add_argument("--label", choices=["intent", "sentiment"], default="intent")
    evaluate.add_argument(
        "--model", type=_path, help="the model (default: the newest one)"
    )

    evaluate.add_argument(
        "--unseen",
        action="store_true",
        help="leave out messages that stand in data/nlu as well",
    )

    benchmark = _add(
        commands,
        "benchmark",
        "train the pipeline on other data and measure it",
        "Trains the pipeline of config.yml, up to the gate, in a temporary folder. The"
        " files are CSV, UTF-8, with the columns text,intent.",
        "benchmark --train train.csv --test test.csv --against rasa-default",
    )
    benchmark.add_argument("--train", type=_path, required=True)
    benchmark.add_argument("--test", type=_path, required=True)
    benchmark.add_argument(
        "--dev", type=_path, help="messages to choose the gate's threshold with"
    )
    benchmark.add_argument(
        "--against",
        choices=["rasa-default"],
        help="also train what Rasa would use by default, on the same files",
    )

    crossvalidate = _add(
        commands,
        "crossvalidate",
        "measure the pipeline on the project's own data, in 5 folds",
        "Trains on four fifths of data/nlu and measures on the rest, five times.",
        "crossvalidate --report docs/crossvalidation.md",
    )
    crossvalidate.add_argument("--data", type=_path, default=NLU_DATA)
    crossvalidate.add_argument("--report", type=_path, help="a Markdown file to write")

    report = _add(
        commands,
        "data-report",
        "show what stands out in the training data",
        "Duplicates, intents that lie close together, and examples from a template.",
        "data-report --json out.json",
    )
    report.add_argument("--data", type=_path, default=NLU_DATA)
    return parser


def main(arguments: list[str]) -> int:
    """Run one command; return the exit code."""
    options = build_parser().parse_args(arguments)
    prepare_environment()
    json = options.json or _path_or_none(os.environ.get("JSON", ""))
    try:
        _run(options, json)
    except DataError as err:
        print(err, file=sys.stderr)
        return USAGE_ERROR
    except OSError as err:
        print(f"{err.filename}: {err.strerror}.", file=sys.stderr)
        return USAGE_ERROR
    return 0


def _run(options: argparse.Namespace, json: Path | None) -> None:
    # Each command imports only what it needs: Rasa alone takes seconds.
    if options.command == "evaluate":
        from bot.evaluation.evaluate import evaluate

        seen = NLU_DATA if options.unseen else None
        model = options.model or _newest_model()
        evaluate(options.data, options.label, model, json, seen)
    elif options.command == "benchmark":
        from bot.evaluation.benchmark import benchmark

        benchmark(options.train, options.test, options.dev, options.against, json)
    elif options.command == "crossvalidate":
        from bot.evaluation.crossvalidate import crossvalidate

        crossvalidate(options.data, ROOT / "config.yml", options.report, json)
    else:
        from bot.evaluation.data_report import report_data

        report_data(options.data, json)


def _newest_model() -> Path:
    folder = read_model_dir(os.environ)
    model = find_newest(folder)
    if model is None:
        raise DataError(f"There is no model in {folder}: make one with 'make train'.")
    return model


def _add(
    commands: argparse._SubParsersAction,
    name: str,
    summary: str,
    description: str,
    example: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name,
        help=summary,
        description=f"{summary.capitalize()}. {description}",
        epilog=f"example:\n  python -m bot.evaluation {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--json", type=_path, help="where the figures go")
    return command


def _path(text: str) -> Path:
    if not text.strip():
        raise argparse.ArgumentTypeError("say which file")
    return Path(text)


def _path_or_none(text: str) -> Path | None:
    return Path(text) if text.strip() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
