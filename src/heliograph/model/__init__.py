"""What an SMS platform is about, as values and pure decisions; nothing here does I/O or knows a database."""
