"""The exercises: each solution passes, each wrong belief is recognised in a function that somebody might write."""

import io
import json
import linecache
import math
import re
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from wrong_answers import ADAMW, HEAD, WRONG

from lower_triangle.attention import Average
from lower_triangle.cli import main
from lower_triangle.errors import UsageError
from lower_triangle.exercises import check
from lower_triangle.exercises.child import check_source
from lower_triangle.exercises.judge import judge
from lower_triangle.exercises.registry import EXERCISES, find_exercise
from lower_triangle.exercises.submission import broken_off, check_file
from lower_triangle.exercises.verdict import report

EVERY_SLIP = [(name, belief) for name, bodies in WRONG.items() for belief in bodies]


def written(name, body):
    """The function of an exercise, with a body of the reader's."""
    exercise = find_exercise(name)
    lines = body.strip("\n").split("\n")
    indent = len(lines[-1]) - len(lines[-1].lstrip())
    text = "\n".join("    " + line[indent if line[:indent].isspace() else 0 :] for line in lines)
    parameters = ", ".join(exercise.examination().cases[0].arguments())
    namespace = {"torch": torch, "F": F, "math": math, "Average": Average}
    exec(f"def {exercise.function}({parameters}):\n{text}\n", namespace)
    return namespace[exercise.function]


def checked(name, body):
    return judge(find_exercise(name), written(name, body))


@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_is_right_and_the_stub_is_not_begun(name):
    exercise, answers = find_exercise(name), []
    for source in (exercise.solution, exercise.stub):
        namespace = {}
        exec(source, namespace)
        answers.append(judge(exercise, namespace[exercise.function]))
    assert answers[0].right and answers[0].passed == answers[0].cases > 4
    assert report(answers[1]) == (
        f"{name}: not begun yet\n  hint   In {exercise.function}, replace the line: raise NotImplementedError"
    )


def test_the_answers_that_the_slips_start_from_are_right():
    assert checked("one-head", HEAD).right
    assert checked("adamw-steps", ADAMW).right


@pytest.mark.parametrize(("name", "belief"), EVERY_SLIP, ids=[f"{name}: {belief}" for name, belief in EVERY_SLIP])
def test_a_wrong_belief_is_recognised_in_the_answer_that_it_gives(name, belief):
    verdict = checked(name, WRONG[name][belief])
    hints = {each.name: each.hint for each in find_exercise(name).examination().beliefs}
    assert (verdict.right, verdict.belief, verdict.hint) == (False, belief, hints[belief])


@pytest.mark.parametrize("name", EXERCISES)
def test_every_belief_of_the_catalogue_is_tried_and_has_a_hint_of_its_own(name):
    beliefs = find_exercise(name).examination().beliefs
    assert {belief.name for belief in beliefs} == set(WRONG[name])
    assert len({belief.hint for belief in beliefs}) == len(beliefs) >= 4
    assert all("tempts" in belief.hint and len(belief.hint) < 420 for belief in beliefs)
    assert not any("return" in belief.hint or "torch." in belief.hint for belief in beliefs), "a hint holds no solution"


