//! Runs commands as a person, with typed answers and captured output.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::io::{self, Write};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;

use sha2::{Digest as _, Sha256};
use twinseal::cli;
use twinseal::env::{Console, Env, prompt};
use twinseal::error::Exit;
use zeroize::Zeroizing;

use super::{PATIENCE, World};

/// The result of a command.
#[derive(Debug)]
pub struct Output {
    pub exit: Exit,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
    /// Standard output and standard error, interleaved as written.
    pub screen: String,
    /// Questions for which no answer was prepared.
    pub unanswered: Vec<String>,
    /// Prepared answers that were not used.
    pub unasked: Vec<String>,
}

/// Writes to its own buffer and to the shared screen.
struct Pen {
    own: Rc<RefCell<Vec<u8>>>,
    screen: Rc<RefCell<Vec<u8>>>,
}

impl Write for Pen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.own.borrow_mut().extend_from_slice(bytes);
        self.screen.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Prepared answers, and the questions that had none.
#[derive(Default)]
pub(super) struct Typing {
    answers: VecDeque<String>,
    unanswered: Vec<String>,
}

impl Typing {
    fn answer(&mut self, question: &str) -> String {
        self.answers.pop_front().unwrap_or_else(|| {
            self.unanswered.push(question.to_owned());
            String::new()
        })
    }
}

/// A console that gives prepared answers. With `None` there is no terminal.
struct Typist {
    typing: Rc<RefCell<Typing>>,
    there: bool,
    screen: Rc<RefCell<Vec<u8>>>,
}

impl Console for Typist {
    fn is_interactive(&self) -> bool {
        self.there
    }

    fn can_ask_secret(&self) -> bool {
        self.there
    }

    fn ask(&mut self, question: &str) -> io::Result<String> {
        let answer = self.typing.borrow_mut().answer(question);
        writeln!(self.screen.borrow_mut(), "{}{answer}", prompt(question))?;
        Ok(answer)
    }

    fn secret(&mut self, question: &str) -> io::Result<Zeroizing<String>> {
        writeln!(self.screen.borrow_mut(), "{question}")?;
        Ok(Zeroizing::new(self.typing.borrow_mut().answer(question)))
    }
}

/// Splits a command line as a shell does, with single and double quotes.
pub fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The captured output and questions of a command.
#[derive(Default)]
pub struct Recording {
    out: Rc<RefCell<Vec<u8>>>,
    err: Rc<RefCell<Vec<u8>>>,
    screen: Rc<RefCell<Vec<u8>>>,
    typing: Rc<RefCell<Typing>>,
}

impl World {
    /// The environment of one command run by a person.
    pub fn env(&self, person: &str, typed: Option<&[&str]>) -> (Env, Recording) {
        let recording = Recording::default();
        let Recording { out, err, screen, typing } = &recording;
        let home = self.path(&format!("people/{person}"));
        let variable = |name: &str, value: String| (name.to_owned(), value.into());
        let mut variables = HashMap::from([
            variable("HOME", home.display().to_string()),
            variable("TWINSEAL_KEY", home.join("key").display().to_string()),
            variable("TWINSEAL_REGISTER", self.place()),
            variable("TWINSEAL_LANG", self.lang.get().to_string()),
        ]);
        for (_, name, value) in self.variables.borrow().iter().filter(|(whose, ..)| whose == person) {
            match value {
                Some(value) => variables.insert(name.clone(), value.clone()),
                None => variables.remove(name),
            };
        }
        let (clock, slept, drawn) = (Rc::clone(&self.clock), Rc::clone(&self.clock), Rc::clone(&self.drawn));
        typing.borrow_mut().answers = typed.unwrap_or_default().iter().map(|it| (*it).to_owned()).collect();
        let (typing, there) = (Rc::clone(typing), typed.is_some());
        let env = Env {
            variables,
            folder: self.folder.path().to_owned(),
            clock: Box::new(move || clock.get()),
            // Nobody waits in a test: time passes.
            sleep: Box::new(move |time| slept.set(slept.get().plus(time.as_secs().try_into().unwrap()))),
            random: Box::new(move |bytes| {
                for chunk in bytes.chunks_mut(32) {
                    drawn.set(drawn.get() + 1);
                    chunk.copy_from_slice(&Sha256::digest(drawn.get().to_be_bytes())[..chunk.len()]);
                }
                Ok(())
            }),
            console: Box::new(Typist { typing, there, screen: Rc::clone(screen) }),
            input: Box::new(io::empty()),
            out: Box::new(Pen { own: Rc::clone(out), screen: Rc::clone(screen) }),
            err: Box::new(Pen { own: Rc::clone(err), screen: Rc::clone(screen) }),
            width: self.columns.get().or(self.screen.get().then_some(80)),
            height: None,
            colour: self.screen.get(),
            err_width: self.columns.get().or(self.screen.get().then_some(80)),
            err_colour: self.screen.get(),
            pager: None,
            progress: false,
            quiet: false,
            interrupt: Default::default(),
            patience: PATIENCE,
        };
        (env, recording)
    }

