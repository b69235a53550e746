"""The flags of the command line: jsonargparse's parser, with dashes and with mistakes in our words."""

import argparse
import re
from typing import Any, NoReturn

from jsonargparse import ArgumentParser, Namespace

from lower_triangle.errors import UsageError, did_you_mean

PROGRAM = "lower-triangle"


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """The default beside each flag; examples as they were written."""


class Parser(ArgumentParser):
    """jsonargparse's parser: flags in dashes (underscores are understood), mistakes as our errors."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, exit_on_error=False, allow_abbrev=False, formatter_class=HelpFormatter, **kwargs)

    def parse_words(self, words: list[str]) -> Namespace | None:
        """The options, or None when it was help that was asked for and given."""
        words = [re.sub(r"^--[^=]+", lambda flag: "--" + flag[0][2:].replace("-", "_"), word) for word in words]
        try:
            return self.parse_args(words)
        except SystemExit:  # argparse ends the program after --help
            return None

    def format_help(self) -> str:
        text = re.sub(r"(?<=--)\w+", lambda flag: flag[0].replace("_", "-"), super().format_help())
        return re.sub(r"\s+\(default:\s+(None|False|\[\])\)", "", text)

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        raise UsageError(self.reword(message)) from ex

    def reword(self, message: str) -> str:
        """A message of argparse or jsonargparse in our words: what was given, what is allowed, what to try."""
        see, command = f"see {self.prog} --help", self.prog.removeprefix(f"{PROGRAM} ")
        if match := re.match(r'Parser key "(\w+)":.*?value: ([^\n]*)$', message, re.DOTALL):
            flag = "--" + match[1].replace("_", "-")
            kind = "a whole number" if "'int'" in message else "a number"
            return f"{flag} takes {kind}, not {match[2]!r}; {see}"
        if match := re.match(r"unrecognized arguments: (-[^\s=]*)", message):
            flags = re.findall(r"^  (?:-h, )?(--[a-z-]+)", self.format_help(), re.MULTILINE)
            return f"{command} has no flag {match[1].replace('_', '-')}; {did_you_mean(match[1], flags)}"
        if match := re.match(r"unrecognized arguments: (.*)", message):
            return f"{command} does not know what to do with {match[1]!r}; {see}"
        if match := re.match(r"argument (--\w+): expected one argument", message):
            flag = match[1].replace("_", "-")
            return f"{flag} needs a value; write {flag}=VALUE where the value starts with a dash"
        if match := re.match(r"the following arguments are required: (.*)", message):
            return f"{command} needs a {match[1].upper()}; {see}"
        return f"{message}; {see}"


def add_json(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON for a program to read")
