"""Who may import whom, and that importing is silent."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

# Each may import only from those before it.
ORDER = """
    errors config tokenizer examples corpus counting softmax norms attention blocks
    model stages variants loss generate checkpoint convert folders devices parallel train
    beyond beyond.positions beyond.muon beyond.ngrams beyond.half beyond.fast results inspecting tracing export
    figures arrows standalone flags exercises.cases exercises.tensors exercises.verdict exercises.encode_text
    exercises.merge_pair exercises.shift_targets exercises.softmax_rows exercises.count_and_smooth exercises.witten_bell
    exercises.bring_into_range exercises.crude_average exercises.causal_mask exercises.match_scores
    exercises.one_query exercises.masked_weights exercises.who_hears exercises.one_head exercises.place_tokens
    exercises.write_on exercises.row_entropy exercises.softmax_backward exercises.cross_attend exercises.padding_mask
    exercises.split_heads exercises.feed_forward exercises.residual_block exercises.layer_norm
    exercises.dropout exercises.count_parameters exercises.adamw_steps exercises.top_p
    exercises.unfuse_heads
    exercises.attempts exercises.registry exercises.hints exercises.judge
    exercises.child exercises.submission exercises.commands exercises beyond.kv_cache beyond.folded beyond.evaluating beyond.by_hand cli __main__
""".split()

PACKAGE = Path(importlib.util.find_spec("lower_triangle").origin).parent
FILES = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in PACKAGE.rglob("*.py")}
MODULES = {name.removesuffix(".__init__"): path for name, path in FILES.items() if name != "__init__"}

IMPORT_ALL = """
import sys
import jsonargparse, matplotlib.pyplot, pooch, safetensors.torch, torch, tqdm  # theirs may write; ours must not
written = []
def watch(event, arguments):
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        written.append(arguments[0])
sys.addaudithook(watch)
before = torch.get_rng_state()
for name in sys.argv[1:]:
    __import__("lower_triangle." + name)
assert torch.equal(torch.get_rng_state(), before), "importing drew random numbers"
assert not written, written
"""


def imports_of(module: str) -> set[str]:
    """The modules of ours that a module names in its imports, those inside its functions included."""
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    sources = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    sources += [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    return {source.partition(".")[2] for source in sources if source.startswith("lower_triangle.")}


def test_each_module_imports_only_from_those_before_it():
    for place, module in enumerate(ORDER):
        assert imports_of(module) <= set(ORDER[:place]), module


def test_every_module_has_its_place_in_the_order():
    assert set(MODULES) == set(ORDER)


def test_importing_prints_nothing_writes_nothing_and_seeds_nothing():
    modules = [name for name in ORDER if name != "__main__"]
    done = subprocess.run([sys.executable, "-B", "-c", IMPORT_ALL, *modules], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
