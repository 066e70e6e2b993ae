"""Reports: structured statements by people, by dated forms, and who owes which by when."""
