//! What is shown is what is signed: a page is read back into the bytes that it shows, and no text makes a line of
//! another kind.

mod alike;
mod fields;
mod notes;
mod reader;
mod round_trip;
mod texts;
mod together;
