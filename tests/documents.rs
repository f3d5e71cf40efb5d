//! Checks the documents for users: commands work, links resolve, and the picture shows a real session.

mod pages;
mod pictures;
mod session;
