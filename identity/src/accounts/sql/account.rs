//! One account in either database.

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::{
    Credential, Identity,
    accounts::{Account, EmailAddress, Known, NewAccount, authority::still_holds},
    store::{Connection, Row, StoreError, micros, query, query_locking, timestamp},
};

/// The columns that [`account_of`] reads.
pub(crate) const COLUMNS: &str = "id, email, email_verified_at, name, role, active, disabled_at, \
                                  revision, created_at, updated_at, \
                                  password IS NOT NULL AS has_password";

pub(crate) fn account_of(row: &Row) -> Result<Account, StoreError> {
    let time = |column| row.get::<Option<i64>>(column)?.map(timestamp).transpose();
    Ok(Account {
        id: row.get("id")?,
        email: row.get("email")?,
        email_verified_at: time("email_verified_at")?,
        name: row.get("name")?,
        role: row.get::<String>("role")?.parse().map_err(StoreError::damaged)?,
        is_active: row.get("active")?,
        has_password: row.get("has_password")?,
        disabled_at: time("disabled_at")?,
        revision: row.get::<i64>("revision")?.unsigned_abs(),
        created_at: timestamp(row.get("created_at")?)?,
        updated_at: timestamp(row.get("updated_at")?)?,
    })
}

/// The account.
pub(super) async fn find(
    connection: &mut dyn Connection,
    id: Uuid,
) -> Result<Option<Account>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM account WHERE id = $1");
    let row = query(AssertSqlSafe(sql)).bind(id).fetch_optional(connection).await?;
    row.as_ref().map(account_of).transpose()
}

/// The account, which nobody else changes until the transaction ends.
pub(super) async fn find_and_keep(
    connection: &mut dyn Connection,
    id: Uuid,
) -> Result<Option<Account>, StoreError> {
    let sql = AssertSqlSafe(format!("SELECT {COLUMNS} FROM account WHERE id = $1"));
    let row = query_locking(sql, "FOR UPDATE").bind(id).fetch_optional(connection).await?;
    row.as_ref().map(account_of).transpose()
}

/// The account that has an address, else the newest that waits for it; and whether it knows the device.
pub(super) async fn known(
    connection: &mut dyn Connection,
    email: &EmailAddress,
    device: Option<[u8; 32]>,
) -> Result<Option<Known>, StoreError> {
    let row = query(AssertSqlSafe(known_sql()))
        .bind(email.key())
        .bind(device.as_ref().map(|hash| &hash[..]))
        .fetch_optional(connection)
        .await?;
    row.map(|row| {
        Ok(Known {
            account: account_of(&row)?,
            password: row.get("password")?,
            is_known_device: row.get("known")?,
        })
    })
    .transpose()
}

fn known_sql() -> String {
    format!(
        "SELECT {COLUMNS}, password,
                EXISTS (SELECT 1 FROM device WHERE hash = $2 AND device.account = account.id) AS known
         FROM account WHERE email_key = $1 ORDER BY active DESC, created_at DESC, id DESC LIMIT 1"
    )
}

/// Whether whoever acts still may; nobody takes it from them until the transaction ends. What else the
/// transaction keeps of accounts, it takes after this.
pub(crate) async fn may(
    connection: &mut dyn Connection,
    by: Option<&Identity>,
) -> Result<bool, StoreError> {
    let Some(by) = by else { return Ok(true) };
    let account = find_and_keep(connection, by.account).await?;
    Ok(still_holds(by, account.as_ref()) && is_there(connection, by).await?)
}

/// Whether the session or the key that was shown has not been ended, whatever its account may do by now; nobody
/// ends it until the transaction does. As [`may`], it keeps the account first.
pub(crate) async fn stands(
    connection: &mut dyn Connection,
    by: Option<&Identity>,
) -> Result<bool, StoreError> {
    let Some(by) = by else { return Ok(true) };
    find_and_keep(connection, by.account).await?;
    is_there(connection, by).await
}

/// Whether what was shown is there, where it is kept here at all. To be asked once the account is kept: an ending
/// that is under way has it, or has the row that is asked for, and is waited for.
async fn is_there(connection: &mut dyn Connection, by: &Identity) -> Result<bool, StoreError> {
    match by.credential {
        Credential::AccessToken { session: Some(session), .. } => {
            has_session(connection, by.account, session).await
        }
        Credential::ApiKey { id } => {
            let key = "SELECT id FROM api_key WHERE id = $1 AND account = $2";
            has(connection, by.account, key, id).await
        }
        Credential::AccessToken { session: None, .. } | Credential::External => Ok(true),
    }
}

/// Whether an account, which is kept, has a session; nobody ends that until the transaction does.
pub(super) async fn has_session(
    connection: &mut dyn Connection,
    account: Uuid,
    session: Uuid,
) -> Result<bool, StoreError> {
    has(connection, account, "SELECT id FROM session WHERE id = $1 AND account = $2", session).await
}

async fn has(
    connection: &mut dyn Connection,
    account: Uuid,
    what: &'static str,
    id: Uuid,
) -> Result<bool, StoreError> {
    // Noting that it was used is not in the way of this: only an ending is.
    let there = query_locking(what, "FOR KEY SHARE").bind(id).bind(account);
    Ok(there.fetch_optional(connection).await?.is_some())
}

/// Whether nobody else who can log in is an admin, and this one is.
pub(super) async fn is_last_admin(
    connection: &mut dyn Connection,
    id: Uuid,
) -> Result<bool, StoreError> {
    let admins = query(
        "SELECT id FROM account WHERE role = 'admin' AND active = true AND disabled_at IS NULL
            AND (password IS NOT NULL OR EXISTS
                (SELECT 1 FROM provider_identity WHERE provider_identity.account = account.id))
         LIMIT 2",
    )
    .fetch_all(connection)
    .await?;
    let [admin] = &admins[..] else { return Ok(false) };
    Ok(admin.get::<Uuid>("id")? == id)
}

/// Makes it.
pub(super) async fn insert(
    connection: &mut dyn Connection,
    account: &NewAccount,
    is_active: bool,
) -> Result<(), sqlx::Error> {
    query(
        "INSERT INTO account (id, email, email_key, email_verified_at, name, password, role, active,
                              created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
    )
    .bind(account.id)
    .bind(account.email.as_str())
    .bind(account.email.key())
    .bind(account.is_verified.then(|| micros(account.at)))
    .bind(&account.name)
    .bind(&account.password)
    .bind(account.role.as_str())
    .bind(is_active)
    .bind(micros(account.at))
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use super::*;
    use crate::store::{SqlStore, SqliteIdentity, SqliteIdentityOptions};

    /// Whoever tries to log in, or asks for a mail, needs nothing to make it happen.
    #[tokio::test]
    async fn who_logs_in_is_found_without_reading_all_accounts() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteIdentityOptions::at(folder.path().join("identity.db"));
        let store = SqliteIdentity::open(options).await.unwrap();
        let explained = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", known_sql())))
            .fetch_all(&mut *store.reader().await.unwrap())
            .await
            .unwrap();
        let plan: Vec<String> = explained.iter().map(|row| row.get("detail")).collect();
        let plan = plan.join("; ");
        assert!(plan.contains("SEARCH account USING INDEX account_by_address"), "{plan}");
        assert!(!plan.contains("SCAN account") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}
