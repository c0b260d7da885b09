-- The row is made by the first change, so that a new database is empty.
DELETE FROM webhook_change;
