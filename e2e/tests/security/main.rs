//! Attacks, over HTTP, against the running binary: a file for each risk of the OWASP API Security Top 10
//! (2023). docs/security.md names these tests.

mod api10_providers;
mod api1_objects;
mod api2_authentication;
mod api3_properties;
mod api4_resources;
mod api5_functions;
mod api6_flows;
mod api7_requests;
mod api8_configuration;
mod api9_inventory;
mod held_back;
mod people;
mod trail;
