-- Devices that were deleted keep their tariff, so it is hidden and not removed.
ALTER TABLE tariff_profile ADD COLUMN deleted_at_ms BIGINT;
