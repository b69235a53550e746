"""A text to learn from: found by name or by path, checked, split in two, and drawn from in batches.

Shapes: B batch, T time, N tokens of a split.
"""

import codecs
import contextlib
import difflib
import hashlib
import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from lower_triangle.errors import CorpusError
from lower_triangle.tokenizer import CharTokenizer

DATA_VARIABLE = "LOWER_TRIANGLE_DATA"
TRAIN_SHARE = 0.9
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
BYTE_ORDER_MARK = "\ufeff"

# Where a folder of the checkout lies inside the installed package.
INSTALLED_AS = {"data": "data", "results": "results_data"}


@dataclass(frozen=True)
class Download:
    """A text that is fetched when it is asked for, and believed only if its sha256 is the one we know."""

    name: str
    url: str
    sha256: str


TINY_SHAKESPEARE = Download(
    name="tinyshakespeare",
    url="https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
    sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
)


@dataclass(frozen=True, eq=False)
class Corpus:
    """A text, its vocabulary, and its tokens split by position: the first nine tenths to learn from, the rest to test.

    Args:
        name: what it was asked for by, a name or a path
        text: all its characters
        sha256: of the file's bytes
        tokenizer: of every character that occurs in it
        train: the tokens to learn from, (N,)
        val: the tokens to test on, (N,)
    """

    name: str
    text: str
    sha256: str
    tokenizer: CharTokenizer
    train: Tensor
    val: Tensor


def load_corpus(name_or_path: str = "play") -> Corpus:
    """The text of that name, or else in the file of that path. A name never stands in for another one.

    `play` comes with the package. `tinyshakespeare` is fetched once, or read from where LOWER_TRIANGLE_DATA points:
    the file, or a folder with tinyshakespeare/input.txt, tinyshakespeare.txt or input.txt in it. Line ends become \\n,
    as Python's own open() makes them.

    Raises:
        CorpusError: for a text that cannot be found, fetched, read or split.
    """
    name = str(name_or_path)
    data = CORPORA[name]() if name in CORPORA else read_bytes(Path(name))
    text = decode_text(data, name)
    tokenizer = CharTokenizer(text)
    train, val = split(torch.tensor(tokenizer.encode(text), dtype=torch.long))
    corpus = Corpus(name, text, hashlib.sha256(data).hexdigest(), tokenizer, train, val)
    require_length(corpus, context_length=1)
    return corpus


def split(tokens: Tensor) -> tuple[Tensor, Tensor]:
    """The first nine tenths, and the rest.

    Shapes:
        tokens: (N,)
    """
    boundary = int(TRAIN_SHARE * len(tokens))
    return tokens[:boundary], tokens[boundary:]


def require_length(corpus: Corpus, context_length: int) -> None:
    """Refuse a text whose splits do not both hold one whole context and the token after it.

    Raises:
        CorpusError: when it is too short.
    """
    shortest = 10 * context_length + 1
    if len(corpus.text) < shortest:
        raise CorpusError(
            f"{corpus.name!r} is too short: it has {len(corpus.text):,} characters, a tenth of them for validation, "
            f"and a context of {context_length:,} needs at least {shortest:,}; give a longer text or a smaller context"
        )


