import json

import pytest

from bot.evaluation.__main__ import build_parser, main
from bot.evaluation.data import Example
from bot.evaluation.fit import PipelineTrainer, build_messages, read_pipeline
from bot.evaluation.project_data import read_project_data
from bot.evaluation.report import KEYS
from bot.evaluation.understand import load_understander

TRAIN = """text,intent
where is my parcel,track
track my order,track
any news on my package,track
has it been shipped,track
"[where](x) is {it}",track
cancel my order,cancel
please cancel it,cancel
stop the order,cancel
I do not want it any more,cancel
取消订单,cancel
"""
TEST = """text,intent
where is my package,track
please cancel the order,cancel
what is the capital of France,out_of_scope
/cancel,cancel
"""


@pytest.fixture
def write(tmp_path):
    def write_file(name, content):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return str(path)

    return write_file


@pytest.fixture
def files(write):
    """The options that name a file to train on and one to measure with."""
    train, test = write("train.csv", TRAIN), write("test.csv", TEST)
    return ["--train", train, "--test", test]


@pytest.fixture
def figures(tmp_path):
    """Run a command that writes JSON, and read it."""

    def run(*arguments):
        path = tmp_path / "out.json"
        assert main([*arguments, "--json", str(path)]) == 0
        return json.loads(path.read_text(encoding="utf-8"))

    return run


def evaluate(model, path, *options):
    return ["evaluate", path, "--model", str(model), *options]


def test_a_model_is_evaluated_with_ones_own_messages(model, write, figures, capsys):
    data = write(
        "own.csv",
        "text,intent\nhello,greet\nwhere is my package,track_order\n"
        "取消订单,cancel_order\nwhat is the capital of France,out_of_scope\n",
    )
    found = figures(*evaluate(model, data))
    assert tuple(found)[: len(KEYS)] == KEYS
    assert found["n"] == 4
    assert found["accuracy"] == 1.0
    assert found["out_of_scope_recall"] == 1.0
    assert found["p50_ms"] <= found["p95_ms"]
    assert sum(b["n"] for b in found["reliability"]) == 4
    assert found["confusions"] == []
    printed = capsys.readouterr()
    assert "100.0%" in printed.out
    assert "Wrote" in printed.err


def test_the_figures_may_be_named_in_the_environment(
    model, write, tmp_path, monkeypatch
):
    monkeypatch.setenv("JSON", str(tmp_path / "env.json"))
    assert main(evaluate(model, write("a.csv", "text,intent\nhello,greet\n"))) == 0
    found = json.loads((tmp_path / "env.json").read_text())
    assert found["out_of_scope_recall"] is None


def test_an_intent_unknown_to_the_model_is_named_and_counts_as_wrong(
    model, write, figures, capsys
):
    data = write("a.csv", "text,intent\nhello,greet\nsing a song,sing\n")
    found = figures(*evaluate(model, data))
    assert found["accuracy"] == 0.5
    assert found["unknown_intents"] == ["sing"]
    assert "does not know the intent 'sing': its 1 messages" in capsys.readouterr().out


def test_messages_that_were_trained_on_may_be_left_out(
    model, project, write, figures, monkeypatch, capsys
):
    monkeypatch.setattr("bot.evaluation.__main__.NLU_DATA", project / "data" / "nlu")
    data = write("a.csv", "text,intent\nHello!,greet\nhello again,greet\n")
    assert figures(*evaluate(model, data, "--unseen"))["n"] == 1
    assert "Left out 1 of 2 messages" in capsys.readouterr().err
    data = write("b.csv", "text,intent\n你好,greet\n")
    assert main(evaluate(model, data, "--unseen")) == 2
    assert "All of the messages" in capsys.readouterr().err


def test_a_message_that_looks_like_a_command_is_text(model):
    (understood,) = load_understander(model).understand(["/cancel_order"])
    assert understood.confidence < 1


def test_a_question_back_counts_as_its_first_candidate(model):
    texts = [f"{word} order" for word in ("my", "the", "about an", "some", "that")]
    for one in load_understander(model).understand(texts):
        if one.decision == "ask":
            assert one.intent == one.best
        elif one.decision == "decline":
            assert one.intent == "out_of_scope"


def test_sentiment_is_evaluated_in_two_or_three_classes(model, write, figures):
    rows = "I love it so much,1\nthis is terrible,0\n"
    data = write("a.csv", "text,label\n" + rows)
    found = figures(*evaluate(model, data, "--label", "sentiment"))
    assert tuple(found)[: len(KEYS)] == KEYS
    assert found["classes"] == 2
    assert found["accuracy"] == 1.0
    assert found["ece"] is None
    data = write("b.csv", f"text,label\n{rows}it is a table,neutral\n")
    found = figures(*evaluate(model, data, "--label", "sentiment"))
    assert found["classes"] == 3


def test_a_pipeline_is_benchmarked_on_other_data(files, figures, capsys):
    found = figures("benchmark", *files)
    assert tuple(found)[: len(KEYS)] == KEYS
    assert found["n"] == 4
    assert found["train_s"] > 0
    assert found["accuracy"] >= 0.75
    assert "threshold" not in found
    assert "Training" in capsys.readouterr().err


