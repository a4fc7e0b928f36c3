//! The sections on Postgres.

pub(super) mod catch_up;
pub(super) mod commands;
pub(super) mod copy;
pub(super) mod lag;
pub(super) mod reads;