def draw_batch(
    tokens: Tensor, context_length: int, batch_size: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Chunks of the text from random places, and the same chunks one token later: what comes next.

    Shapes:
        tokens: (N,)
        returns: (B, T), (B, T)

    Raises:
        CorpusError: when no whole chunk and the token after it fit in the text.

    Source: Karpathy, "Let's build GPT", from 00:14:27.
    """
    if len(tokens) <= context_length:
        raise CorpusError(
            f"cannot draw chunks of {context_length} from {len(tokens)} tokens; it "
            f"takes at least {context_length + 1}: "
            "give a longer text or a smaller context"
        )
    beyond = len(tokens) - context_length  # the first start that does not fit
    starts = torch.randint(beyond, (batch_size,), generator=generator)  # (B,)
    positions = starts[:, None] + torch.arange(context_length)  # (B, T)
    return tokens[positions], tokens[positions + 1]


def packaged(folder: str, name: str) -> Path:
    """Where a file that travels with the package lies: inside it when installed, next to src/ in a checkout."""
    package = Path(__file__).parent
    installed = package / INSTALLED_AS[folder]
    return (installed if installed.is_dir() else package.parents[1] / folder) / name


def read_bytes(path: Path) -> bytes:
    """What is in a file, or one line on why it cannot be read."""
    try:
        return path.read_bytes()
    except IsADirectoryError as error:
        raise CorpusError(f"{str(path)!r} is a folder; give a text file, for example one in it") from error
    except (FileNotFoundError, NotADirectoryError) as error:
        near = difflib.get_close_matches(str(path), CORPORA, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"give {' or '.join(CORPORA)}, or the path of a UTF-8 text"
        raise CorpusError(f"no corpus is called {str(path)!r}, and no file; {hint}") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CorpusError(f"cannot read {str(path)!r}: {reason}; give the path of a UTF-8 text") from error


def decode_text(data: bytes, name: str) -> str:
    """UTF-8 bytes as text, without a byte order mark and with \\n for every line end."""
    if data.startswith(UTF_16_MARKS):
        raise CorpusError(f"{name!r} is UTF-16, and we read UTF-8; convert it: iconv -f UTF-16 -t UTF-8")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{name!r} is not UTF-8: byte {data[error.start]:#04x} at offset {error.start:,} begins no character; "
            "convert the text to UTF-8"
        ) from error
    if text.startswith(BYTE_ORDER_MARK):
        # It would be a token that is seen once, at the very start, and that no reader of the text can see.
        print(f"note: {name!r} starts with a UTF-8 byte order mark, which is left out", file=sys.stderr)
        text = text.removeprefix(BYTE_ORDER_MARK)
    if not text:
        raise CorpusError(f"{name!r} is empty; give a text of some thousand characters")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_play() -> bytes:
    """The play's bytes, from the package."""
    return read_bytes(packaged("data", "play.txt"))


def read_tiny_shakespeare() -> bytes:
    """Tiny Shakespeare's bytes: from the copy that DATA_VARIABLE points to, or else from the cache or the web."""
    place = os.environ.get(DATA_VARIABLE)
    if not place:
        return fetch(TINY_SHAKESPEARE)
    inside = ("tinyshakespeare/input.txt", "tinyshakespeare.txt", "input.txt")
    found = [path for path in (Path(place), *(Path(place, name) for name in inside)) if os.path.isfile(path)]
    if not found:
        raise CorpusError(
            f"{DATA_VARIABLE}={place!r} is no file and holds none of {', '.join(inside)}; "
            "put the text there, or unset the variable to have it fetched"
        )
    data = read_bytes(found[0])
    require_expected(data, TINY_SHAKESPEARE, source=str(found[0]))
    return data


def fetch(download: Download) -> bytes:
    """The bytes of a download, from the user's cache where it holds them already."""
    import pooch  # reaches for the network's libraries, so only when it is needed

    pooch.get_logger().setLevel(logging.WARNING)

    def get(url: str, output_file: str, _: object) -> None:
        pooch.HTTPDownloader(timeout=30)(url, output_file, None)
        require_expected(Path(output_file).read_bytes(), download, source=url)

    folder = Path(pooch.os_cache("lower-triangle"))
    try:
        path = pooch.retrieve(
            download.url, f"sha256:{download.sha256}", f"{download.name}.txt", path=folder, downloader=get
        )
    except OSError as error:  # requests' own errors are among them
        raise CorpusError(
            f"cannot fetch {download.name!r} from {download.url} ({type(error).__name__}); try again, "
            f"set {DATA_VARIABLE} to a folder that holds {download.name}.txt, or use the corpus play"
        ) from error
    finally:
        with contextlib.suppress(OSError):  # it holds the text, or others, and stays
            folder.rmdir()
    return Path(path).read_bytes()


def require_expected(data: bytes, download: Download, source: str) -> None:
    """Refuse bytes that are not the download's, and say what they are instead."""
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 == download.sha256:
        return
    is_page = data[:1000].lstrip().lower().startswith((b"<!doctype html", b"<html"))
    arrived = f"{'an HTML page' if is_page else 'a file'} of {len(data):,} bytes"
    raise CorpusError(
        f"{source} gave {arrived} and not {download.name!r}: its sha256 is {sha256[:16]}…, "
        f"expected {download.sha256[:16]}…; nothing was kept: try again, or set {DATA_VARIABLE} to a copy of your own"
    )


# The texts known by name, and how each is read.
CORPORA = {"play": read_play, "tinyshakespeare": read_tiny_shakespeare}
