//! What keeps a session from writing to the log, found out without writing.

use sqlx::{PgConnection, Row};

/// The rights that appending, forgetting and probing need, each on its own thing, and whether anything can be
/// written at all. Whoever may not even use the schema gets an error.
const OBSTACLE: &str = "
    SELECT CASE WHEN current_setting('transaction_read_only')::boolean
    THEN 'the database is read-only, as a standby is'
    ELSE 'not granted: ' || (
        SELECT string_agg(needed.privilege || ' on cinelog_log.' || needed.name, ', ')
        FROM (
            SELECT t.privilege, t.name,
                   has_table_privilege('cinelog_log.' || t.name, t.privilege) AS is_granted
            FROM (VALUES ('SELECT', 'event'), ('INSERT', 'event'),
                         ('SELECT', 'digest'), ('INSERT', 'digest'),
                         ('SELECT', 'idempotency'), ('INSERT', 'idempotency'),
                         ('DELETE', 'idempotency'),
                         ('INSERT', 'probe'), ('TRUNCATE', 'probe')) AS t(privilege, name)
            UNION ALL
            SELECT 'EXECUTE', p.proname::text, has_function_privilege(p.oid, 'EXECUTE')
            FROM pg_proc p
            WHERE p.pronamespace = 'cinelog_log'::regnamespace
              AND p.proname IN ('append', 'lock_key', 'settle', 'write_probe')
        ) AS needed
        WHERE NOT needed.is_granted)
    END";

/// What keeps this session from writing, if anything does that can be told beforehand.
pub(super) async fn obstacle(connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
    sqlx::query(OBSTACLE).fetch_one(connection).await?.try_get(0)
}
