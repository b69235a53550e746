"""Pages with one fault each: what the build must say, and the lines it must name, which begin with ⚑."""

IMPORT = """
```python
import torch
import torch.nn.functional as F
```
"""

FAULTS = {
    "last-place": (
        "expected '0.3335', got '0.3333'",
        """
```python
print(f"{1 / 3:.4f}")
```

```text
⚑0.3335
```
""",
    ),
    "earlier-place": (
        "expected 'tensor([0.1000, 0.2100])', got 'tensor([0.1000, 0.2000])'",
        IMPORT
        + """
```pycon
>>> torch.tensor([0.1, 0.2])
⚑tensor([0.1000, 0.2100])
```
""",
    ),
    "swapped-mask": (
        "expected 'tensor([[0., 1.],', got 'tensor([[1., 0.],'",
        IMPORT
        + """
```python
print(torch.ones(2, 2).tril())
```

```text
⚑tensor([[0., 1.],
        [1., 1.]])
```
""",
    ),
    "relabelled": ("'py' is no language of these pages", '⚑```py title="x"\n1 / 0\n```\n'),
    "no-language": ("a fence has no language", "⚑```\n1 / 0\n```\n"),
    "tildes": ("a ~~~ fence is not run; write ```", "⚑~~~python\n1 / 0\n~~~\n"),
    "quoted": ("a fence in a quote is not run", "⚑> ```python\n> 1 / 0\n> ```\n"),
    "on-a-bullet": ("a fence on the line of its bullet", "⚑- ```python\n  1 / 0\n  ```\n"),
    "tabbed": ("indent by spaces", "- x\n\n⚑\t```python\n\t1 / 0\n\t```\n"),
    "tab-inside": ("a tab is shown as spaces", '```python\n⚑x = "a\tb"\n```\n'),
    "shallow": ("indented less than its fence", "- x\n\n    ```python\n    x = 1\n⚑  y = 2\n    ```\n"),
    "unclosed": ("this fence is never closed", "⚑```python\n1 / 0\n"),
    "misspelt-path": ("did you mean rounded?", "⚑```python mini.averages.ronded\n```\n"),
    "no-module": ("there is no maxi under src/", "⚑```python maxi.averages.rounded\n```\n"),
    "a-module": ("is a module; name an object in it", "⚑```python mini.averages\n```\n"),
    "filled-embedding": ("an embedding fence is empty", "⚑```python mini.averages.rounded\nx = 1\n```\n"),
    "empty": ("an empty python fence", "⚑```python\n```\n"),
    "other-section": (
        "line 3 has it, in another section",
        """
## One

```python
x = 1
```

## Two

```python
⚑y = x + 1
```
""",
    ),
    "directive": ("doctest directives hide", "```pycon\n⚑>>> 1 / 3  # doctest: +SKIP\n0.5\n```\n"),
    "snippet": ("snippet markers are not expanded", '```python\n⚑--8<-- "mini.py"\n```\n'),
    "name-is-main": ("`if __name__`", '```python\nx = 1\n⚑if __name__=="__main__":\n    1 / 0\n```\n'),
    "missing-output": ("missing output: this block prints '1'", "⚑```python\nprint(1)\n```\n"),
    "missing-answer": ("more is printed than is shown: '2'", "```pycon\n⚑>>> 1 + 1\n```\n"),
    "orphan-output": ("a text fence shows what the python or sh fence right above it prints", "⚑```text\n1\n```\n"),
    "distant-output": (
        "a text fence shows what the python or sh fence right above it prints",
        "⚑```python\nprint(1)\n```\n\nIt prints:\n\n⚑```text\n1\n```\n",
    ),
    "empty-output": ("an empty text fence", "```python\nx = 1\n```\n\n⚑```text\n```\n"),
    "silent-block": ("the block above prints nothing", "```python\nx = 1\n```\n\n⚑```text\n1\n```\n"),
    "printed-more": (
        "more is printed than is shown: '2'",
        "```python\nprint(1)\nprint(2)\n```\n\n```text\n1\n⚑```\n",
    ),
    "printed-less": ("nothing more is printed", "```python\nprint(1)\n```\n\n```text\n1\n⚑2\n```\n"),
    "loose-line": (
        "neither code after >>> nor output right below it",
        "```pycon\n>>> 1\n1\n\n⚑so 2.5 is right\n```\n",
    ),
    "empty-line": ("prints an empty line", '```pycon\n⚑>>> print("a\\n\\nb")\na\n```\n'),
    "traceback": (
        "an exception ends a section",
        "```pycon\n⚑>>> 1 / 0\nTraceback (most recent call last):\nZeroDivisionError: division by zero\n```\n",
    ),
    "exception": ("ZeroDivisionError", "```python\nx = 0\n⚑1 / x\n```\n"),
    "syntax": ("does not parse", "```python\nx = 1\n⚑x = = 1\n```\n"),
    "command": ("ends with status 3: no luck", "⚑```sh\necho no luck >&2\nexit 3\n```\n"),
    "command-output": ("expected 'two', got 'one'", "```sh\necho one\n```\n\n```text\n⚑two\n```\n"),
    "not-drawn": ("draws 0 figures, and 1 images", "⚑```python\nx = 1\n```\n\n![A line](figures/a.svg)\n"),
    "no-block-to-draw": ("no python fence right above it", "Words.\n\n⚑![A line](figures/a.svg)\n"),
    "no-takeaway": (
        "needs its takeaway in words",
        "⚑```python\nimport matplotlib.pyplot as plt\n\nplt.plot([1, 2])\n```\n\n⚑![](figures/a.svg)\n",
    ),
    "two-meanings": (
        "sqrt is torch.sqrt here and math.sqrt at line 1",
        "```python\nfrom math import sqrt\n```\n\n⚑```python\nfrom torch import sqrt\n```\n",
    ),
    "dead-link": ("'nowhere.md' leads nowhere", "Some words.\n\n⚑A [link](nowhere.md).\n"),
    "dead-anchor": ("has no anchor #none", "⚑A [link](reaches.md#none).\n"),
    "dead-raw-link": ("'../nowhere/' leads nowhere", 'Some words.\n\n⚑<a href="../nowhere/">gone</a>\n'),
    "dead-image": ("'none.png' leads nowhere", '⚑<img src="none.png" alt="none">\n'),
    "no-entry": ("did you mean vaswani2017?", "Fine: [@vaswani2017 §1].\n\n⚑Not: [@vaswani2016 §1].\n"),
    "no-time": (
        "[@lecture 01:02:01] is no time",
        "Fine: [@lecture 01:02:00].\n\n⚑Not: [@lecture 01:02:01].\n\n⚑Again [@lecture\n01:02:01].\n",
    ),
    "garbled-formula": (r"\badmacro is not known", "Fine: \\(x\\).\n\n⚑\\(a + \\badmacro{b}\\)\n"),
    "indented-code": ("the page shows code that nobody ran: 'x = 1'", "Words.\n\n⚑    x = 1\n"),
    "raw-pre": (
        "the page shows code that nobody ran: 'y = 2 < 3'",
        "Words.\n\n⚑<pre><code>y = 2 &lt; 3</code></pre>\n",
    ),
    "not-rendered": ("not rendered as it stands", "Words.\n\n⚑    ```python\n    x = 1\n    ```\n"),
    "underlined-heading": ("lines that begin with ##: none", "⚑Words.\n\nSection\n-------\n\nWords.\n"),
    "patched": (
        "expected 'tensor([-2.])', got 'tensor([0.])'",
        IMPORT
        + """
## One

```python
F.relu = lambda x: 2 * x
torch.Tensor.twice = lambda x: 2 * x
```

## Two

```python
print(F.relu(torch.tensor([-1.0])))
```

```text
⚑tensor([-2.])
```

## Three

```python
⚑torch.ones(2).twice()
```
""",
    ),
    "print-options": (
        "expected 'tensor([0.33])', got 'tensor([0.3333])'",
        IMPORT
        + """
## One

```python
torch.set_printoptions(precision=2)
```

## Two

```python
print(torch.ones(1) / 3)
```

```text
⚑tensor([0.33])
```
""",
    ),
    "left-file": (
        "FileNotFoundError",
        """
```sh
echo 1 > left.txt
```

```python
from pathlib import Path

⚑text = Path("left.txt").read_text()
```
""",
    ),
    "two-faults": (
        "expected",
        """
```python
print(1)
print(2)
```

```text
⚑3
2
```

## Two

```pycon
>>> 1
⚑2
>>> 3
3
>>> 4
⚑5
```
""",
    ),
    "goes-on": (
        "got",
        """
```python
print("a")
```

```text
⚑b
```

```python
print("c")
```

```text
⚑d
```
""",
    ),
}

# What the page below shows is what sybil's pass prints: only its program, run with another seed, finds it out.
SEEDED = """
```python
import torch

print(torch.randint(10**9, (1,)))
```
"""
