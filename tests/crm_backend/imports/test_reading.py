"""Files as shops really write them: encodings, delimiters, line ends."""

import gzip

import pytest

from crm_backend.imports.faults import BrokenFile, ImportFault
from crm_backend.imports.reading import open_source, read_chunks

CHINESE = "number,name\nC-1,李雷\nC-2,韩梅梅\n"


def read(path, **settings):
    """Return the source and all its rows with their line numbers."""
    source = open_source(path, **settings)
    rows = []
    for chunk in read_chunks(source, 3):
        rows += zip(chunk.lines, chunk.rows, strict=True)
    return source, rows


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8-sig"),
        ("utf-8-sig", "utf-8-sig"),
        ("gb18030", "gb18030"),
        ("utf-16", "utf-16"),
    ],
)
def test_encoding_is_found(tmp_path, encoding, found):
    path = tmp_path / "c.csv"
    path.write_bytes(CHINESE.encode(encoding))
    source, rows = read(path)
    assert source.encoding == found
    assert rows == [(2, ["C-1", "李雷"]), (3, ["C-2", "韩梅梅"])]


def test_latin_text_is_not_taken_for_chinese(tmp_path):
    path = tmp_path / "c.csv"
    path.write_bytes("number,name\nC-1,Ann\nC-2,Zoë Étienne\n".encode("latin-1"))
    with pytest.raises(BrokenFile, match="line 3: bytes that are not utf-8 text"):
        read(path)
    assert read(path, encoding="latin-1")[1][1] == (3, ["C-2", "Zoë Étienne"])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found(tmp_path, delimiter):
    path = tmp_path / "c.csv"
    path.write_text(delimiter.join(["a", "b"]) + "\n" + delimiter.join(["1", "2"]))
    source, rows = read(path)
    assert source.headings == ("a", "b")
    assert rows == [(2, ["1", "2"])]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_numbers_count_lines_of_the_file(tmp_path, line_end):
    lines = [
        "",
        "a,b",
        "1,one",
        "",
        '2,"two',
        "and more",
        'lines"',
        "3,three",
        "4,four",
    ]
    path = tmp_path / "c.csv"
    path.write_bytes(line_end.join(lines).encode())
    _, rows = read(path)
    assert [(line, row[0]) for line, row in rows] == [
        (3, "1"),
        (5, "2"),
        (8, "3"),
        (9, "4"),
    ]


def test_packed_file_is_read(tmp_path):
    path = tmp_path / "c.csv.gz"
    path.write_bytes(gzip.compress(CHINESE.encode()))
    assert len(read(path)[1]) == 2


def test_truncated_packed_file_is_broken(tmp_path):
    path = tmp_path / "c.csv.gz"
    path.write_bytes(gzip.compress(CHINESE.encode() * 500)[:-20])
    with pytest.raises(BrokenFile, match="broken or cut-off"):
        read(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,b,a\n", "has the heading 'a' twice"),
    ],
)
def test_file_without_good_headings_is_refused(tmp_path, content, sentence):
    path = tmp_path / "c.csv"
    path.write_text(content)
    with pytest.raises(ImportFault, match=sentence):
        open_source(path)


def test_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BrokenFile, match=r"none\.csv cannot be read: No such file"):
        open_source(tmp_path / "none.csv")
