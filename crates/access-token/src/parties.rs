//! Between whom a token passes.

/// Who issues tokens and whom they are for. Signer and verifier must name the same two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parties {
    /// `JWT_ISSUER` (`iss`): the address under which the keys are published, without a final slash
    /// (RFC 8414, section 2).
    pub issuer: String,
    /// `JWT_AUDIENCE` (`aud`): the chat.
    pub audience: String,
}