def test_a_threshold_may_be_chosen_with_other_messages(write, figures):
    found = figures(
        *(
            "benchmark",
            "--train",
            write("a.csv", TRAIN),
            "--test",
            write("b.csv", TEST),
        ),
        *("--dev", write("c.csv", TEST)),
    )
    assert 0 <= found["threshold"] <= 1
    # Of so few messages none that is understood may be lost.
    assert found["threshold"] > 0
    assert found["in_scope_accuracy"] == 1


def test_rasas_default_is_trained_beside(write, figures, capsys):
    found = figures(
        *(
            "benchmark",
            "--train",
            write("a.csv", TRAIN),
            "--test",
            write("b.csv", TEST),
        ),
        *("--against", "rasa-default"),
    )
    other = found["rasa-default"]
    assert tuple(other)[: len(KEYS)] == KEYS
    assert other["n"] == 4
    assert other["train_s"] > 0
    assert "rasa-default" in capsys.readouterr().out


def test_training_text_is_never_read_as_annotation():
    (message,) = build_messages([Example("[where](x) is {it}", "track")])
    assert message.get("text") == "[where](x) is {it}"
    assert message.get("entities") is None


def test_training_in_memory_makes_what_rasa_makes(model, project, tmp_path):
    examples = read_project_data(project / "data" / "nlu")
    trainer = PipelineTrainer(read_pipeline(project / "config.yml"))
    prepared = trainer.prepare(build_messages(examples), tmp_path)
    fitted = trainer.fit(prepared, tmp_path)
    texts = ["where is my parcel", "取消", "good morning", "what is love"]
    ours, rasas = fitted.understand(texts), load_understander(model).understand(texts)
    assert [(u.intent, u.decision, u.best) for u in ours] == [
        (u.intent, u.decision, u.best) for u in rasas
    ]
    assert [u.confidence for u in ours] == pytest.approx(
        [u.confidence for u in rasas], abs=0.01
    )


def test_data_is_cross_validated(write, figures, tmp_path, capsys):
    phrases = {
        "track": ("where is my parcel", "我的包裹在哪"),
        "cancel": ("cancel my order", "取消订单"),
    }
    blocks = [
        f"  - intent: {intent}\n    examples: |\n"
        + "".join(f"      - {text} {i}\n" for i in range(5))
        for intent, texts in phrases.items()
        for text in texts
    ]
    folder = tmp_path / "nlu"
    folder.mkdir()
    (folder / "a.yml").write_text('version: "3.1"\nnlu:\n' + "".join(blocks), "utf-8")
    report = tmp_path / "report.md"
    found = figures("crossvalidate", "--data", str(folder), "--report", str(report))
    assert found["all"]["figures"]["n"] == 20
    assert found["all"]["figures"]["accuracy"] == 1.0
    assert found["Chinese"]["figures"]["n"] == 10
    written = report.read_text(encoding="utf-8")
    assert "Written by `make bot-crossvalidate`" in written
    assert "| track" in written
    found = figures("data-report", "--data", str(folder))
    assert found["counts"][0] == {"intent": "cancel", "en": 5, "zh": 5}
    assert found["templates"][0]["pattern"] == "cancel my order ___"


@pytest.mark.parametrize("command", ["crossvalidate", "data-report"])
def test_a_folder_without_training_data_is_named(command, tmp_path, capsys):
    assert main([command, "--data", str(tmp_path)]) == 2
    assert f"{tmp_path} has no training data" in capsys.readouterr().err
    assert main([command, "--data", str(tmp_path / "none")]) == 2
    assert "none cannot be read" in capsys.readouterr().err


def test_cross_validation_needs_an_example_for_each_fold(tmp_path, capsys):
    (tmp_path / "a.yml").write_text(
        'version: "3.1"\nnlu:\n  - intent: greet\n    examples: |\n      - hi\n'
    )
    assert main(["crossvalidate", "--data", str(tmp_path)]) == 2
    assert "only 1 of 'greet en'" in capsys.readouterr().err


def test_what_cannot_be_used_is_explained_in_a_line(write, tmp_path, capsys):
    one = write("one.csv", "text,intent\nhi,greet\n")
    cases = [
        (["evaluate", one, "--model", str(tmp_path / "none.tar.gz")], "no model"),
        (["evaluate", one, "--model", one], "cannot be loaded"),
        (["benchmark", "--train", one, "--test", one], "at least two intents"),
        (["evaluate", str(tmp_path / "none.csv"), "--model", one], "none.csv cannot"),
    ]
    for arguments, complaint in cases:
        assert main(arguments) == 2
        printed = capsys.readouterr().err
        assert complaint in printed
        assert "Traceback" not in printed


def test_without_a_model_it_says_how_to_make_one(write, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    assert main(["evaluate", write("a.csv", "text,intent\nhi,greet\n")]) == 2
    assert "make one with 'make train'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", ["evaluate", "benchmark", "crossvalidate", "data-report"]
)
def test_each_command_has_help_with_an_example(command, capsys):
    with pytest.raises(SystemExit):
        build_parser().parse_args([command, "--help"])
    assert f"python -m bot.evaluation {command}" in capsys.readouterr().out


def test_no_file_is_said_to_be_missing(capsys):
    with pytest.raises(SystemExit):
        main(["evaluate", ""])
    assert "say which file" in capsys.readouterr().err
