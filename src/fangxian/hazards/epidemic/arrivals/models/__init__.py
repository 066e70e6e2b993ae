"""People under measures: their way from declaration to release, and what lies between them and
others."""

from .codes import OVERRIDE as OVERRIDE
from .codes import Appeal as Appeal
from .codes import Override as Override
from .people import ARRIVAL as ARRIVAL
from .people import HERE as HERE
from .people import OPEN as OPEN
from .people import TEST as TEST
from .people import Arrival as Arrival
from .people import Exposed as Exposed
from .people import Holding as Holding
from .people import Replaced as Replaced
from .people import S as S
from .people import Stayed as Stayed
from .people import T as T
from .people import Test as Test
from .ways import LETTER as LETTER
from .ways import TRANSFER as TRANSFER
from .ways import Check as Check
from .ways import Letter as Letter
from .ways import Met as Met
from .ways import Passenger as Passenger
from .ways import Transfer as Transfer
