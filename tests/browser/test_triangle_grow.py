"""A text that a model writes on in the page: the same as in Python, a character at a time or all along."""

import json
import random
import re
from collections.abc import Callable, Iterator

import pytest
import torch
from playwright.sync_api import Page, expect
from widgets.golden import read_model

from lower_triangle.generate import generate, keep_top_k, keep_top_p
from lower_triangle.tokenizer import CharTokenizer

from .axe import violations
from .served import ROOT
from .tab import Tab
from .waiting import until

MODELS = ROOT / "docs/assets/models"
ENTRIES = {each["stage"]: each for each in json.loads((MODELS / "manifest.json").read_text("utf-8"))["models"]}
RUNS = "document.querySelector('triangle-grow.running .bars tr') !== null"
START = "my"
WRITTEN = "document.querySelector('triangle-grow .written').textContent"
LONG = f"length => {WRITTEN}.length >= length"


@pytest.fixture
def grow(tab: Tab) -> Iterator[Page]:
    with tab.at("play/") as page:
        begin(page)
        yield page


def begin(page: Page) -> None:
    page.locator("triangle-grow").evaluate("element => element.scrollIntoView()")
    assert until(page, RUNS)


def within(page: Page, label: str):
    return page.locator("triangle-grow").get_by_label(label)


def click(page: Page, name: str, times: int = 1) -> None:
    for _ in range(times):
        page.locator("triangle-grow").get_by_role("button", name=name, exact=True).click()


def by_python(stage: str, prompt: str, length: int, seed: int = 0, *choice: float | None) -> str:
    entry = ENTRIES[stage]
    tokenizer, model = CharTokenizer(entry["vocabulary"]), read_model(MODELS, entry)
    return prompt + tokenizer.decode(generate(model, tokenizer.encode(prompt), length, random.Random(seed), *choice))


def bars(page: Page) -> dict[str, float]:
    rows = page.locator("triangle-grow .bars tr").all_inner_texts()
    return {row.split()[0]: float(re.search(r"[\d.]+(?= %)", row)[0]) for row in rows}


def test_character_by_character_and_all_along_it_writes_what_python_writes(grow: Page):
    expected = by_python("multi_head", START, 30)
    for length in range(1, 9):
        click(grow, "One character")
        assert grow.evaluate(WRITTEN) == expected[: len(START) + length]
        assert grow.locator("triangle-grow tbody[role] tr").count() == min(8, len(START) + length)
    click(grow, "Write on")
    assert until(grow, LONG, 40)
    click(grow, "Pause")
    text = grow.evaluate(WRITTEN)
    assert text.startswith(expected)
    grow.wait_for_timeout(200)
    assert grow.evaluate(WRITTEN) == text
    click(grow, "Start again")
    assert grow.evaluate(WRITTEN) == START


def test_the_choice_holds_from_the_next_character_on_and_is_explained(grow: Page):
    within(grow, "Seed").fill("5")
    within(grow, "Temperature").fill("0.7")
    within(grow, "Top-k").fill("6")
    within(grow, "Top-p").fill("0.85")
    expected = by_python("multi_head", START, 12, 5, 0.7, 6, 0.85)
    click(grow, "One character", 12)
    assert grow.evaluate(WRITTEN) == expected
    said = grow.locator("triangle-grow .dart").inner_text()
    dart, who, start, end = re.search(
        r"fell at ([\d.]+)\. In the order of the vocabulary (.), with [\d.]+ %, has the line from ([\d.]+) to ([\d.]+)\.",
        said,
    ).groups()
    assert float(start) <= float(dart) <= float(end)
    assert who == {" ": "␣", "\n": "⏎"}.get(expected[-1], expected[-1])
    # The bars are of the character after that.
    assert grow.locator("triangle-grow .bars caption").inner_text() == f"What may come next, after {who}"
    within(grow, "Temperature").fill("0")
    click(grow, "One character")
    assert grow.locator("triangle-grow .dart").inner_text().startswith("Temperature 0 takes the likeliest")
    assert grow.evaluate(WRITTEN)[:-1] == expected


def test_the_bars_are_the_probabilities_that_torch_computes(grow: Page):
    entry = ENTRIES["multi_head"]
    tokens = torch.tensor([CharTokenizer(entry["vocabulary"]).encode(START)])
    with torch.no_grad():
        logits = read_model(MODELS, entry)(tokens)[0, -1]
    within(grow, "Temperature").fill("2")
    within(grow, "Top-k").fill("4")
    expected = keep_top_k((logits / 2).softmax(dim=-1), 4)
    shown = bars(grow)
    assert len(shown) == 5 and shown["others"] == 0  # those that may come, and no more
    for token in expected.argsort(descending=True)[:4].tolist():
        name = {" ": "␣", "\n": "⏎"}.get(entry["vocabulary"][token], entry["vocabulary"][token])
        assert shown[name] == pytest.approx(100 * expected[token].item(), abs=0.051)
    within(grow, "Top-k").fill("")
    within(grow, "Top-p").fill("0.5")
    kept = keep_top_p((logits / 2).softmax(dim=-1), 0.5)
    assert sum(share > 0 for share in bars(grow).values()) == int((kept > 0).sum())


