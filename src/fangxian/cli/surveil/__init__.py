"""`fangxian surveil`: epidemic surveillance, files in and files out."""

from fangxian.cli.surveil import cases as cases
from fangxian.cli.surveil import detect as detect
from fangxian.cli.surveil import tidy as tidy
from fangxian.cli.surveil.group import surveil_command as surveil_command
