"""`fangxian forecast`: flood forecasting numbers, files in and files out."""

from fangxian.cli.forecast import check as check
from fangxian.cli.forecast import models as models
from fangxian.cli.forecast.group import forecast_command as forecast_command
