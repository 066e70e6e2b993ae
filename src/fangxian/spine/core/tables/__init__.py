"""The one reader of dated tables and the one writer of files beside it. What columns mean is left
to those who ask for them."""

from .cells import open_text as open_text
from .notes import CellError as CellError
from .notes import Note as Note
from .notes import UnreadableError as UnreadableError
from .reader import MISSING as MISSING
from .reader import Table as Table
from .reader import near_note as near_note
from .reader import read_json as read_json
from .reader import read_number as read_number
from .reader import read_table as read_table
from .times import Course as Course
from .times import Moment as Moment
from .times import course_of as course_of
from .times import read_moment as read_moment
from .units import convert as convert
from .units import scale_jumps as scale_jumps
from .writer import Answer as Answer
from .writer import keep_inputs as keep_inputs
from .writer import write_json as write_json
from .writer import write_table as write_table
