//! `cinelog account`: accounts, for whoever runs the server, beside it or without it.

use std::{
    fmt::Write as _,
    io::{self, BufRead, IsTerminal, Read},
    num::NonZeroUsize,
};

use http_kit::Clock;
use identity::{
    Ports,
    accounts::{Account, Administered, Changed, Changes, EmailAddress, NewAccount, check_name},
    audit::{Entry, Kind},
    passwords::{Hasher, NewPassword},
};
use uuid::Uuid;

use super::print;
use crate::{
    cli::{AccountCommand, CreateArgs},
    config::Config,
    data_dir::DataDir,
    error::Failure,
    wire,
};

/// The longest line that is read for a password, in bytes.
const LINE_BYTES_MAX: u64 = 4_096;

/// Accounts that are read at once.
const PAGE: u32 = 100;

/// Does what is asked.
pub(crate) async fn account(config: &Config, command: &AccountCommand) -> Result<(), Failure> {
    let data = DataDir::open(&config.server.data)?;
    let ports = wire::identity(config, &data).await?;
    let clock = Clock::system();
    match command {
        AccountCommand::Create(args) => create(&ports, &clock, args).await,
        AccountCommand::List => list(&ports).await,
        AccountCommand::Role { account, role } => {
            let changes = Changes { role: Some(*role), ..Changes::default() };
            change(&ports, &clock, account, &changes).await
        }
        AccountCommand::Disable { account } => {
            let changes = Changes { disabled: Some(true), ..Changes::default() };
            change(&ports, &clock, account, &changes).await
        }
        AccountCommand::Enable { account } => {
            let changes = Changes { disabled: Some(false), ..Changes::default() };
            change(&ports, &clock, account, &changes).await
        }
    }
}

async fn create(ports: &Ports, clock: &Clock, args: &CreateArgs) -> Result<(), Failure> {
    let email =
        EmailAddress::parse(&args.email).map_err(|wrong| other(format!("--email {wrong}")))?;
    let wrong_name =
        || other("--name must have 1 to 100 characters, none of them control characters");
    let name = args.name.as_deref().map(|name| check_name(name).ok_or_else(wrong_name));
    let name = name.transpose()?;
    let password = if args.generate { made_up(clock) } else { asked_for()? };
    let personal: Vec<&str> =
        [Some(email.as_str()), name.as_deref()].into_iter().flatten().collect();
    let checked = NewPassword::new(&password, &personal)
        .map_err(|unfit| other(format!("the password {unfit}")))?;
    let hasher = Hasher::start(NonZeroUsize::MIN).map_err(|error| other(error.to_string()))?;
    let place = hasher.place().map_err(|error| other(error.to_string()))?;
    let hash = place.hash(checked, clock.new_secret()).await.map_err(|e| other(e.to_string()))?;
    let account = NewAccount {
        id: clock.new_id(),
        email,
        is_verified: true,
        name,
        password: Some(hash),
        role: args.role,
        at: clock.now(),
    };
    let entry = Entry::new(clock.new_id(), account.at, Kind::Registered).about(account.id);
    let entry = entry.role(None, args.role);
    if !ports.accounts.create(&account, &entry).await? {
        return Err(other("there is an account with this address"));
    }
    let mut said = format!("{}  {}  made; it can log in: POST /v1/login\n", account.id, args.role);
    if args.generate {
        let _ = writeln!(said, "password: {password}");
    }
    print(&said)
}

/// Asks on a terminal, without showing what is typed; else the first line of standard input.
fn asked_for() -> Result<String, Failure> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return line(&mut stdin.lock());
    }
    let ask = |what: &str| {
        eprint!("{what}: ");
        let hidden = Hidden::begin();
        let typed = line(&mut stdin.lock());
        drop(hidden);
        eprintln!();
        typed
    };
    let password = ask("Password (12 to 128 characters)")?;
    match ask("Once more")? {
        again if again == password => Ok(password),
        _ => Err(other("the two are not the same")),
    }
}

fn line(from: &mut impl BufRead) -> Result<String, Failure> {
    let mut line = String::new();
    let read = from.take(LINE_BYTES_MAX).read_line(&mut line);
    read.map_err(|error| other(format!("no password can be read: {error}")))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// While it lives, what is typed is not shown.
#[cfg(unix)]
struct Hidden(Option<rustix::termios::Termios>);

#[cfg(unix)]
impl Hidden {
    fn begin() -> Self {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let Ok(before) = tcgetattr(io::stdin()) else { return Self(None) };
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        hidden.local_modes.insert(LocalModes::ECHONL);
        let is_hidden = tcsetattr(io::stdin(), OptionalActions::Flush, &hidden).is_ok();
        Self(is_hidden.then_some(before))
    }
}

#[cfg(unix)]
impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // A terminal that has gone away shows nothing anyway.
            let _ = rustix::termios::tcsetattr(
                io::stdin(),
                rustix::termios::OptionalActions::Now,
                before,
            );
        }
    }
}

/// Elsewhere it is shown: `--generate`, or standard input from a file, shows nothing.
#[cfg(not(unix))]
struct Hidden;

#[cfg(not(unix))]
impl Hidden {
    fn begin() -> Self {
        Self
    }
}

/// 32 letters and digits: 160 bits.
fn made_up(clock: &Clock) -> String {
    const SIGNS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    clock.new_secret().iter().map(|byte| char::from(SIGNS[usize::from(byte % 32)])).collect()
}

async fn list(ports: &Ports) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let page = ports.accounts.list(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        let mut lines = String::new();
        for account in &page {
            let email = account.email.as_deref().unwrap_or("-");
            let _ = writeln!(
                lines,
                "{}  {:<6}  {:<8}  {email}",
                account.id,
                account.role,
                state(account)
            );
        }
        print(&lines)?;
    }
}

fn state(account: &Account) -> &'static str {
    match account {
        Account { is_active: false, .. } => "waiting",
        Account { disabled_at: Some(_), .. } => "disabled",
        _ => "active",
    }
}

async fn change(
    ports: &Ports,
    clock: &Clock,
    account: &str,
    changes: &Changes,
) -> Result<(), Failure> {
    let id = find(ports, account).await?;
    let now = clock.now();
    let entry = |kind| Entry::new(clock.new_id(), now, kind).about(id);
    let entries = Administered {
        by: None,
        role_changed: entry(Kind::RoleChanged),
        disabled: entry(Kind::Disabled),
        enabled: entry(Kind::Enabled),
    };
    match ports.accounts.change(id, None, changes, now, &entries).await? {
        Changed::Done(account) => {
            print(&format!("{}  {}  {}\n", account.id, account.role, state(&account)))
        }
        Changed::Missing | Changed::Elsewhere(_) | Changed::Refused | Changed::LastAdmin => {
            Err(other("there is no such account"))
        }
    }
}

async fn find(ports: &Ports, account: &str) -> Result<Uuid, Failure> {
    if let Ok(id) = account.parse() {
        return Ok(id);
    }
    let unknown = || other("there is no such account: name it by its id or its address");
    let email = EmailAddress::parse(account).map_err(|_| unknown())?;
    let known = ports.accounts.known(&email, None).await?;
    known.map(|known| known.account.id).ok_or_else(unknown)
}

fn other(what: impl Into<String>) -> Failure {
    Failure::Other(what.into())
}
