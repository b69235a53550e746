"""Finding a text, checking it, splitting it, drawing from it."""

import hashlib
import http.server
import re
import threading
from pathlib import Path

import pytest
import torch

from lower_triangle import corpus as module
from lower_triangle.corpus import Download, draw_batch, fetch, load_corpus, require_length, split
from lower_triangle.errors import CorpusError

TEXT = "the lesson of the day is short\n" * 10


def write(path, data):
    path.write_bytes(data)
    return str(path)


def test_the_play_is_long_enough_and_has_the_65_characters(play):
    assert len(play.text) >= 40_000
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    assert play.tokenizer.vocabulary == "".join(sorted("\n !$&',-.3:;?" + letters))


def test_nearly_every_line_of_speech_in_the_play_is_said_once(play):
    speeches = [speech.split("\n")[1:] for speech in play.text.rstrip("\n").split("\n\n")]
    lines = [line for speech in speeches for line in speech]
    assert len(lines) > 1000 and len(set(lines)) >= 0.98 * len(lines)


def test_the_play_is_laid_out_like_tiny_shakespeare(play):
    speakers = [speech.split("\n")[0] for speech in play.text.rstrip("\n").split("\n\n")]
    assert all(re.fullmatch(r"[A-Z][A-Za-z ]+:", speaker) for speaker in speakers)
    assert len(set(speakers)) >= 8


def test_what_the_readme_of_the_data_says_of_the_play_is_true(play):
    readme = (Path(__file__).parents[2] / "data" / "README.md").read_text(encoding="utf-8")
    assert f"{len(play.text):,} (ASCII" in readme and play.sha256 in readme
    for rare in "$&3":
        said = re.search(rf"`{re.escape(rare)}` \((\d+) times\): lines ([\d, ]+)", readme)
        lines = [number for number, line in enumerate(play.text.split("\n"), start=1) if rare in line]
        assert (int(said[1]), [int(number) for number in said[2].split(",")]) == (play.text.count(rare), lines)


def test_the_splits_are_the_first_nine_tenths_and_the_rest(play):
    tokens = torch.cat([play.train, play.val])
    assert len(play.train) == int(0.9 * len(play.text))
    assert play.tokenizer.decode(tokens.tolist()) == play.text


def test_the_sha256_is_that_of_the_file(tmp_path):
    path = write(tmp_path / "a.txt", TEXT.encode())
    assert load_corpus(path).sha256 == hashlib.sha256(TEXT.encode()).hexdigest()


def test_a_split_keeps_every_token_in_its_place():
    assert [part.tolist() for part in split(torch.arange(11))] == [list(range(9)), [9, 10]]


def test_targets_are_the_inputs_one_token_later():
    inputs, targets = draw_batch(torch.arange(20), 3, 5, torch.Generator().manual_seed(0))
    assert torch.equal(targets, inputs + 1)
    assert torch.equal(inputs, inputs[:, :1] + torch.arange(3))


def test_every_place_is_drawn_and_none_beyond_the_end():
    inputs, _ = draw_batch(torch.arange(6), 3, 500, torch.Generator().manual_seed(0))
    assert set(inputs[:, 0].tolist()) == {0, 1, 2}


def test_batches_leave_the_callers_random_stream_alone():
    before = torch.get_rng_state()
    draw_batch(torch.arange(20), 3, 5, torch.Generator())
    assert torch.equal(torch.get_rng_state(), before)


def test_chunks_longer_than_the_text_are_refused():
    with pytest.raises(
        CorpusError, match=r"^cannot draw chunks of 3 from 3 tokens; it takes at least 4: give a longer"
    ):
        draw_batch(torch.arange(3), 3, 1, torch.Generator())


def test_line_ends_of_every_system_become_newlines(tmp_path):
    path = write(tmp_path / "a.txt", b"one\r\ntwo\rthree\nfour\r\n")
    assert load_corpus(path).text == "one\ntwo\nthree\nfour\n"


def test_a_utf_8_byte_order_mark_is_left_out_with_a_note(tmp_path, capsys):
    path = write(tmp_path / "a.txt", b"\xef\xbb\xbf" + TEXT.encode())
    assert load_corpus(path).text == TEXT
    assert capsys.readouterr().err == f"note: {path!r} starts with a UTF-8 byte order mark, which is left out\n"


REFUSED = {
    "empty": (b"", "is empty; give a text"),
    "only a mark": (b"\xef\xbb\xbf", "is empty; give a text"),
    "short": (b"hello", "is too short: it has 5 characters, .* a context of 1 needs at least 11; give a longer text"),
    "not UTF-8": (b"caf\xe9 " * 9, r"is not UTF-8: byte 0xe9 at offset 3 begins no character; convert the text"),
    "UTF-16": (TEXT.encode("utf-16"), "is UTF-16, and we read UTF-8; convert it: iconv -f UTF-16 -t UTF-8"),
}