# Right in other ways than the solutions: the exercise, and the body.
ALSO_RIGHT = [
    ("match-scores", "return q @ k.transpose(-2, -1)"),
    ("match-scores", 'return torch.einsum("...id,...jd->...ij", q, k)'),
    ("one-query", "return F.scaled_dot_product_attention(q[None], keys, values)[0]"),
    (
        "one-query",
        """
        scores = [q.dot(key) / len(q) ** 0.5 for key in keys]
        shares = [(score - max(scores)).exp() for score in scores]
        return sum(share * value for share, value in zip(shares, values)) / sum(shares)""",
    ),
    ("masked-weights", "return scores.masked_fill(~visible, -1e9).softmax(dim=-1)"),
    ("masked-weights", "return (scores + torch.where(visible, 0, -math.inf)).softmax(dim=-1)"),
    (
        "masked-weights",
        """
        scores = torch.where(visible, scores, -math.inf)
        shares = (scores - scores.amax(dim=-1, keepdim=True)).exp()
        return shares / shares.sum(dim=-1, keepdim=True)""",
    ),
    ("row-entropy", "return torch.special.entr(weights).sum(dim=-1)"),
    ("row-entropy", "return -(weights * (weights + 1e-9).log()).sum(dim=-1)"),
    ("row-entropy", "return -(weights * weights.log()).nansum(dim=-1)"),
    ("split-heads", "return torch.stack(x.split(x.size(-1) // n_head, dim=-1), dim=-3)"),
    (
        "unfuse-heads",
        """
        C = weight.size(1)
        heads = [weight[kind * C :][:C].reshape(n_head, C // n_head, C) for kind in range(3)]
        return torch.stack(heads, dim=1)""",
    ),
    ("who-hears", "return torch.autograd.functional.jacobian(layer, x).ne(0).any(dim=3).any(dim=1)"),
    ("who-hears", "return torch.func.jacrev(layer)(x).abs().amax(dim=(1, 3)) > 1e-6"),
    (
        "who-hears",
        """
        T = len(x)
        heard = torch.zeros(T, T, dtype=torch.bool)
        for i in range(T):
            for c in range(layer(x).size(1)):
                leaf = x.clone().requires_grad_()
                layer(leaf)[i, c].backward()
                heard[i] |= (leaf.grad != 0).any(dim=-1)
        return heard""",
    ),
]
ALSO_RIGHT += [
    (
        "adamw-steps",
        """
        parameter = torch.nn.Parameter(weights.clone())
        steps = torch.optim.AdamW([parameter], lr=rate, betas=(beta1, beta2), weight_decay=decay)
        rows = []
        for parameter.grad in gradients:
            steps.step()
            rows.append(parameter.detach().clone())
        return torch.stack(rows)""",
    ),
]
# However one pushes, as long as no two numbers of a position are pushed alike.
ALSO_RIGHT += [
    (
        "who-hears",
        f"""
        rng, columns = torch.Generator().manual_seed({seed}), []
        for j in range(len(x)):
            pushed = x.clone()
            pushed[j] += {size} * torch.randn(x.size(1), generator=rng)
            columns.append(~torch.isclose(layer(pushed), layer(x)).all(dim=-1))
        return torch.stack(columns, dim=1)""",
    )
    for seed, size in enumerate((0.1, 1, 10, 1000))
]


@pytest.mark.parametrize(("name", "body"), ALSO_RIGHT)
def test_other_right_answers_are_right(name, body):
    assert report(checked(name, body)).startswith(f"{name}: right, all ")


