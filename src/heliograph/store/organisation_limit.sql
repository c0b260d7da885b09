-- name: limits
SELECT mt_limit, mo_limit FROM organisation WHERE id = :id;

-- name: set_limits
UPDATE organisation SET mt_limit = :mt_limit, mo_limit = :mo_limit WHERE id = :id;
