"""Judging what was submitted again by the form's own rules, whatever the door: types, choices,
what is required, and constraints. What cannot be judged is said, never passed in silence."""

import re
from datetime import date, datetime
from xml.sax.saxutils import escape

from fangxian.spine.core import clock

from .xform import Question, Submission, XForm

Finding = tuple[str, str, str]  # path, kind, what is said
DATES = frozenset({"date", "dateTime", "time"})
# rxeval 0.1.1 finds every order of dates wrong: such rules are not given to it
DATED = re.compile(r"\b(today|now|date|date-time|decimal-date-time|decimal-time|format-date)\s*\(")


def judge(form: XForm, sent: Submission, *, at: datetime) -> list[Finding]:
    """What is wrong with a submission, by path. ``at`` is when it was finished."""
    by_path = {question.path: question for question in form.questions}
    found: list[Finding] = []
    if sent.root.tag.rsplit("}", 1)[-1] != form.root:
        return [("/", "type", "另一种表单的内容 / the content of another form")]
    for path, answer in sent.answers.items():
        question = by_path.get(bare(path))
        if question is None:
            found.append((path, "unknown", "表单没有这一题 / no such question"))
        elif answer:
            found += [(path, "type", why) for why in _type(question, answer)]
    return [*found, *_rules(form, sent, at)]


def bare(path: str) -> str:
    return re.sub(r"\[\d+\]", "", path)


def _type(question: Question, answer: str) -> list[str]:
    """Why an answer is none of its question's type."""
    wrong = False
    if question.type in ("int", "integer"):
        wrong = not re.fullmatch(r"[-+]?\d{1,18}", answer)
    elif question.type == "decimal":
        wrong = not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)", answer)
    elif question.type in ("date", "dateTime"):
        wrong = not _is_date(answer, whole=question.type == "date")
    elif question.type == "geopoint":
        wrong = not re.fullmatch(r"-?\d+(\.\d+)? -?\d+(\.\d+)?( -?\d+(\.\d+)?){0,2}", answer)
    if wrong:
        return [f"“{answer[:40]}”不是 {question.type} / no {question.type}"]
    known = {value for value, _ in question.choices}
    picked = answer.split() if question.control == "select" else [answer]
    if known and not set(picked) <= known:
        return [f"“{answer[:40]}”不在选项中 / not among the choices"]
    return []


def _is_date(text: str, *, whole: bool) -> bool:
    try:
        if whole:
            date.fromisoformat(text[:10])
            return len(text) == 10
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _rules(form: XForm, sent: Submission, at: datetime) -> list[Finding]:
    """Constraints and what is required, by rxeval, of a form and an answer written anew from what
    was read: nothing of the bytes that came reaches it."""
    import rxeval

    kept = [q for q in form.questions if not _dated(q, form)]
    unjudged = [q for q in form.questions if _dated(q, form)]
    here = clock.beijing(at)
    try:
        rows = rxeval.submission_findings(
            _form_of(form, kept),
            _instance_of(form, sent),
            today=here.date().isoformat(),
            now=here.isoformat(),
        )
    except (RuntimeError, ValueError) as error:
        return [("/", "not-evaluated", str(error)[:200])]
    found = [
        (row["path"], row["kind"], row["says"].split(": ", 1)[-1])
        for row in rows
        if row["kind"] != "calculation"
    ]
    for question in unjudged:
        if sent.answers.get(question.path) and (question.constraint or question.relevant):
            found.append((question.path, "not-evaluated", "日期规则未判 / a rule of dates"))
    return found


def _dated(question: Question, form: XForm) -> bool:
    """Whether a rule of the question compares dates."""
    rules = f"{question.constraint} {question.relevant}"
    dates = {q.path for q in form.questions if q.type in DATES}
    own = question.type in DATES and bool(question.constraint)
    return bool(DATED.search(rules)) or own or any(path in rules for path in dates)


def _form_of(form: XForm, questions: list[Question]) -> str:
    """A small XForm of rules alone."""
    binds = []
    for q in questions:
        rules = {
            "relevant": q.relevant,
            "constraint": q.constraint,
            "required": "true()" if q.required else "",
        }
        told = "".join(f' {k}="{escape(v, {chr(34): "&quot;"})}"' for k, v in rules.items() if v)
        message = (
            f' jr:constraintMsg="{escape(q.message, {chr(34): "&quot;"})}"' if q.message else ""
        )
        binds.append(f'<bind nodeset="{q.path}" type="{q.type}"{told}{message}/>')
    empty = tree(form.root, {q.path: "" for q in form.questions})
    return (
        '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" '
        'xmlns:jr="http://openrosa.org/javarosa"><h:head><model>'
        f"<instance>{empty}</instance>{''.join(binds)}</model></h:head><h:body/></h:html>"
    )


def _instance_of(form: XForm, sent: Submission) -> str:
    answers = {question.path: "" for question in form.questions}
    return tree(form.root, answers | sent.answers)


def tree(root: str, answers: dict[str, str]) -> str:
    """Nested elements of paths and their answers."""
    tree: dict[str, object] = {}
    for path, answer in answers.items():
        parts = path.strip("/").split("/")[1:]
        node = tree
        for part in parts[:-1]:
            inner = node.setdefault(part, {})
            node = inner if isinstance(inner, dict) else {}
        node[parts[-1]] = answer
    return f"<{root}>{_written(tree)}</{root}>"


def _written(tree: dict[str, object]) -> str:
    parts = []
    for name, value in tree.items():
        tag = re.sub(r"\[\d+\]", "", name)
        inner = _written(value) if isinstance(value, dict) else escape(str(value))
        parts.append(f"<{tag}>{inner}</{tag}>")
    return "".join(parts)