# What no belief explains: the exercise, the body, what is said to be behind it, and a part of the hint.
OTHER = [
    (
        "encode-text",
        "return torch.tensor([vocabulary.index(character) for character in text])",
        "another dtype",
        "float32, and torch.int64 is wanted",
    ),
    ("encode-text", "return [vocabulary.index(character) for character in text]", "no tensor", "and this is a list"),
    ("encode-text", "return torch.tensor([2, 0, 1])", "another shape", "one token, in a tensor of shape (1,)"),
    ("merge-pair", "return tokens", "another shape", "The shape is (5,), and (3,) is wanted."),
    ("merge-pair", "return torch.tensor([3, 0, 3])", "", "Is the pair at the end found?"),
    (
        "merge-pair",
        """
            out = []
            for token in tokens.tolist():
                if out and (out[-1], token) == (first, second):
                    out[-1] = new
                else:
                    out.append(token)
            tokens[: len(out)] = torch.tensor(out)
            return tokens[: len(out)]""",
        "an argument written into",
        "tokens is not what it was",
    ),
    (
        "shift-targets",
        "return tokens.unfold(0, context_length, 1)[starts + 1].T",
        "another shape",
        "its last two dimensions have changed places",
    ),
    (
        "shift-targets",
        "return [tokens[start + 1 : start + 1 + context_length] for start in starts]",
        "no tensor",
        "a list of 2 tensors",
    ),
    (
        "shift-targets",
        "return tokens[1:].unfold(0, context_length, 1)[starts].float()",
        "another dtype",
        "float32, and torch.int64 is wanted",
    ),
    ("softmax-rows", "return scores.sigmoid()", "", "which should be largest?"),
    ("softmax-rows", "return scores.detach().softmax(-1)", "cut off from the gradient", ".detach()"),
    (
        "softmax-rows",
        "return torch.stack([row.exp() / row.exp().sum() for row in scores - scores.amax(-1, keepdim=True)])",
        "",
        "Count the dimensions from the end",
    ),
    ("softmax-rows", "return (scores - scores.mean(-1, keepdim=True)).softmax(-1)", "NaN", "of ∞ − ∞"),
    (
        "count-and-smooth",
        "return F.one_hot(tokens[:-1], vocab_size).T @ F.one_hot(tokens[1:], vocab_size) + 1",
        "",
        "draw a bow over each pair",
    ),
    (
        "count-and-smooth",
        """
        V = int(tokens.max()) + 1
        counts = F.one_hot(tokens[:-1], V).T @ F.one_hot(tokens[1:], V) + 1
        return counts / counts.sum(1, keepdim=True)""",
        "another shape",
        "Token 2 exists",
    ),
    ("witten-bell", "return counts + counts.count_nonzero() * shorter", "", "add up all there are"),
    (
        "witten-bell",
        """
        n = counts.count_nonzero()
        return shorter if n == 0 else counts.add_(n * shorter).div_(counts.sum())""",
        "an argument written into",
        "counts is not what it was",
    ),
    ("bring-into-range", "return (x - x.median(dim=0).values) / x.std(0, correction=0)", "", "Take one column"),
    ("bring-into-range", "x -= x.mean(0)\nreturn x / x.std(0, correction=0)", "an argument written into", "x is not"),
    ("causal-mask", "return torch.ones(Tq, Tk).tril(Tk - Tq)", "another dtype", "float32, and torch.bool is wanted"),
    ("causal-mask", "return [[True]]", "no tensor", "should return a tensor, and this is a list"),
    ("causal-mask", "torch.ones(Tq, Tk)", "nothing returned", "It ends without return"),
    ("causal-mask", "print(torch.ones(Tq, Tk))", "nothing returned", "printing shows a value to you only"),
    ("causal-mask", "return torch.ones(Tq).bool()", "another shape", "The shape is (3,), and (3, 3) is wanted."),
    ("causal-mask", "return torch.ones(Tq, Tk).bool() & (torch.ones(Tk) > Tk)", "", "Draw the table"),
    ("causal-mask", "return torch.ones(3, 3).tril() == 1", "another shape", "or 3?"),
    ("causal-mask", "exit()", "an error", "The function ends the program"),
    ("causal-mask", "return input()", "an error", "The function waits for the keyboard"),
    ("crude-average", "return x.cumsum(-2).mT", "another shape", "The shape is (2, 3), and (3, 2)"),
    (
        "crude-average",
        "return x.cumsum_(-2).div_(torch.arange(1, x.size(-2) + 1)[:, None])",
        "an argument written into",
        "x is not what it was",
    ),
    ("crude-average", "return x * math.nan", "NaN", "There is a NaN in it."),
    ("crude-average", "return x + x.flip(-2)", "the future leaks", "rows before it move by up to 3."),
    ("crude-average", "return x.cumsum(-2) / 2", "rows that do not sum to one", "a text that repeats one letter"),
    ("crude-average", "return x", "", "write down which letters it may hear"),
    (
        "crude-average",
        "return x.detach().cumsum(-2) / torch.arange(1, x.size(-2) + 1)[:, None]",
        "cut off from the gradient",
        ".detach()",
    ),
    (
        "crude-average",
        "return torch.tensor((x.cumsum(-2) / torch.arange(1, x.size(-2) + 1)[:, None]).numpy())",
        "an error",
        "It went well without gradients.",
    ),
    ("match-scores", "return (q * k).sum()", "another shape", "The shape is (), and (3, 3) is wanted."),
    ("match-scores", "return q.sum(-1, keepdim=True) * k.sum(-1)[..., None, :]", "", "Take one wrong score."),
    (
        "one-query",
        "return (q[None] @ keys.T / len(q) ** 0.5).softmax(-1) @ values",
        "another shape",
        "The shape is (1, 2), and (2,) is wanted.",
    ),
    ("one-query", "return (keys @ q).log_softmax(0) @ values", "", "0.2840, 0.1400, 0.5760"),
    (
        "masked-weights",
        "return scores.masked_fill_(~visible, -math.inf).softmax(dim=-1)",
        "an argument written into",
        "scores is not what it was",
    ),
    (
        "masked-weights",
        "return scores.detach().masked_fill(~visible, -math.inf).softmax(dim=-1)",
        "cut off from the gradient",
        ".detach()",
    ),
    ("masked-weights", "return scores.masked_fill(~visible, math.nan).softmax(-1)", "NaN", "of 0 · ∞"),
    ("row-entropy", "return torch.special.entr(weights).sum(-1, keepdim=True)", "another shape", "(3, 1)"),
    ("row-entropy", "return weights.std(dim=-1)", "", "its natural logarithm"),
    (
        "who-hears",
        "return torch.autograd.functional.jacobian(layer, x).abs().sum(dim=(1, 3))",
        "how much, and not whether",
        "What makes True and False of numbers?",
    ),
    ("who-hears", "return torch.eye(len(x)).flip(0) == 1", "", "change x[j] by hand"),
    ("one-head", HEAD.replace("x @ w_q,", "(x @ w_q).detach(),"), "cut off from the gradient", "nothing could learn"),
    ("one-head", HEAD.replace("weights @ v", "2 * weights @ v"), "rows that do not sum to one", "print their sums"),
    ("crude-average", "return [x[: t + 1].mean(0) for t in range(len(x))]", "no tensor", "a list of 3 tensors"),
    ("crude-average", "T, C = x.shape; return Average()(x)", "a fixed number of dimensions", "(B, T, C)"),
    ("one-head", "B, T, C = x.shape", "a fixed number of dimensions", "from the end"),
    ("one-head", HEAD.replace("x @ w_k,", "x + w_k,"), "an error", "Print the shapes"),
    (
        "softmax-backward",
        """
            average = torch.stack([w @ g for w, g in zip(weights, gradient)])
            return weights * (gradient - average[:, None])""",
        "an error",
        "One table is right, several side by side are not.",
    ),
    ("softmax-backward", "return gradient", "", "Raise one score of the row"),
    (
        "softmax-backward",
        "average = gradient.mul_(weights).sum(-1, keepdim=True)\nreturn gradient - weights * average",
        "an argument written into",
        "gradient is not what it was",
    ),
    ("cross-attend", "return F.scaled_dot_product_attention(x, other, other)", "", "Fill in one."),
    (
        "cross-attend",
        "return F.scaled_dot_product_attention(x @ w_q, other @ w_k, (other @ w_v).detach())",
        "cut off from the gradient",
        ".detach()",
    ),
    (
        "cross-attend",
        "return ((x @ w_q) @ (other @ w_k).t() / w_q.size(1) ** 0.5).softmax(1) @ other @ w_v",
        "an error",
        "only the last two of k change places",
    ),
    ("padding-mask", "return torch.ones(len(lengths), T, T).bool()", "", "draw the table of that text alone"),
    (
        "padding-mask",
        """
            place = torch.arange(T)
            real = place >= T - lengths[:, None]
            return (place <= place[:, None]) * real[:, None] + torch.eye(T)""",
        "how much, and not whether",
        "What makes True and False of numbers?",
    ),
    (
        "place-tokens",
        "return token_table[tokens] + position_table.detach()[: tokens.size(1)]",
        "cut off from the gradient",
        "nothing could learn",
    ),
    ("place-tokens", "return token_table[tokens[0]] + position_table[: tokens.size(1)]", "another shape", "(1, 3, 2)"),
    ("adamw-steps", "return weights + gradients", "", "Take one weight"),
    ("place-tokens", "return position_table[: tokens.size(1)] + 0 * token_table[tokens]", "", "look up both rows"),
    (
        "write-on",
        """
            text = tokens[0].tolist()
            for _ in range(length):
                text.append(int(model(torch.tensor([text[-context_length:]]))[0, -1].argmax()))
            return torch.tensor(text)""",
        "another shape",
        "has one of the dimensions moved, or been kept or dropped?",
    ),
    ("write-on", "return model(tokens)", "another shape", "The shape is (1, 1, 3), and (1, 3) is wanted."),
    ("write-on", "return torch.cat([tokens, model(tokens[0])])", "an error", "Print the shapes"),
]


