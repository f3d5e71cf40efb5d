//! All integration tests, in one program: support code is compiled and linked once.

mod support;

mod accounts;
mod agent;
mod copies;
mod doctor;
mod documents;
mod faults;
mod finding;
mod format;
mod fuzz;
mod hostile;
mod json;
mod keys;
mod many;
mod model;
mod queue;

mod redaction;
mod repair;
mod restoring;
mod road;
mod rules;
mod speed;
mod strict;
mod successor;
mod tamper;
mod terminal;
mod tidy;
mod transcripts;
mod trust;
mod vectors;
