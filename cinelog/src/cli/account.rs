//! `cinelog account`.

use clap::{Args, Subcommand};
use identity::Role;

/// `cinelog account`.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Make an account that can log in at once
    ///
    /// The first admin is made so. The password is asked for on a terminal, and else read from standard input
    /// (its first line); --generate makes one up and prints it, once. The address counts as verified.
    #[command(after_help = "Examples:\n  \
        cinelog account create --role admin --email ada@films.example\n  \
        cinelog account create --role editor --email bob@films.example --generate\n  \
        pass show cinelog | cinelog account create --email eve@films.example")]
    Create(CreateArgs),
    /// List accounts: id, role, state, address
    List,
    /// Change what an account may do
    ///
    /// Access tokens with the old role are refused within seconds.
    Role {
        /// The account, by its id or its address
        account: String,
        /// What it may do from now on: viewer, member, editor or admin
        role: Role,
    },
    /// Let an account do nothing until it is enabled again; all its sessions end
    Disable {
        /// The account, by its id or its address
        account: String,
    },
    /// Let a disabled account do what its role may
    Enable {
        /// The account, by its id or its address
        account: String,
    },
}

/// `cinelog account create`.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// The address: what one logs in with
    #[arg(long)]
    pub(crate) email: String,
    /// What it may do: viewer, member (rates films), editor (edits films) or admin
    #[arg(long, default_value = "member")]
    pub(crate) role: Role,
    /// What its owner wants to be called
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Make up a password and print it
    #[arg(long)]
    pub(crate) generate: bool,
}
