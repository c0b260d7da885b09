"""Transactions: the database, its engines, the SQL. Holds rows, not rules."""
