"""`fangxian forecast`: flood forecasting numbers, files in and files out."""

from fangxian.cli.forecast import correct as correct
from fangxian.cli.forecast import cycle as cycle
from fangxian.cli.forecast import fill as fill
from fangxian.cli.forecast import judge as judge
from fangxian.cli.forecast import models as models
from fangxian.cli.forecast import rain as rain
from fangxian.cli.forecast import series as series
from fangxian.cli.forecast.group import forecast_command as forecast_command
