//! Parts of the sentences of errors.

use crate::domain::closed_enum;
use crate::{tr, trf};

pub(super) fn knows(registers: &[String]) -> String {
    if registers.is_empty() {
        String::new()
    } else {
        trf!("; this account knows {}", "；本账号已知的变更台账：{}", registers.join(tr!(", ", "、")))
    }
}

pub(super) fn further(verified: &Option<u64>) -> String {
    verified.map_or(String::new(), |seq| {
        trf!("; this account verified the old register up to entry {seq}", "；本账号已核验旧变更台账到第 {seq} 条")
    })
}

pub(super) fn none_fits(held: usize) -> String {
    match held {
        0 => tr!("the ssh-agent holds no Ed25519 key", "ssh-agent 中没有 Ed25519 密钥").to_owned(),
        1 => tr!(
            "the one Ed25519 key in the ssh-agent is not enrolled here",
            "ssh-agent 中唯一的 Ed25519 密钥未在此登记"
        )
        .to_owned(),
        held => trf!(
            "none of the {held} Ed25519 keys in the ssh-agent is enrolled here",
            "ssh-agent 中的 {held} 把 Ed25519 密钥均未在此登记"
        ),
    }
}

pub(super) fn did_you_mean(near: Option<&str>) -> String {
    near.map_or(String::new(), |near| trf!("; did you mean {near}?", "；是否想输入 {near}？"))
}

/// An argument, quoted and cut to fit a line.
pub(super) fn short(given: &str) -> String {
    const MOST: usize = 60;
    match given.char_indices().nth(MOST) {
        Some((at, _)) => format!("{:?}…", &given[..at]),
        None => format!("{given:?}"),
    }
}

pub(super) fn closed_freezes(count: usize) -> String {
    if count == 1 {
        tr!("1 freeze is closed", "该时间处于 1 个封网时段内").to_owned()
    } else {
        trf!("{count} freezes are closed", "该时间处于 {count} 个封网时段内")
    }
}

pub(super) fn findings(count: usize) -> String {
    let s = plural(count);
    trf!("register is not intact: {count} finding{s}", "变更台账不完好：{count} 个问题")
}

pub(super) fn unproven(count: usize) -> String {
    let s = plural(count);
    trf!("not proven: {count} finding{s}", "未获证明：{count} 个问题")
}

pub(super) fn faults(count: usize) -> String {
    let s = plural(count);
    trf!("doctor found {count} fault{s}", "doctor 发现 {count} 个故障")
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

pub(super) fn no_text(seq: u64, redacted: bool) -> String {
    let why = if redacted { tr!(": already redacted", "：已隐去") } else { "" };
    trf!("entry {seq} has no text to redact{why}", "第 {seq} 条没有可隐去的文本{why}")
}

closed_enum!(
    /// What failed on a file or directory.
    FileAct, ["an act on a file", "文件操作"], {
        /// Creating it.
        Create => "create", "创建";
        /// Opening it in an editor.
        Edit => "edit", "编辑";
        /// Reading it.
        Read => "read", "读取";
        /// Removing it.
        Remove => "remove", "删除";
        /// Using it for something new.
        Use => "use", "使用";
    }
);
