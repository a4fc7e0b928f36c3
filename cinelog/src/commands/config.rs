//! `cinelog config`: look at the configuration.

use super::print;
use crate::{
    config::{Config, reference},
    error::Failure,
};

/// Prints the values in effect. They have been checked by being loaded.
pub(crate) fn config_check(config: &Config) -> Result<(), Failure> {
    print(&toml::to_string(config).map_err(|error| Failure::Other(error.to_string()))?)
}

/// Prints the reference of all keys.
pub(crate) fn config_reference() -> Result<(), Failure> {
    print(&reference().map_err(|error| Failure::Other(error.to_string()))?)
}
