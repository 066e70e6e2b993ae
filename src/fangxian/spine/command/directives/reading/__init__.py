"""Reading a directive's text, without the database: glosses, broken runs, sentences, deadlines."""
