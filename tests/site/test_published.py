"""What was published once is still there, and what is there is on the list."""

from pathlib import Path

from pagecode.publish.addresses import Addresses, missing, of_site

ROOT = Path(__file__).parents[2]
KNOWN = Addresses.load(ROOT)


def test_every_published_address_is_in_the_site_or_leads_on_from_there():
    gone = missing(ROOT / "site", [*KNOWN.published, *KNOWN.moved])
    assert gone == [], 'bring them back, or say where each has gone: a line "old/" = "new/" under [moved]'


def test_every_page_and_file_of_the_site_is_on_the_list():
    new = sorted(set(of_site(ROOT / "site", KNOWN.moved)) - set(KNOWN.published))
    assert new == [], "run make addresses, and commit the lines that it adds to addresses.toml"


def test_the_list_is_in_order_and_names_each_address_once():
    assert KNOWN.published == sorted(set(KNOWN.published))
