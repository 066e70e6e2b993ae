"""GS1 identifiers in one form: whatever an EPC is written as, its GS1 Digital Link with the finest
key it has. Source: GS1 Digital Link 1.3, EPC Tag Data Standard 2.0."""

import re
from functools import lru_cache

HOME = "https://id.gs1.org"
# scheme of an EPC: key, digits of prefix and reference together, what follows the key
_FIXED = {
    "sscc": ("00", 17),
    "gsrn": ("8018", 17),
    "gsrnp": ("8017", 17),
    "gsin": ("402", 16),
    "pgln": ("417", 12),
}
_LOOSE = {"giai": "8004", "ginc": "401"}
_ITEMS = {"sgtin": "/21/", "lgtin": "/10/", "upui": "/235/"}
_SERIALS = {"grai": "8003", "gdti": "253", "sgcn": "255"}
_NAMES = {
    "gtin": "01",
    "itip": "8006",
    "cpid": "8010",
    "gln": "414",
    "party": "417",
    "gsrnp": "8017",
    "gsrn": "8018",
    "gcn": "255",
    "sscc": "00",
    "gdti": "253",
    "ginc": "401",
    "gsin": "402",
    "grai": "8003",
    "giai": "8004",
    "cpv": "22",
    "lot": "10",
    "ser": "21",
}
_KEYS = "01|8006|8010|414|417|8017|8018|255|00|253|401|402|8003|8004"
_LINK = re.compile(rf"https?://[^/?#]+(?:/[^?#]*?)??/({_KEYS})/(\d{{4}}[^/?#]*)((?:/[^/?#]+)*)")
_URN = re.compile(r"urn:epc:(id|class|idpat):(\w+):(.+)")


def check_digit(digits: str) -> str:
    """The check digit of a GS1 key. Source: GS1 General Specifications 7.9.1."""
    total = sum(int(d) * (3 if n % 2 == 0 else 1) for n, d in enumerate(reversed(digits)))
    return str(-total % 10)


def _kept(text: str) -> str:
    """Characters that a Digital Link wants encoded. Source: GS1 Digital Link, table 7-1."""
    for plain, coded in zip(
        "!()*+,:", ("%21", "%28", "%29", "%2A", "%2B", "%2C", "%3A"), strict=True
    ):
        text = text.replace(plain, coded)
    return text


# schemes whose inside is not GS1's to judge
_OTHERS = frozenset({"gid", "usdod", "adi", "bic", "imovn"})
_DIGITS = {"00", "01", "402", "414", "417", "8017", "8018"}


def fault_of(identifier: str) -> str:
    """What is wrong with an identifier of GS1: empty for a good one, and for any other URI."""
    urn = _URN.fullmatch(identifier)
    if urn is not None:
        kind, scheme, rest = urn[1], urn[2], urn[3]
        if scheme in _OTHERS:
            return ""
        known = {*_FIXED, *_LOOSE, *_ITEMS, *_SERIALS, "itip", "sgln", "cpi"}
        if scheme not in known or (kind == "class") != (scheme == "lgtin"):
            return "epc_scheme"
        found = _of_urn(kind, scheme, rest)
        bare = kind == "id" and scheme in {*_ITEMS, *_SERIALS, "itip", "cpi"}
        if found is None or (bare and not rest.split(".", 2)[2:]):
            return "epc_format"
        return ""
    if identifier.startswith("urn:epc:"):
        return "epc_format"
    linked = _LINK.match(identifier)
    if linked is not None and linked[1] in _DIGITS:
        digits = linked[2]
        if digits.isascii() and digits.isdigit() and check_digit(digits[:-1]) != digits[-1]:
            return "check_digit"
    return ""


@lru_cache(50_000)
def link(identifier: str) -> str:
    """The Digital Link of an identifier; the identifier itself where it is none of GS1's."""
    urn = _URN.fullmatch(identifier)
    if urn is not None:
        return _of_urn(urn[1], urn[2], urn[3]) or identifier
    return _of_link(identifier) or identifier


def _of_urn(kind: str, scheme: str, rest: str) -> str | None:
    parts = rest.split(".")
    prefix = parts[0]
    if not prefix.isdigit() or not 6 <= len(prefix) <= 12 or len(parts) < 2:
        return None
    reference, serial = parts[1], ".".join(parts[2:])
    if kind == "idpat":  # a pattern names the class alone
        if serial != "*" and not serial.endswith(".*"):
            return None
        serial = serial.removesuffix("*").removesuffix(".")
    if scheme in _FIXED and not serial:
        key, digits = _FIXED[scheme]
        body = reference[:1] + prefix + reference[1:] if scheme == "sscc" else prefix + reference
        return _checked(key, body, digits)
    if scheme in _LOOSE:
        whole = ".".join(parts[1:])
        return f"{HOME}/{_LOOSE[scheme]}/{prefix}{_kept(whole)}"
    if scheme in _ITEMS or scheme == "itip":
        return _item(scheme, prefix, reference, serial)
    return _thing(scheme, prefix, reference, serial)


def _item(scheme: str, prefix: str, reference: str, serial: str) -> str | None:
    """Goods by their trade item number, with lot or serial."""
    body = reference[:1] + prefix + reference[1:]
    base = _checked("8006" if scheme == "itip" else "01", body, 13)
    if base is None:
        return None
    if scheme == "itip":  # piece and total stand in the key
        piece, _, rest = serial.partition(".")
        total, _, serial = rest.partition(".")
        base += piece + total
    return base + (f"{_ITEMS.get(scheme, '/21/')}{_kept(serial)}" if serial else "")


def _thing(scheme: str, prefix: str, reference: str, serial: str) -> str | None:
    """Places, assets, documents, coupons, parts."""
    if scheme == "cpi":
        base = f"{HOME}/8010/{_kept(prefix + reference)}"
        return base + (f"/8011/{serial}" if serial else "")
    if scheme == "sgln" and serial:
        found = _checked("414", prefix + reference, 12)
        return found if serial == "0" or found is None else f"{found}/254/{_kept(serial)}"
    found = _checked(_SERIALS.get(scheme, ""), prefix + reference, 12)
    if scheme not in _SERIALS or found is None:
        return None
    if scheme == "grai":
        found = f"{HOME}/8003/0{found.rpartition('/')[2]}"
    return found + _kept(serial)


def _checked(key: str, body: str, digits: int) -> str | None:
    if not body.isdigit() or len(body) != digits:
        return None
    return f"{HOME}/{key}/{body}{check_digit(body)}"


def _of_link(identifier: str) -> str | None:
    if not identifier.startswith(("http://", "https://")):
        return None
    uri = identifier
    for name, key in _NAMES.items():
        uri = uri.replace(f"/{name}/", f"/{key}/")
    found = _LINK.match(uri)
    if found is None:
        return None
    key, value, rest = found.groups()
    if key == "01" and value.isdigit():
        value = value.zfill(14)
    pairs = re.findall(r"/([^/]+)/([^/]+)", rest)
    finer = {name: text for name, text in pairs if name != "22"}
    if "21" in finer:
        finer.pop("10", None)
    return f"{HOME}/{key}/{value}" + "".join(f"/{name}/{text}" for name, text in finer.items())
