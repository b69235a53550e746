"""The page of commands has every command and every flag of the real parser, and nothing else."""

import re
from pathlib import Path

import pytest

from lower_triangle.cli import COMMANDS, make_parser, overview
from pagecode.project import Project
from pagecode.reader import read_page

PROJECT = Project.load(Path(__file__).parents[2])
PAGE = read_page(PROJECT, PROJECT.docs / "reference" / "cli.md")
SECTIONS = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", PAGE.text, re.MULTILINE))
FLAG = re.compile(r"(?<![\w-])--[a-z][\w-]*")
EVERYWHERE = {"--help", "--json"}


def flags_of(name):
    """The flags of the parser itself, read without its help."""
    long = {flag for action in make_parser(name)._actions for flag in action.option_strings if flag.startswith("--")}
    return {flag.replace("_", "-") for flag in long}


@pytest.fixture(params=COMMANDS)
def command(request):
    return request.param


@pytest.fixture
def columns_of_a_page(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def flags_in(text):
    return {flag.replace("_", "-") for flag in FLAG.findall(text)}


def printed(call):
    """What the page shows below a command line."""
    return next(block.output.code for block in PAGE.blocks if block.kind == "sh" and block.code == f"{call}\n")


def test_there_is_a_section_for_each_command_in_the_order_of_the_help():
    assert list(SECTIONS) == [*COMMANDS, "Exit statuses"]


def test_the_help_of_the_program_is_on_the_page(columns_of_a_page):
    assert printed("lower-triangle --help") == overview() + "\n"


def test_the_help_of_each_command_is_in_its_section(command, columns_of_a_page):
    shown = printed(f"lower-triangle {command} --help")
    assert shown == make_parser(command).format_help()
    assert shown in SECTIONS[command]


def test_a_section_has_every_flag_of_its_command_and_no_other(command):
    assert flags_in(SECTIONS[command]) == flags_of(command)


def test_the_rest_of_the_page_names_flags_and_commands_that_exist():
    own = {flag for name in COMMANDS for flag in flags_of(name)}
    assert flags_in(PAGE.text) <= own
    assert set(re.findall(r"^lower-triangle ([a-z]+)", PAGE.text, re.MULTILINE)) == set(COMMANDS)


def test_what_holds_for_every_command_does(command):
    assert EVERYWHERE <= flags_of(command)


def test_each_flag_that_takes_a_value_tells_what_it_is_when_it_is_left_out(command):
    for action in make_parser(command)._actions:
        if action.option_strings and action.nargs != 0:
            told = action.help.endswith("]") or "left out" in action.help or action.default is not None
            assert told, f"{command} {action.option_strings[0]}: end its help with [what it is when it is left out]"


def test_a_section_begins_with_what_the_command_is_for_and_says_what_it_exits_with(command):
    assert SECTIONS[command].lstrip().startswith(f"`{command}` ")
    assert "exits with 0" in SECTIONS[command]


def test_the_help_is_not_scrolled():
    shown = "".join(block.output.code for block in PAGE.blocks if block.output)
    assert max(map(len, shown.split("\n"))) <= 80
