//! All integration tests, in one program: support code is compiled and linked once.

mod support;

mod accounts;
mod agent;
mod backups;
mod caching;
mod calendar;
mod capacity;
mod commits;
mod concurrency;
mod doctor;
mod documents;
mod faults;
mod format;
mod fuzz;
mod gate;
mod hostile;
mod inbox;
mod json;
mod keys;
mod lifecycle;
mod matrix;
mod model;
mod once;
mod pages;
mod paths;
mod pipelines;
mod policies;
mod private;
mod queries;
mod queue;
mod races;

mod redaction;
mod repair;
mod restore;
mod rules;
mod side_files;
mod signatures;
mod successor;
mod tamper;
mod terminal;
mod tidy;
mod transcripts;
mod trust;
mod vectors;
