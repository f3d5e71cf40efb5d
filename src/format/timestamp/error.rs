//! Why something is not a timestamp of a document.

use crate::{tr, trf};

/// Why something is not a timestamp of a document. What an authority wrote is cut, and is not safe to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// More bytes than a token needs.
    #[error("{}", trf!("more than {most} bytes", "超过 {most} 字节"))]
    TooLarge {
        /// The limit.
        most: usize,
    },
    /// No response of RFC 3161.
    #[error("{}", tr!("not a timestamp response (RFC 3161)", "不是时间戳响应（RFC 3161）"))]
    NotAResponse,
    /// The authority granted no token.
    #[error("{}", trf!("the authority refused (status {status}){text}", "时间戳机构拒绝（状态 {status}）{text}"))]
    Rejected {
        /// Its status.
        status: u8,
        /// What it says, behind a colon.
        text: String,
    },
    /// A token that breaks RFC 3161 or RFC 5652.
    #[error("{}", tr!("the token is malformed", "令牌格式错误"))]
    Malformed,
    /// The imprint of something else.
    #[error("{}", tr!("it is the timestamp of other bytes", "该时间戳针对的是其他内容"))]
    OtherDocument,
    /// A response to another request.
    #[error("{}", tr!("it answers another request (nonce)", "该响应针对的是另一个请求（nonce）"))]
    OtherRequest,
    /// SHA-1, of which different documents with the same hash are known.
    #[error("{}", tr!("it uses SHA-1, which is broken", "使用了已被攻破的 SHA-1"))]
    Sha1,
    /// An algorithm that is not supported.
    #[error("{}", trf!("unsupported algorithm {}", "不支持的算法 {}", .0))]
    Algorithm(
        /// Its object identifier.
        String,
    ),
    /// No certificate of the signer.
    #[error("{}", tr!(
        "the token does not contain its signer's certificate", "令牌中没有签名者的证书"
    ))]
    NoCertificate,
    /// Signed under the name of another certificate, or of none.
    #[error("{}", tr!(
        "the signature does not name the certificate of its signer (ESSCertID)",
        "签名未指明签名者的证书（ESSCertID）"
    ))]
    OtherCertificate,
    /// An authority that the certificate does not name.
    #[error("{}", tr!("the token names another authority than its certificate", "令牌与其证书所称的机构不一致"))]
    OtherName,
    /// A certificate for other purposes.
    #[error("{}", tr!(
        "the signer's certificate is not for timestamps alone (critical extended key usage)",
        "签名者的证书并非专用于时间戳（关键的扩展密钥用法）"
    ))]
    Purpose,
    /// A certificate outside its period.
    #[error("{}", tr!(
        "the signer's certificate was not valid at the time of the token", "签名者的证书在令牌所称时间无效"
    ))]
    NotValidThen,
    /// A signature that does not verify.
    #[error("{}", tr!("the signature does not verify", "签名未通过核验"))]
    Signature,
    /// No trusted authority vouches for the certificate.
    #[error("{}", trf!(
        "no authority of the CA file vouches for the signer's certificate ({})",
        "CA 文件中没有机构为签名者的证书担保（{}）", .0
    ))]
    Untrusted(
        /// What `webpki` calls it.
        String,
    ),
}

impl TimestampError {
    pub(super) fn chain(error: &webpki::Error) -> Self {
        Self::Untrusted(error.to_string())
    }
}
