//! A target, and how a queued message becomes what it is sent.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use lettre::message::Mailbox;
use zeroize::Zeroizing;

use super::chat;
use super::failure::{Failure, Reason};
use super::http::Client;
use super::mail::{Encryption, MailServer, Mailer, mail};
use super::state::Job;
use super::templates::message;
use crate::domain::{PersonId, Time, closed_enum};
use crate::lang::{Lang, within};
use crate::tls::authorities;

closed_enum!(
    /// A kind of target.
    TargetKind, ["a type of target", "通知渠道类型"], {
        /// An incoming webhook of Slack.
        Slack => "slack", "Slack";
        /// A robot of DingTalk.
        DingTalk => "dingtalk", "钉钉";
        /// A robot of WeCom.
        WeCom => "wecom", "企业微信";
        /// Mail.
        Mail => "mail", "邮件";
        /// A webhook of one's own.
        Webhook => "webhook", "Webhook";
    }
);

impl TargetKind {
    /// The most messages that the service takes in a minute.
    pub fn per_minute(self) -> Option<u32> {
        match self {
            Self::DingTalk | Self::WeCom => Some(20),
            Self::Slack => Some(60),
            Self::Mail | Self::Webhook => None,
        }
    }
}

/// Where a target is, with its secrets.
pub enum Channel {
    /// A chat or a webhook.
    Http {
        /// Its URL.
        url: Zeroizing<String>,
        /// The key of its signature, if it has one.
        key: Option<Zeroizing<String>>,
    },
    /// A mail server.
    Mail(Box<MailServer>),
}

/// A target of the rules.
pub struct Target {
    /// The kind.
    pub kind: TargetKind,
    /// Where it is.
    pub channel: Channel,
    /// The authorities that it is verified with, if not those of this host.
    pub ca_file: Option<PathBuf>,
    /// The time limit of one message.
    pub limit: Duration,
    /// Whether a message names owner, services and environments too.
    pub details: bool,
    /// The language of its messages.
    pub lang: Lang,
}

impl Target {
    /// Whether each person gets a message of their own.
    pub fn is_personal(&self) -> bool {
        matches!(&self.channel, Channel::Mail(server) if server.to.is_empty())
    }

    fn is_encrypted(&self) -> bool {
        match &self.channel {
            Channel::Http { url, .. } => url.starts_with("https:"),
            Channel::Mail(server) => server.encryption != Encryption::None,
        }
    }

    /// Makes ready to send.
    ///
    /// # Errors
    /// The reason why TLS cannot be set up.
    pub fn sender<'t>(&'t self, zone: &'t str, people: &'t BTreeMap<PersonId, Mailbox>) -> Result<Sender<'t>, String> {
        let trusted = if self.is_encrypted() { authorities(self.ca_file.as_deref(), "ca_file")? } else { Vec::new() };
        let line = match &self.channel {
            Channel::Http { url, key } => {
                Line::Http { client: Client::new(self.limit, &trusted), url, key: key.as_deref() }
            }
            Channel::Mail(server) => Line::Mail { mailer: Mailer::new(server, self.limit, &trusted)?, server },
        };
        Ok(Sender { target: self, line, zone, people })
    }
}

enum Line<'t> {
    Http { client: Client, url: &'t str, key: Option<&'t String> },
    Mail { mailer: Mailer, server: &'t MailServer },
}

/// Sends messages to one target.
pub struct Sender<'t> {
    target: &'t Target,
    line: Line<'t>,
    zone: &'t str,
    people: &'t BTreeMap<PersonId, Mailbox>,
}

impl Sender<'_> {
    /// The most messages in a minute.
    pub fn per_minute(&self) -> Option<u32> {
        self.target.kind.per_minute()
    }

    /// Sends one message.
    ///
    /// # Errors
    /// Why it was not delivered, and whether to try again.
    pub fn send(&self, job: &Job, now: Time) -> Result<(), Failure> {
        within(self.target.lang, || self.send_in_language(job, now))
    }

    fn send_in_language(&self, job: &Job, now: Time) -> Result<(), Failure> {
        let said = message(&job.notice, self.zone, self.target.details);
        let (client, url, key) = match &self.line {
            Line::Mail { mailer, server } => {
                let to = if job.recipient.is_empty() { server.to.clone() } else { vec![self.address(&job.recipient)?] };
                return mailer.send(server, &mail(server, to, &said, &job.id, now)?);
            }
            Line::Http { client, url, key } => (client, *url, key.map_or("", |key| key)),
        };
        let id = [("Twinseal-Id", job.id.clone())];
        match self.target.kind {
            TargetKind::Webhook => {
                let body = chat::webhook(&job.id, &job.notice, &said);
                client.post(url, &chat::webhook_headers(&job.id, key, &body, now), &body, now).map(|_| ())
            }
            TargetKind::DingTalk => {
                let joint = if url.contains('?') { '&' } else { '?' };
                let signed = Zeroizing::new(format!("{url}{joint}{}", chat::ding_talk_signature(key, now)));
                chat::robot_answer(&client.post(&signed, &id, &chat::robot(&said), now)?)
            }
            TargetKind::WeCom => chat::robot_answer(&client.post(url, &id, &chat::robot(&said), now)?),
            TargetKind::Slack | TargetKind::Mail => client.post(url, &id, &chat::slack(&said), now).map(|_| ()),
        }
    }

    fn address(&self, person: &str) -> Result<Mailbox, Failure> {
        let found = person.parse::<PersonId>().ok().and_then(|person| self.people.get(&person));
        found.cloned().ok_or(Failure::Refused(Reason::NoAddress))
    }
}
