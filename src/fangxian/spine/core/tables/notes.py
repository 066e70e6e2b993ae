"""What is said about a file, in both languages: notes, and errors that name their cell."""

from dataclasses import dataclass

LONGEST = 300


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence."""

    zh: str
    en: str

    def text(self, language: str) -> str:
        return self.zh if language.startswith("zh") else self.en


@dataclass(frozen=True, slots=True, kw_only=True)
class CellError(Note):
    """What is wrong in which cell. ``column`` counts from 1; 0 is the whole row."""

    file: str
    row: int
    column: int
    name: str = "-"
    sheet: str = ""
    head: str = ""  # the name as the file writes it, where that is another

    @property
    def cell(self) -> str:
        return f"{letters(self.column)}{self.row}" if self.column else f"{self.row}:{self.row}"

    def text(self, language: str) -> str:
        zh = language.startswith("zh")
        if self.sheet:
            place = f"{self.file} {self.sheet}!{self.cell}"
        else:
            place = f"{self.file} 第 {self.row} 行" if zh else f"{self.file}, line {self.row}"
        name = self.head or self.name
        return f"{place}“{name}”列:{self.zh}" if zh else f"{place}, column {name}: {self.en}"


def shortened(text: str) -> str:
    """What quotes a cell of a million characters says no more for it."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} … {text[-LONGEST // 2 :]}"


class UnreadableError(ValueError):
    """A cell that says nothing usable, and why."""

    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = shortened(zh), shortened(en)
        super().__init__(self.en)


def letters(column: int) -> str:
    """1 is A, 27 is AA."""
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text