    /// Runs a command as a person, without a terminal.
    pub fn run(&self, person: &str, command: &str) -> Output {
        self.run_words(person, &words(command), None)
    }

    /// Runs a command as a person who types these answers on a terminal.
    pub fn run_typing(&self, person: &str, command: &str, typed: &[&str]) -> Output {
        self.run_words(person, &words(command), Some(typed))
    }

    /// Runs a command as a person, with this standard input.
    pub fn run_reading(&self, person: &str, command: &str, input: &'static str) -> Output {
        let (mut env, recording) = self.env(person, None);
        env.input = Box::new(input.as_bytes());
        Self::run_in(&mut env, &recording, &words(command))
    }

    /// Runs a command, already split into words, as a person.
    pub fn run_words(&self, person: &str, words: &[String], typed: Option<&[&str]>) -> Output {
        let (mut env, recording) = self.env(person, typed);
        Self::run_in(&mut env, &recording, words)
    }

    /// Runs a command, already split into words, in an environment of [`World::env`].
    pub fn run_in(env: &mut Env, recording: &Recording, words: &[String]) -> Output {
        let args = std::iter::once("twinseal".to_owned()).chain(words.iter().cloned()).map(Into::into);
        let exit = cli::run(args, env);
        let Recording { out, err, screen, typing } = recording;
        let [out, err, screen] = [out, err, screen].map(|it| String::from_utf8(it.borrow().clone()).unwrap());
        let Typing { answers, unanswered } = typing.take();
        Output { exit, out, err, screen, unanswered, unasked: answers.into() }
    }

    /// The compiled program as a process, without a terminal and with the real clock.
    pub fn command(&self, person: &str, arguments: &[&str]) -> Command {
        let home = self.path(&format!("people/{person}"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_twinseal"));
        command.args(arguments).current_dir(self.path("")).env_clear();
        command.env("HOME", &home).env("TWINSEAL_KEY", home.join("key")).env("TWINSEAL_REGISTER", self.place());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command that must succeed, and returns its standard output.
    #[track_caller]
    pub fn ok(&self, person: &str, command: &str) -> String {
        let output = self.run(person, command);
        assert_eq!(output.exit, Exit::Done, "{person}: {command}\n{}", output.screen);
        output.out
    }

    /// Runs a command that must fail with this exit code and message, and asserts that nothing was recorded.
    #[track_caller]
    pub fn fails(&self, person: &str, command: &str, exit: Exit, complaint: &str) {
        let before = self.acts();
        let output = self.run(person, command);
        assert_eq!(output.exit, exit, "{person}: {command}\n{}", output.screen);
        assert!(output.err.contains(complaint), "{person}: {command}\nnot {complaint:?} but\n{}", output.screen);
        assert_eq!(self.acts(), before, "{person}: {command} recorded something");
    }
}

/// A process that is killed on drop, such as a stock `ssh-agent`.
pub struct Killed(pub Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // Fails if it has ended already, which is fine.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
