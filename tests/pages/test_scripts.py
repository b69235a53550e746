"""What browsers are sent of a script is the same script, and of a style sheet the same rules, without what is for us."""

from pathlib import Path

from rjsmin import jsmin

from pagecode.memory import Memory
from pagecode.publish.scripts import light_script, lighten, without_comments

DOCS = Path(__file__).parents[2] / "docs"

SCRIPT = """\
/** What it is for.
 *
 * @param {string} a
 */
export function first(a) {
  // Why.
  const address = "http://localhost"; // behind code
  const kept = `
    */ text, "/* text */"
  `;
  return a + +address + kept.replace(/[/]\\/ +x/g, "// no comment"); /* one line */
}
"""
LIGHT = (
    'export function first(a){const address="http://localhost";const kept=`\n    */ text, "/* text */"\n  `;'
    'return a+ +address+kept.replace(/[/]\\/ +x/g,"// no comment");}'
)


def test_a_script_loses_its_comments_and_indents_and_no_text(tmp_path):
    docs, site = tmp_path / "docs", tmp_path / "site"
    for folder in (docs, site):
        folder.mkdir()
        for name in ("a.mjs", "a.js"):
            (folder / name).write_text(SCRIPT)
    lighten(docs, site, Memory(tmp_path / "memory.json"))
    assert [(site / name).read_text() for name in ("a.mjs", "a.js")] == [LIGHT, LIGHT]
    assert (docs / "a.mjs").read_text() == SCRIPT


def test_what_jsmin_would_make_another_script_of_is_served_as_it_is():
    spoiled = {
        "const f = (a) => / b/.test(a);\n": "const f=(a)=>/b/.test(a);",
        "const f = (a) => `${a ? `, ${a}` : 1}`;\n": "const f=(a)=>`${a ? `,${a}` : 1}`;",
    }
    for text, other in spoiled.items():
        assert jsmin(text) == other
        assert light_script(text) == text
    assert light_script("const f = (a) => 1;\n") == "const f=(a)=>1;"


def test_all_of_our_own_are_served_lighter():
    scripts = [file for file in DOCS.rglob("*") if file.suffix in {".js", ".mjs"}]
    assert scripts
    assert [file.name for file in scripts if light_script(text := file.read_text(encoding="utf-8")) == text] == []


def test_a_style_sheet_loses_its_comments_and_nothing_else():
    text = "/* a\n   b */\n\na { color: red; } /* c */\n//b { color: blue; }\n"
    assert without_comments(text) == "\na { color: red; } /* c */\n//b { color: blue; }\n"


def test_only_our_own_files_are_touched(tmp_path):
    docs, site = tmp_path / "docs", tmp_path / "site"
    for folder in (docs / "assets", site / "assets"):
        folder.mkdir(parents=True)
    for file in (docs / "assets/ours.mjs", site / "assets/ours.mjs", site / "assets/theirs.js", docs / "not-served.js"):
        file.write_text("// why\nrun();\n")
    (docs / "assets/page.md").write_text("// why\n")
    lighten(docs, site, Memory(tmp_path / "memory.json"))
    assert (site / "assets/ours.mjs").read_text() == "run();"
    assert (site / "assets/theirs.js").read_text() == "// why\nrun();\n"
    assert (docs / "assets/ours.mjs").read_text() == "// why\nrun();\n"
    assert sorted(file.name for file in site.rglob("*.*")) == ["ours.mjs", "theirs.js"]
