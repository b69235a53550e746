"""Comments are for who reads the source: browsers are sent the rest of it, to the character."""

import pytest

from pagecode.publish.scripts import lighten, without_comments

SCRIPT = """\
/** What it is for.
 *
 * @param {string} a
 */
export function first(a) {
  // Why.
  const address = "http://localhost"; // behind code, it stays
  const kept = `
    */ text, "/* text */"
  `;
  /* one line */
  return a /* within */ + address + kept;
}
"""
LIGHT = """\
export function first(a) {
  const address = "http://localhost"; // behind code, it stays
  const kept = `
    */ text, "/* text */"
  `;
  return a /* within */ + address + kept;
}
"""


@pytest.mark.parametrize("suffix", [".mjs", ".js"])
def test_a_script_loses_the_comments_that_have_lines_of_their_own(suffix):
    assert without_comments(SCRIPT, suffix) == LIGHT


def test_a_style_sheet_loses_its_comments_and_nothing_else():
    text = "/* a\n   b */\n\na { color: red; } /* c */\n//b { color: blue; }\n"
    assert without_comments(text, ".css") == "\na { color: red; } /* c */\n//b { color: blue; }\n"


def test_only_our_own_files_are_touched(tmp_path):
    docs, site = tmp_path / "docs", tmp_path / "site"
    for folder in (docs / "assets", site / "assets"):
        folder.mkdir(parents=True)
    for file in (docs / "assets/ours.mjs", site / "assets/ours.mjs", site / "assets/theirs.js", docs / "not-served.js"):
        file.write_text("// why\nrun();\n")
    (docs / "assets/page.md").write_text("// why\n")
    lighten(docs, site)
    assert (site / "assets/ours.mjs").read_text() == "run();\n"
    assert (site / "assets/theirs.js").read_text() == "// why\nrun();\n"
    assert (docs / "assets/ours.mjs").read_text() == "// why\nrun();\n"
    assert sorted(file.name for file in site.rglob("*.*")) == ["ours.mjs", "theirs.js"]
