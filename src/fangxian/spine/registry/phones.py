"""One form of a phone number: 11 digits of a mobile, area code and number of a landline, or + and
country. Pure."""

import re
import unicodedata

from fangxian.spine.core.problems import Problem

MOBILE = re.compile(r"1[3-9]\d{9}")
LANDLINE = re.compile(r"0\d{2,3}[2-9]?\d{6,7}(转\d{1,6})?")
FOREIGN = re.compile(r"\+\d{8,15}")


def one_phone(text: str) -> str:
    """The number as it is kept; empty for none. Full width is folded, separators and +86 go.
    Raises ``input.invalid`` for what is no number, or more than one."""
    folded = unicodedata.normalize("NFKC", text).strip()
    plain = re.sub(r"[\s\-()./·]", "", folded)
    plain = re.sub(r"(ext\.?|x|#)(?=\d+$)", "转", plain, flags=re.IGNORECASE)
    plain = re.sub(r"^(\+86|0086|86(?=1\d{10}$))", "", plain)
    if re.search(r"[/,;、，；]|或", folded):
        raise Problem("input.invalid", field="phone", why=f"一栏只填一个号码：{folded}")
    if plain and not any(form.fullmatch(plain) for form in (MOBILE, LANDLINE, FOREIGN)):
        raise Problem("input.invalid", field="phone", why=f"不是电话号码：{folded}")
    return plain