@pytest.mark.parametrize(("name", "body", "belief", "hint"), OTHER, ids=[row[1][:40] for row in OTHER])
def test_what_no_belief_explains_is_still_told_from_the_answer(name, body, belief, hint, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    verdict = checked(name, body)
    assert (verdict.right, verdict.belief) == (False, belief)
    assert hint in verdict.hint


def test_a_report_is_one_screen():
    for name, bodies in WRONG.items():
        for body in bodies.values():
            lines = report(checked(name, body)).split("\n")
            assert len(lines) < 24 and max(map(len, lines)) < 80, lines


def test_a_report_says_the_case_the_arguments_wanted_got_and_the_hint():
    shown = report(checked("crude-average", WRONG["crude-average"]["divided by T"]))
    assert shown.split("\n")[:5] == [
        "crude-average: case 1 of 6 fails: the letters of yet",
        "  given  x = [[5, 5], [0, 10], [10, 0]]",
        "  wanted [[5, 5], [2.5, 7.5], [5, 5]]",
        "  got    [[1.6667, 1.6667], [1.6667, 5], [5, 5]]",
        "  hint   Every row is divided by T, how long the whole text is. It tempts,",
    ]


def test_a_mask_needs_no_gradient_and_is_not_named_among_what_does():
    verdict = checked("masked-weights", "return scores.detach().masked_fill(~visible, -math.inf).softmax(dim=-1)")
    assert verdict.facts == {"wanted": "a gradient for scores", "got": "none, or another, for scores"}


def test_a_layer_that_is_asked_about_says_what_it_does():
    shown = report(checked("who-hears", "return torch.eye(len(x)) == 1"))
    assert "given  layer = the crude average, x = [[5, 5], [0, 10], [10, 0]]" in shown


def test_checking_draws_no_random_numbers():
    before = torch.get_rng_state()
    assert checked("one-head", HEAD).right
    assert checked("adamw-steps", ADAMW).right
    assert torch.equal(torch.get_rng_state(), before)


def test_a_function_is_checked_where_it_stands(capsys):
    check("causal-mask", lambda Tq, Tk: torch.ones(Tq, Tk, dtype=torch.bool).tril(Tk - Tq))
    assert capsys.readouterr().out == "causal-mask: right, all 5 cases\n"
    check("causal-mask", lambda T: T)
    assert "may_look(T) is called as may_look(Tq, Tk)" in capsys.readouterr().out
    check("causal-mask", 3)
    assert "may_look is no function, it is a int" in capsys.readouterr().out
    with pytest.raises(UsageError, match="no exercise called 'mask'"):
        check("mask", print)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_stub_is_written_solved_and_checked_from_the_command_line(folder, capsys):
    assert main(["exercises", "causal-mask"]) == 0
    stub = capsys.readouterr().out
    assert stub == EXERCISES["causal-mask"].stub
    Path("torch.py").write_text("raise ImportError('this is not torch')\n")
    Path("beside.py").write_text("def later(key, query):\n    return key > query\n")
    body = "    return ~later(torch.arange(Tk), torch.arange(Tk - Tq, Tk)[:, None])"
    solved = stub.replace("    raise NotImplementedError", body)
    Path("mine.py").write_text(f"from beside import later\n{solved}\nprint('checked as', __name__)\n")
    assert main(["check", "causal-mask", "mine.py"]) == 0
    assert capsys.readouterr().out == "| checked as submission\ncausal-mask: right, all 5 cases\n"


def test_an_error_names_the_line_of_the_readers_file_and_not_ours(folder, capsys):
    Path("mine.py").write_text(
        "import os\n\n\ndef crude_average(x):\n    print('T is', x.size(-2))\n    os.write(1, b'raw\\n')\n"
        "    return x.size(-2) + no\n"
    )
    assert main(["check", "crude-average", "mine.py"]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert out.split("\n") == [
        "| T is 3",
        "| raw",
        "crude-average: case 1 of 6 fails: the letters of yet",
        "  given  x = [[5, 5], [0, 10], [10, 0]]",
        "  raised NameError: name 'no' is not defined",
        "  at     mine.py:7: return x.size(-2) + no",
        "  hint   Print the shapes on the line before, and say of each dimension what it",
        "         counts.",
        "",
    ]


def test_a_loop_without_end_is_stopped_and_its_line_named(folder):
    Path("mine.py").write_text("def may_look(Tq, Tk):\n    while Tq:\n        pass\n")
    verdict = check_file(find_exercise("causal-mask"), "mine.py", seconds=1)
    assert verdict.title == "3 queries, 3 keys: still running after 1 seconds, and stopped"
    assert verdict.facts["at"].startswith("mine.py:") and not verdict.right


def test_a_file_that_does_not_end_before_its_function_is_called_is_told_so():
    aside = 'Timeout (0:00:10)!\nThread 0x1 (most recent call first):\n  File "my.py", line 2 in <module>\n'
    verdict = broken_off(find_exercise("one-head"), "my.py", b"import torch\nfit()\n", 10, None, 1, aside)
    assert report(verdict).split("\n")[:2] == [
        "one-head: my.py is still running after 10 seconds, and stopped",
        "  at     my.py:2: fit()",
    ]
    assert verdict.hint.endswith('What takes long belongs under if __name__ == "__main__":')


def test_a_file_that_ends_python_itself_ends_its_own_process(folder, capsys):
    Path("mine.py").write_text("import os\ndef may_look(Tq, Tk): os._exit(7)\n")
    assert main(["check", "causal-mask", "mine.py"]) == 1
    first = "causal-mask: case 1 of 5 fails: 3 queries, 3 keys: Python itself ended, with\n  status 7\n"
    assert capsys.readouterr().out.startswith(first)


def loaded(source):
    """The verdict on a file's source, in this process."""
    out = io.StringIO()
    linecache.cache["mine.py"] = (len(source), None, source.splitlines(True), "mine.py")
    verdict = check_source(find_exercise("causal-mask"), source.encode(), "mine.py", out)
    return verdict, [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_file_that_does_not_run_to_its_end_is_told_so():
    verdict, _ = loaded("import sys\ndef may_look(Tq, Tk): ...\nprint(1)\nsys.exit(3)\n")
    assert report(verdict).split("\n")[:4] == [
        "| 1",
        "causal-mask: mine.py does not run to its end",
        "  raised SystemExit: 3",
        "  at     mine.py:4: sys.exit(3)",
    ]


def test_what_stands_under_main_is_not_run():
    with pytest.raises(UsageError, match="mine.py defines may_look only under a condition .* __main__ perhaps"):
        loaded("if __name__ == '__main__':\n    def may_look(Tq, Tk): ...\n")


def test_each_case_is_announced_so_that_one_without_end_can_be_named():
    verdict, messages = loaded("import torch\ndef may_look(Tq, Tk): return torch.ones(Tq, Tk).tril() == 1\n")
    assert messages == [{"passed": passed} for passed in range(4)]
    assert (verdict.passed, verdict.title) == (3, "2 queries, 4 keys")


def test_a_file_comes_from_stdin_and_the_facts_go_to_a_program(folder, capsys, monkeypatch):
    source = "import torch\ndef may_look(Tq, Tk): return torch.ones(Tq, Tk) == 1\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(source.encode())))
    assert main(["check", "causal-mask", "-", "--json"]) == 1
    facts = json.loads(capsys.readouterr().out)
    assert (facts["right"], facts["passed"], facts["cases"]) == (False, 0, 5)
    assert facts["belief"] == "everyone may look at everyone"
    assert facts["facts"]["got"].startswith("[[True, True, True]")


MISTAKES = {
    "check": "check needs an EXERCISE and a FILE; list the exercises: lower-triangle exercises",
    "check one-head": "check needs a FILE of yours; begin one: lower-triangle exercises one-head > one-head.py",
    "check causal_mask mine.py": "no exercise called 'causal_mask'; did you mean 'causal-mask'?",
    "check causal-mask nowhere.py": "no file at 'nowhere.py'; begin one: lower-triangle exercises causal-mask > ",
    "check causal-mask .": "cannot read '.': Is a directory; give a Python file",
    "check causal-mask mine.ipynb": "'mine.ipynb' is a notebook; write in it: from lower_triangle.exercises import",
    "check causal-mask near.py": "near.py defines no may_look; is it 'my_look'?",
    "check causal-mask far.py": "far.py defines no may_look; it has average, head",
    "check causal-mask empty.py": "empty.py defines no may_look; it defines no function; begin with: lower-triangle",
    "check causal-mask broken.py": "broken.py:2: expected ':', at: def may_look(Tq, Tk); mend it first",
    "check causal-mask latin.py": "latin.py",
    "check causal-mask near.py extra": "check does not know what to do with 'extra'; see lower-triangle check --help",
    "exercises one-hed": "no exercise called 'one-hed'; did you mean 'one-head'?",
    "exercises --solution": "--solution needs an EXERCISE; list them: lower-triangle exercises",
}


@pytest.mark.parametrize(("words", "expected"), MISTAKES.items(), ids=MISTAKES)
def test_a_slip_of_usage_is_one_line_and_code_2_without_a_process(folder, capsys, monkeypatch, words, expected):
    Path("near.py").write_text("def my_look(Tq, Tk): ...\n")
    Path("far.py").write_text("def average(x): ...\ndef head(x): ...\n")
    Path("empty.py").touch()
    Path("broken.py").write_text("\ndef may_look(Tq, Tk)\n    return 1\n")
    Path("latin.py").write_bytes(b"name = '\xe9'\n")
    monkeypatch.setattr("subprocess.run", None)  # none of these may start a process
    assert main(words.split()) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert err.startswith(f"lower-triangle: {expected}")


def test_the_exercises_are_listed_with_their_pages(capsys):
    assert main(["exercises"]) == 0
    shown = capsys.readouterr().out
    for exercise in EXERCISES.values():
        assert re.search(rf"^{exercise.name} +{exercise.task} +{exercise.page}$", shown, re.MULTILINE)
        assert (Path(__file__).parents[2] / "docs" / f"{exercise.page}.md").is_file()
    assert max(map(len, shown.split("\n"))) < 80
    assert main(["exercises", "--json"]) == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)] == list(EXERCISES)


def test_the_solution_is_there_for_whoever_gives_up(capsys):
    assert main(["exercises", "one-head", "--solution"]) == 0
    namespace = {}
    exec(capsys.readouterr().out, namespace)
    assert judge(find_exercise("one-head"), namespace["one_head"]).right
