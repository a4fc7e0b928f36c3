-- How often something was changed while the position stood still, as when parked events were retried. Then the
-- position does not tell answers of before from answers of after; the two together do.

ALTER TABLE checkpoint ADD COLUMN amended bigint NOT NULL DEFAULT 0 CHECK (amended >= 0);
