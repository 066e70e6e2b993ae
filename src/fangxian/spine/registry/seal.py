"""Phone numbers of office-holders at rest. The sealing itself is core/seal.py."""

from fangxian.spine.core import seal as core

from .models import Person

PURPOSE = "phone"
core.declare_sealed(core.Sealed(Person, "phone_sealed", PURPOSE))


def seal(phone: str) -> bytes:
    """A number as it lies at rest; none is nothing."""
    return core.seal(phone, purpose=PURPOSE) if phone else b""


def unseal(sealed: bytes | memoryview) -> str:
    """The number in clear, empty for none; who reads it is recorded by whoever asks. Raises
    UnopenedError."""
    return core.unseal(sealed, purpose=PURPOSE) if sealed else ""


def mask_phone(phone: str) -> str:
    """What a list shows of a number."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "****"
