"""Every public function and class of the kernels says five facts in its docstring: shape, unit,
what happens to NaN, which errors it raises, and its source (style rule 7).

Read with ``ast``: a decorated function (``njit``) is seen as it is written. A docstring may leave
facts to its module: "NaN, errors: as the module says." - then the module's docstring must say them.
"""

import ast
import re
from pathlib import Path

import fangxian.kernels

KERNELS = Path(fangxian.kernels.__file__).parent
UNITS = (
    r"mm|m|km|km2|m3/s|m3|h|d|days?|hours?|periods?|weeks?|months?|years?|steps?|persons?|cases?|"
    r"degrees|kt|%|ratio|shares?|probability|probabilities|counts?|dimensionless|units?|unit"
)
FACTS = {
    # (n,), (series, time), (members, 2: production, routing; mm), (...), or a scalar
    "shape": re.compile(r"\((?:\w[^()]*,[^()]*|\.\.\.)\)|\b[Ss]calars?\b"),
    "unit": re.compile(rf"(?<![\w/])(?:{UNITS})(?![\w/])", re.I),
    "NaN": re.compile(r"\bNaN\b|\b[Mm]issing\b"),
    "errors": re.compile(r"\b[Rr]aises\b|\b[Nn]o errors\b|\b[Nn]ever raises\b"),
    "source": re.compile(r"\bSources?: \S"),
}
LEFT_TO_MODULE = re.compile(
    r"\b((?:(?:shape|unit|NaN|errors|source)(?:, )?)+): as the module says", re.I
)


def facts_missing(doc, module_doc):
    """Names of the facts that neither the docstring says nor the module where it is asked."""
    doc, module_doc = " ".join(doc.split()), " ".join(module_doc.split())
    left = {word.strip().lower() for m in LEFT_TO_MODULE.findall(doc) for word in m.split(",")}
    own = LEFT_TO_MODULE.sub("", doc)
    return [
        fact
        for fact, said in FACTS.items()
        if not said.search(own) and not (fact.lower() in left and said.search(module_doc))
    ]


def fields_missing(node, doc):
    """Fields of a dataclass without a line of their own ("name: ..." or "one, other: ...")."""
    if not any("dataclass" in ast.unparse(d) for d in node.decorator_list):
        return []
    fields = [n.target.id for n in node.body if isinstance(n, ast.AnnAssign)]
    lines = re.findall(r"^\s*(\w+(?:, \w+)*): ", doc, re.M)
    told = {name for line in lines for name in line.split(", ")}
    return [f"field {name}" for name in fields if not name.startswith("_") and name not in told]


def lacking(source):
    """Public names of a module's source, each with what its docstring does not say."""
    tree = ast.parse(source)
    module_doc, found = ast.get_docstring(tree) or "", {}
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        doc = ast.get_docstring(node) or ""
        found[node.name] = facts_missing(doc, module_doc)
        if isinstance(node, ast.ClassDef):
            found[node.name] += fields_missing(node, doc)
            for method in node.body:  # its class says the shapes and units
                if isinstance(method, ast.FunctionDef) and not method.name.startswith("_"):
                    said = ast.get_docstring(method) or ""
                    silent = {"errors"} & set(facts_missing(said, module_doc))
                    found[f"{node.name}.{method.name}"] = sorted(silent)
    return found


def test_every_public_kernel_says_shape_unit_nan_errors_and_source():
    found = {
        f"{path.relative_to(KERNELS).with_suffix('')}:{name}": missing
        for path in sorted(KERNELS.rglob("*.py"))
        for name, missing in lacking(path.read_text()).items()
    }
    assert len(found) > 100
    assert {name: missing for name, missing in found.items() if missing} == {}


BAD = '''
"""A module. NaN gives NaN."""
def half(x):
    """Half of x (n,), in m. NaN, source: as the module says. Never raises."""
@njit(cache=True)
def silent(x):
    """Half of it."""
def _inner(x): ...
@dataclass
class Made:
    """Result. No errors. Source: definition. NaN stays.

    level: (time,), m.
    """
    level: int
    flow: int
    def told(self):
        """The flow."""
'''


def test_the_checker_sees_what_is_missing():
    assert lacking(BAD) == {
        "half": ["source"],
        "silent": ["shape", "unit", "NaN", "errors", "source"],
        "Made": ["field flow"],
        "Made.told": ["errors"],
    }
