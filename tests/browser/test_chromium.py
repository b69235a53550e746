"""Which Chromium the browser tests take, and what they say where there is none."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .chromium import ADVICE, NoChromium, find


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A machine with no program on its path, and a user who is not root; its `put` adds a program."""
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    def put(name: str) -> str:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("#!/bin/sh\n")
        file.chmod(0o755)
        return str(file)

    return put


def never() -> None:
    pytest.fail("installed a package")


def test_the_order_in_which_a_chromium_is_looked_for(machine, monkeypatch):
    last = machine("playwright/chrome")
    assert find(last, never) == last
    chrome = machine("google-chrome")
    assert find(last, never) == chrome
    chromium = machine("chromium")
    assert find(last, never) == chromium
    shell = machine("chromium-headless-shell")
    assert find(last, never) == shell
    first = machine("mine/chrome")
    monkeypatch.setenv("CHROMIUM", first)
    assert find(last, never) == first


def test_root_gets_debians_where_nothing_else_is_there(machine, monkeypatch):
    machine("apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert find("/nowhere", lambda: machine("chromium")).endswith("/chromium")


def test_of_two_who_ask_at_once_one_installs_and_the_other_waits(machine, monkeypatch):
    machine("apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    installed = []

    def install() -> None:
        installed.append("begun")
        time.sleep(0.2)
        machine("chromium")

    with ThreadPoolExecutor(2) as both:
        found = list(both.map(lambda _: find("/nowhere", install), range(2)))
    assert installed == ["begun"] and all(path.endswith("/chromium") for path in found)


def test_who_is_not_root_installs_nothing_and_is_told_in_one_line_what_to_install(machine):
    machine("apt-get")
    with pytest.raises(NoChromium) as error:
        find("/nowhere", never)
    assert str(error.value) == ADVICE and "install chromium" in ADVICE and "\n" not in ADVICE


def test_an_installation_that_fails_says_the_same(machine, monkeypatch):
    machine("apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(NoChromium, match="install chromium"):
        find("/nowhere", lambda: None)


def test_a_wrong_name_is_not_passed_over(machine, monkeypatch):
    machine("chromium")
    monkeypatch.setenv("CHROMIUM", "/nowhere/chrome")
    with pytest.raises(NoChromium, match="CHROMIUM='/nowhere/chrome' is not a program"):
        find("/nowhere", never)
