import pytest

from bot.evaluation.data import (
    DataError,
    Example,
    read_intents,
    read_sentiments,
    read_training,
)


@pytest.fixture
def write(tmp_path):
    def write_file(content):
        path = tmp_path / "messages.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


def test_messages_are_read_as_they_are_written(write):
    path = write('\ufeffid,Text,intent\r\n1,"hi, [u](x)\nthere ""you""",greet\r\n\r\n')
    assert read_intents(path) == [Example('hi, [u](x)\nthere "you"', "greet")]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "messages.csv is empty; it needs the columns text,intent"),
        ("text,intent\n", "has a first line and no messages"),
        ("text,label\nhi,greet\n", "line 1: the column 'intent' is missing"),
        ("text,text,intent\nhi,ho,greet\n", "line 1: the column 'text' is twice"),
        ("text;intent\nhi;greet\n", "the first line is 'text;intent'"),
        ("text,intent\nhi,greet\nhi, you,greet\n", "line 3: 3 fields where .* has 2"),
        ("text,intent\nhi\n", "line 2: 1 fields where .* has 2"),
        ("text,intent\nhi,greet\n ,greet\n", "line 3: the text is empty"),
        ("text,intent\n\nhi, \n", "line 3: the intent is empty"),
        ('text,intent\n"a\nb",greet\n,greet\n', "line 4: the text is empty"),
        ('text,intent\n"hi,greet\n', "line 2: not CSV"),
        ("text,intent\nhi,greet\n你好,greet\n".encode("gbk"), "line 3: not UTF-8"),
    ],
)
def test_a_bad_file_is_explained(write, content, complaint):
    with pytest.raises(DataError, match=complaint):
        read_intents(write(content))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="none.csv cannot be read: No such file"):
        read_intents(tmp_path / "none.csv")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        read_intents(tmp_path)


def test_training_needs_two_intents(write):
    with pytest.raises(DataError, match="at least two intents; .* only 'greet'"):
        read_training(write("text,intent\nhi,greet\nhello,greet\n"))


@pytest.mark.parametrize(
    ("label", "sentiment"),
    [("neg", "negative"), ("Neutral", "neutral"), ("1", "positive"), ("0", "negative")],
)
def test_sentiment_labels_may_be_written_in_several_ways(write, label, sentiment):
    assert read_sentiments(write(f"label,text\n{label},hm\n"))[0].label == sentiment


def test_an_unknown_sentiment_is_named_with_its_line(write):
    with pytest.raises(DataError, match="line 3: 'angry' is no sentiment"):
        read_sentiments(write("text,label\nfine,pos\nbad,angry\n"))
