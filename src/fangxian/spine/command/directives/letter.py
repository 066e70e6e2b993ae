"""The closure letter of a directive (办结单), in plain text: what was wanted, who did it by when.
Both headquarters' halves stand in one letter."""

from fangxian.spine.core import clock
from fangxian.spine.core.hazards import headquarters

from .models import Directive, Item


def closure_letter(directive: Directive) -> str:
    """Says of each item what became of it, also of what is not done yet."""
    names = {code: words[0] for code, words in headquarters().items()}
    rows = list(
        directive.items.exclude(state__in=("dropped", "proposed"))
        .select_related("post__organisation")
        .order_by("headquarters", "number", "pk")
    )
    closed = sum(row.state == "closed" for row in rows)
    issued = clock.beijing(directive.issued_at)
    head = [
        f"关于《{directive.title}》落实情况的办结单",
        "",
        f"来文：{directive.leader or '—'} {directive.document_no} {issued:%Y年%m月%d日}".strip(),
        f"事项 {len(rows)} 项，办结 {closed} 项。",
    ]
    dropped = directive.items.filter(state="dropped").count()
    waiting = directive.items.filter(state="proposed").count()
    if dropped:
        head.append(f"另有 {dropped} 句不立项，逐句记有决定人。")
    if waiting:
        head.append(f"尚有 {waiting} 句未定。")
    lines, current = [], None
    for k, row in enumerate(rows, 1):
        if row.headquarters != current:
            current = row.headquarters
            lines += ["", f"【{names.get(current, '综合')}】"]
        lines.append(f"{k}. {_line(row)}")
    return "\n".join([*head, *lines, ""])


def _line(item: Item) -> str:
    owner = item.post.organisation.name if item.post else "—"
    told = f"{item.what}　承办：{owner}"
    if item.deadline_at:
        told += f"　时限：{clock.beijing(item.deadline_at):%m月%d日%H:%M}"
        if item.first_deadline_at and item.first_deadline_at != item.deadline_at:
            told += f"（原定 {clock.beijing(item.first_deadline_at):%m月%d日%H:%M}，已延期）"
    if item.state == "closed" and item.closed_at:
        told += f"　{clock.beijing(item.closed_at):%m月%d日%H:%M} 办结：{item.proof}"
        late = item.reported_at and item.deadline_at and item.reported_at > item.deadline_at
        return told + ("（逾期办结）" if late else "")
    return f"{told}　{item.get_state_display()}{'：' + item.note if item.note else ''}"
