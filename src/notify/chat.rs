//! What chats and webhooks are sent. Chats get plain text: without markup there is nothing to inject.

use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::failure::{Failure, Reason};
use super::notice::Notice;
use super::plain::plain;
use super::templates::Message;
use crate::domain::Time;
use crate::output::safe_json;

fn text(message: &Message) -> String {
    message.lines(plain).join("\n")
}

/// The body for an incoming webhook of Slack.
pub fn slack(message: &Message) -> String {
    // Slack reads these three characters as its own even in plain text.
    let text = text(message).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let body = json!({
        "text": text, "mrkdwn": false, "parse": "none", "link_names": false,
        "unfurl_links": false, "unfurl_media": false,
    });
    safe_json(&body)
}

/// The body for a robot of DingTalk or WeCom, which mentions nobody.
pub fn robot(message: &Message) -> String {
    safe_json(&json!({ "msgtype": "text", "text": { "content": text(message) } }))
}

/// The parameters that sign a request to a DingTalk robot: HMAC-SHA256 over the time in milliseconds, a newline and the
/// key, with the key.
pub fn ding_talk_signature(key: &str, now: Time) -> String {
    let time = now.unix().saturating_mul(1_000);
    let signed = BASE64.encode(&mac(key, format!("{time}\n{key}").as_bytes()));
    // The only characters of base64 that a query cannot hold as they are.
    let signed = signed.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    format!("timestamp={time}&sign={signed}")
}

/// What the answer of a robot of DingTalk or WeCom says: HTTP 200 alone means nothing.
///
/// # Errors
/// Its error code, and whether to try again.
pub fn robot_answer(answer: &[u8]) -> Result<(), Failure> {
    let answer: Option<Value> = serde_json::from_slice(answer).ok();
    let Some(code) = answer.as_ref().and_then(|it| it["errcode"].as_i64()) else {
        return Err(Failure::down(Reason::NoCode));
    };
    let reason = Reason::Code(code);
    match code {
        0 => Ok(()),
        // Busy.
        -1 => Err(Failure::down(reason)),
        // Too many messages: DingTalk is silent for ten minutes then, WeCom for one.
        130_101 | 410_100 => Err(Failure::Down { reason, after: Some(600) }),
        45_009 => Err(Failure::Down { reason, after: Some(60) }),
        _ => Err(Failure::Refused(reason)),
    }
}

/// The body for a webhook: the notice as data, and its lines as text.
pub fn webhook(id: &str, notice: &Notice, message: &Message) -> String {
    let lines = message.lines(str::to_owned);
    safe_json(&json!({
        "id": id,
        "event": notice.what.event().map(|event| event.as_str()),
        "what": notice.what,
        "register": notice.register,
        "subject": notice.subject,
        "title": notice.title,
        "risk": notice.risk.map(|risk| risk.to_string()),
        "by": notice.by.as_ref().map(ToString::to_string),
        "deadline": notice.deadline.as_ref().map(|it| it.at.to_string()),
        "then": notice.deadline.as_ref().map(|it| &it.then),
        "command": notice.command,
        "text": lines,
    }))
}

/// The headers of a webhook: the id of the message, the time, and HMAC-SHA256 over time, full stop and body.
pub fn webhook_headers(id: &str, key: &str, body: &str, now: Time) -> [(&'static str, String); 3] {
    let time = now.unix();
    let signed = HEXLOWER.encode(&mac(key, format!("{time}.{body}").as_bytes()));
    [
        ("Twinseal-Id", id.to_owned()),
        ("Twinseal-Timestamp", time.to_string()),
        ("Twinseal-Signature", format!("sha256={signed}")),
    ]
}

fn mac(key: &str, signed: &[u8]) -> Vec<u8> {
    // HMAC takes keys of every length.
    let mut mac = match Hmac::<Sha256>::new_from_slice(key.as_bytes()) {
        Ok(mac) => mac,
        Err(_) => return Vec::new(),
    };
    mac.update(signed);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_in_a_robots_answer_decides() {
        assert_eq!(robot_answer(br#"{"errcode":0,"errmsg":"ok"}"#), Ok(()));
        assert!(matches!(robot_answer(br#"{"errcode":310000}"#), Err(Failure::Refused(_))));
        assert!(matches!(robot_answer(br#"{"errcode":130101}"#), Err(Failure::Down { after: Some(600), .. })));
        for unclear in [&b""[..], b"ok", b"{}", b"[]", br#"{"errcode":"0"}"#, br#"{"errcode":-1}"#] {
            assert!(matches!(robot_answer(unclear), Err(Failure::Down { after: None, .. })), "{unclear:?}");
        }
    }
}
