"""The exercises by name, and their text, read without importing torch."""

import ast
import importlib
from dataclasses import dataclass
from pathlib import Path

from lower_triangle.errors import UsageError, did_you_mean
from lower_triangle.exercises.cases import Examination

# What a stub does until the reader replaces it.
NOT_BEGUN = "raise NotImplementedError"


@dataclass(frozen=True)
class Exercise:
    """One exercise. Its module holds the solution, a function of this name, and the EXAMINATION.

    Attributes:
        page: the address of the page that it belongs to
        task: what the function does, in one sentence
        function: the name that the reader's function must have
    """

    name: str
    title: str
    page: str
    task: str
    function: str

    @property
    def module(self) -> str:
        return self.name.replace("-", "_")

    @property
    def stub(self) -> str:
        """A file to begin with: the solution without its body."""
        text, definition = self.read()
        signature = "\n".join(text.split("\n")[definition.lineno - 1 : definition.body[0].end_lineno])
        return f"{imports_for(text, definition)}\n\n\n{signature}\n    {NOT_BEGUN}\n"

    @property
    def solution(self) -> str:
        """A file that passes."""
        text, definition = self.read()
        return f"{imports_for(text, definition)}\n\n\n{ast.get_source_segment(text, definition)}\n"

    def read(self) -> tuple[str, ast.FunctionDef]:
        """The source of the exercise's module, and the solution in it."""
        text = Path(__file__).with_name(f"{self.module}.py").read_text("utf-8")
        functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
        return text, next(node for node in functions if node.name == self.function)

    def examination(self) -> Examination:
        """Its cases and beliefs; this imports torch."""
        return importlib.import_module(f"{__package__}.{self.module}").EXAMINATION


def imports_for(text: str, definition: ast.FunctionDef) -> str:
    """The imports of a module that one of its functions needs, torch first of all for whoever writes another body."""
    used = {node.id for node in ast.walk(definition) if isinstance(node, ast.Name)} | {"torch"}
    imports = [node for node in ast.parse(text).body if isinstance(node, ast.Import | ast.ImportFrom)]
    needed = [node for node in imports if used & {(name.asname or name.name) for name in node.names}]
    lines = [ast.unparse(node) for node in needed]
    return "\n".join(lines).replace("\nimport torch", "\n\nimport torch")


def find_exercise(name: str) -> Exercise:
    """An exercise by its name.

    Raises:
        UsageError: when there is none of that name.
    """
    if name not in EXERCISES:
        raise UsageError(f"no exercise called {name!r}; {did_you_mean(name, EXERCISES)}")
    return EXERCISES[name]


EXERCISES = {
    exercise.name: exercise
    for exercise in (
        Exercise(
            name="encode-text",
            title="A text as numbers",
            page="grounding/text",
            task="Number the characters of a text.",
            function="encode_text",
        ),
        Exercise(
            name="merge-pair",
            title="One merge of a pair",
            page="grounding/text",
            task="Write one token for each pair.",
            function="merge_pair",
        ),
        Exercise(
            name="shift-targets",
            title="What comes next",
            page="grounding/batches",
            task="Say what each position predicts.",
            function="next_tokens",
        ),
        Exercise(
            name="softmax-rows",
            title="Scores to weights",
            page="grounding/softmax",
            task="Turn rows of scores into weights.",
            function="softmax_rows",
        ),
        Exercise(
            name="count-and-smooth",
            title="The counted bigram",
            page="grounding/bigram",
            task="Count pairs into probabilities.",
            function="pair_probabilities",
        ),
        Exercise(
            name="witten-bell",
            title="A share for what is new",
            page="grounding/counting",
            task="Mix counts with a shorter context.",
            function="witten_bell",
        ),
        Exercise(
            name="bring-into-range",
            title="Numbers in range",
            page="grounding/batch-norm",
            task="Give columns mean 0, variance 1.",
            function="bring_into_range",
        ),
        Exercise(
            name="crude-average",
            title="The crude average",
            page="attention/average",
            task="Average a position with its past.",
            function="crude_average",
        ),
        Exercise(
            name="causal-mask",
            title="The causal mask",
            page="attention/average",
            task="Say who may look at whom.",
            function="may_look",
        ),
        Exercise(
            name="match-scores",
            title="The match",
            page="attention/query-key-value",
            task="Score each query with each key.",
            function="match_scores",
        ),
        Exercise(
            name="one-query",
            title="One answer",
            page="attention/query-key-value",
            task="Answer one query.",
            function="answer",
        ),
        Exercise(
            name="masked-weights",
            title="Weights of the past",
            page="attention/causal-mask",
            task="Give what is hidden no weight.",
            function="masked_weights",
        ),
        Exercise(
            name="who-hears",
            title="Catch a leak",
            page="attention/causal-mask",
            task="Find who hears whom in a layer.",
            function="who_hears",
        ),
        Exercise(
            name="one-head",
            title="One head of attention",
            page="attention/one-head",
            task="Gather from the past what answers.",
            function="one_head",
        ),
        Exercise(
            name="place-tokens",
            title="Which and where",
            page="attention/one-head",
            task="Add a token's row and its place's.",
            function="place_tokens",
        ),
        Exercise(
            name="write-on",
            title="Write on",
            page="attention/one-head",
            task="Write on with what is likeliest.",
            function="write_on",
        ),
        Exercise(
            name="row-entropy",
            title="How undecided",
            page="attention/scaled",
            task="Say how undecided weights are.",
            function="row_entropy",
        ),
        Exercise(
            name="softmax-backward",
            title="Back through softmax",
            page="attention/scaled",
            task="Take a gradient to the scores.",
            function="softmax_backward",
        ),
        Exercise(
            name="cross-attend",
            title="Reading another text",
            page="attention/notes",
            task="Gather from another text.",
            function="cross_attend",
        ),
        Exercise(
            name="padding-mask",
            title="Texts of unequal length",
            page="attention/notes",
            task="Hide what pads a short text.",
            function="padding_mask",
        ),
        Exercise(
            name="split-heads",
            title="To each head its own",
            page="gpt/multi-head",
            task="Deal out numbers to the heads.",
            function="split_heads",
        ),
        Exercise(
            name="feed-forward",
            title="Think alone",
            page="gpt/feed-forward",
            task="Let each position think.",
            function="feed_forward_layer",
        ),
        Exercise(
            name="residual-block",
            title="Add to what came in",
            page="gpt/residual",
            task="Look, think, and add each time.",
            function="residual_block",
        ),
        Exercise(
            name="layer-norm",
            title="A common scale",
            page="gpt/layer-norm",
            task="Bring each position into range.",
            function="layer_norm_rows",
        ),
        Exercise(
            name="dropout",
            title="Forget on purpose",
            page="gpt/dropout-and-init",
            task="Forget, and make up for it.",
            function="drop",
        ),
        Exercise(
            name="count-parameters",
            title="All its numbers",
            page="gpt/gpt",
            task="Count what a GPT learns.",
            function="count_parameters",
        ),
        Exercise(
            name="adamw-steps",
            title="AdamW, step by step",
            page="gpt/training",
            task="Take some steps of AdamW.",
            function="adamw_steps",
        ),
        Exercise(
            name="top-p",
            title="The likeliest that reach p",
            page="gpt/sampling",
            task="Keep the likeliest, and scale.",
            function="nucleus",
        ),
        Exercise(
            name="unfuse-heads",
            title="The heads in one matrix",
            page="gpt/nanogpt",
            task="Take a fused matrix apart.",
            function="unfuse_heads",
        ),
    )
}