def test_past_the_context_it_goes_on_and_stages_without_attention_write_too(grow: Page):
    for stage in ("bigram", "average"):
        within(grow, "Model").select_option(stage)
        expect(grow.locator("triangle-grow .body")).to_be_visible()
        assert until(grow, f"{RUNS} && {WRITTEN} === '{START}'")
        click(grow, "Write on")
        assert until(grow, LONG, 27)
        click(grow, "Pause")
        assert grow.evaluate(WRITTEN).startswith(by_python(stage, START, 20))
        assert grow.locator("triangle-grow .matrix").is_visible() == (stage == "average")


def test_what_cannot_be_chosen_or_begun_with_is_said_and_nothing_is_lost(grow: Page):
    click(grow, "One character", 3)
    text = grow.evaluate(WRITTEN)
    rules = {
        "Temperature": "Temperature is a number from 0 to 5.",
        "Top-k": "Top-k is a whole number from 1 to 65.",
        "Top-p": "Top-p is a number from 0.05 to 1.",
        "Seed": "The seed is a whole number from 0 to 4294967295.",
    }
    wrong = [
        ("Temperature", "-1"),
        ("Temperature", ""),
        ("Top-k", "0"),
        ("Top-k", "1.5"),
        ("Top-k", "66"),
        ("Top-p", "2"),
    ]
    for field, value in wrong:
        before = within(grow, field).input_value()
        within(grow, field).fill(value)
        assert grow.locator("triangle-grow .body > .hint").inner_text() == rules[field], value
        assert grow.get_by_role("button", name="One character").is_disabled()
        within(grow, field).fill(before)
        assert grow.get_by_role("button", name="One character").is_enabled()
    assert grow.evaluate(WRITTEN) == text
    for seed in ("", "-3", "0.5"):
        within(grow, "Seed").fill(seed)
        assert grow.locator("triangle-grow .body > .hint").inner_text() == rules["Seed"]
        assert grow.evaluate(WRITTEN) == text
    within(grow, "Seed").fill("1")
    assert grow.evaluate(WRITTEN) == START
    prompt = within(grow, "The text to begin with")
    prompt.fill("")
    assert "Type at least one character" in grow.locator("triangle-grow .body > .hint").inner_text()
    prompt.fill("🙂<img src=x onerror=alert(1)>")
    assert "left out: 🙂 (U+1F642)" in grow.locator("triangle-grow .body > .hint").inner_text()
    assert grow.evaluate(WRITTEN) == "img srcx onerroralert"
    assert grow.locator("triangle-grow img").count() == 0


def test_of_twenty_quick_clicks_nothing_is_drawn_twice(grow: Page):
    within(grow, "Model").select_option("gpt")
    assert until(grow, "document.querySelectorAll('triangle-grow .thumbnails button').length === 16", seconds=15)
    grow.evaluate(
        """() => {
          const buttons = [...document.querySelectorAll("triangle-grow button")];
          const named = name => buttons.find(button => button.textContent === name);
          for (let i = 0; i < 20; i++) named(["One character", "Start again"][i % 2]).click();
          named("One character").click();
        }"""
    )
    grow.wait_for_timeout(500)
    text = grow.evaluate(WRITTEN)
    assert text in (START, by_python("gpt", START, 1))
    click(grow, "Start again")
    click(grow, "Write on")
    assert until(grow, LONG, 70, seconds=20)
    click(grow, "Pause")
    assert grow.evaluate(WRITTEN).startswith(by_python("gpt", START, 68))


def test_axe_finds_nothing_light_or_dark_wide_or_narrow(visit: Callable[..., Page]):
    for width in (1280, 320):
        page = visit("play/", viewport={"width": width, "height": 800}, reduced_motion="reduce")
        begin(page)
        click(page, "One character", 4)
        for scheme in ("default", "slate"):
            page.evaluate("scheme => document.body.setAttribute('data-md-color-scheme', scheme)", scheme)
            assert violations([page], within="triangle-grow") == []
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_on_the_page_about_sampling_the_largest_waits_to_be_asked_for(visit: Callable[..., Page]):
    page = visit("gpt/sampling/")
    page.locator("triangle-grow").evaluate("element => element.scrollIntoView()")
    button = page.get_by_role("button", name="Run gpt, 1.6 MB")
    expect(button).to_be_visible()
    assert page.locator("triangle-grow figure").is_visible()
    button.focus()
    page.keyboard.press("Enter")
    assert until(page, RUNS, seconds=15)
    assert page.evaluate("document.activeElement.localName") == "textarea"
    # What the page prints of this very distribution: the likeliest after "O, what a", a line of twelve.
    printed = page.locator("triangle-grow pre", has_text="top-k 5 has 0.").text_content()
    likeliest = re.search(r"^(.{12})\ntop-k 5 has", printed, re.MULTILINE)[1].replace(" ", "␣")
    assert "".join(bars(page))[:10] == likeliest[:10]
