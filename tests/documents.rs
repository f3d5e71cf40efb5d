//! The documents for users: their commands are run, their links lead somewhere, their picture shows a real session.

mod pages;
mod session;