@pytest.mark.parametrize(("data", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_text_that_cannot_be_used_is_refused_in_one_line(tmp_path, data, message):
    with pytest.raises(CorpusError, match=f"^'[^']*a.txt' {message}[^\n]*$"):
        load_corpus(write(tmp_path / "a.txt", data))


def test_a_context_too_long_for_the_text_is_refused_with_both_lengths(small):
    require_length(small, 99)
    with pytest.raises(CorpusError, match=r"it has 1,000 characters, .* a context of 100 needs at least 1,001; give"):
        require_length(small, 100)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(CorpusError, match=r"^no corpus is called 'tinyshakespear', and no file; did you mean 'tinysh"):
        load_corpus("tinyshakespear")


def test_a_folder_is_no_text(tmp_path):
    with pytest.raises(CorpusError, match="is a folder; give a text file"):
        load_corpus(str(tmp_path))


def test_a_path_that_cannot_be_read_is_explained():
    with pytest.raises(CorpusError, match="^cannot read 'long.*': .*; give the path of a UTF-8 text$"):
        load_corpus("long" * 99)


# Tiny Shakespeare: a local copy, and a download.


@pytest.fixture
def expected(monkeypatch):
    """Lets a short text stand for tiny Shakespeare."""
    download = Download("tinyshakespeare", "http://unused.invalid/", hashlib.sha256(TEXT.encode()).hexdigest())
    monkeypatch.setattr(module, "TINY_SHAKESPEARE", download)


@pytest.mark.parametrize("inside", ["tinyshakespeare/input.txt", "tinyshakespeare.txt", "input.txt"])
def test_a_copy_of_ones_own_is_found_in_its_folder_or_as_a_file(expected, tmp_path, monkeypatch, inside):
    file = tmp_path / inside
    file.parent.mkdir(exist_ok=True)
    write(file, TEXT.encode())
    for place in (tmp_path, file):
        monkeypatch.setenv("LOWER_TRIANGLE_DATA", str(place))
        assert load_corpus("tinyshakespeare").text == TEXT


def test_a_copy_that_is_another_text_is_refused(expected, tmp_path, monkeypatch):
    monkeypatch.setenv("LOWER_TRIANGLE_DATA", write(tmp_path / "input.txt", b"another text"))
    with pytest.raises(CorpusError, match="input.txt gave a file of 12 bytes and not 'tinyshakespeare': its sha256 is"):
        load_corpus("tinyshakespeare")


def test_a_variable_that_points_nowhere_is_an_error_and_no_download(tmp_path, monkeypatch):
    monkeypatch.setenv("LOWER_TRIANGLE_DATA", str(tmp_path))
    with pytest.raises(CorpusError, match="^LOWER_TRIANGLE_DATA=.* holds none of .*; put the text there, or unset"):
        load_corpus("tinyshakespeare")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setattr("pooch.os_cache", lambda name: folder)
    monkeypatch.setenv("no_proxy", "*")
    return folder


@pytest.fixture
def serve():
    """Starts a server that answers with the given bytes, and says they are `length` many; gives its address."""
    servers = []

    def start(data, length=None):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(length or len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments):
                """Say nothing."""

        servers.append(http.server.HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/input.txt"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def wanted(url):
    return Download("tinyshakespeare", url, hashlib.sha256(TEXT.encode()).hexdigest())


def test_a_download_is_kept_and_not_repeated(cache, serve):
    assert fetch(wanted(serve(TEXT.encode()))) == TEXT.encode()
    assert fetch(wanted("http://127.0.0.1:1/gone")) == TEXT.encode()
    assert [path.name for path in cache.iterdir()] == ["tinyshakespeare.txt"]


def test_a_page_in_place_of_the_text_is_recognised_and_not_kept(cache, serve):
    with pytest.raises(CorpusError, match="gave an HTML page of 28 bytes and not 'tinyshakespeare'.* nothing was kept"):
        fetch(wanted(serve(b"<!DOCTYPE html><html></html>")))
    assert not cache.exists()


def test_a_download_cut_short_is_refused_and_not_kept(cache, serve):
    with pytest.raises(
        CorpusError, match=r"^cannot fetch 'tinyshakespeare' from http://127[^\n]*; try again, set LOWER"
    ):
        fetch(wanted(serve(TEXT.encode()[:100], length=len(TEXT))))
    assert not cache.exists()


def test_without_a_network_the_way_out_is_told(cache):
    with pytest.raises(CorpusError, match=r"^cannot fetch [^\n]*\(ConnectionError\)[^\n]* or use the corpus play$"):
        fetch(wanted("http://127.0.0.1:1/input.txt"))
    assert not cache.exists()


def test_a_spoilt_copy_in_the_cache_is_fetched_again(cache, serve):
    cache.mkdir()
    write(cache / "tinyshakespeare.txt", b"spoilt")
    assert fetch(wanted(serve(TEXT.encode()))) == TEXT.encode()
