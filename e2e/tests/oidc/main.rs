//! Signing in with a provider of OpenID Connect, and access tokens that an issuer signed: with the real
//! `oidc-provider` (`scripts/services up oidc`), and with one that lies.

mod apps;
mod browser;
mod failing;
mod forged;
mod ground;
mod liar;
mod linking;
mod signing_in;
mod tokens_of_others;
