//! What a server wants of an upgrade besides the rules of RFC 6455: an Origin that is allowed, credentials, a subprotocol
//! that it knows (section 4.2.2). Owns that judgement and the fields of our own in a 101; the answer itself is `accept`'s.

use crate::wire::head::Head;

/// What is asked of every client.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Those that we speak; the client's first one among them is chosen.
    pub subprotocols: Vec<String>,
    /// Empty: every one. A request without an Origin comes from no browser and passes.
    pub origins: Vec<String>,
    /// The whole value that `Authorization` must have.
    pub authorization: Option<String>,
    /// Put into every 101.
    pub fields: Vec<(String, String)>,
}

/// Why a request is turned away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub reason: &'static str,
    pub fields: Vec<(String, String)>,
    pub why: String,
}

impl Policy {
    /// The subprotocol that is agreed on, if any.
    ///
    /// # Errors
    /// 401 without the right credentials, 403 for an Origin that is not allowed.
    pub fn judge(&self, head: &Head) -> Result<Option<String>, Refusal> {
        self.judge_credentials(head)?;
        if let Some(origin) = head.first("Origin")
            && !self.origins.is_empty()
            && !self.origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
        {
            let why = format!("the Origin {} is not allowed", origin.chars().take(200).collect::<String>());
            return Err(Refusal { status: 403, reason: "Forbidden", fields: Vec::new(), why });
        }
        let offers = head.tokens("Sec-WebSocket-Protocol");
        Ok(offers.into_iter().find(|offer| self.subprotocols.contains(offer)))
    }

    /// Are the credentials there, if any are asked for?
    ///
    /// # Errors
    /// 401 without the right ones.
    pub fn judge_credentials(&self, head: &Head) -> Result<(), Refusal> {
        if let Some(wanted) = &self.authorization
            && !head.first("Authorization").is_some_and(|given| same_credentials(given, wanted))
        {
            let fields = vec![("WWW-Authenticate".into(), "Basic realm=\"wscope\", charset=\"UTF-8\"".into())];
            let had = if head.first("Authorization").is_some() { "other credentials came" } else { "none came" };
            return Err(Refusal {
                status: 401,
                reason: "Unauthorized",
                fields,
                why: format!("credentials are asked for, {had}"),
            });
        }
        Ok(())
    }
}

/// RFC 9110 section 11.1: the scheme's case does not matter, that of the rest does.
fn same_credentials(given: &str, wanted: &str) -> bool {
    let parts =
        |text: &str| text.split_once(' ').map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest.trim().to_owned()));
    parts(given).is_some_and(|given| Some(given) == parts(wanted))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn head(fields: &str) -> Head {
        Head::verbatim(format!("GET / HTTP/1.1\r\nHost: h\r\n{fields}\r\n").into_bytes())
    }

    fn status(policy: &Policy, fields: &str) -> Option<u16> {
        policy.judge(&head(fields)).err().map(|refusal| refusal.status)
    }

    #[test]
    fn without_wishes_everybody_is_welcome() {
        let policy = Policy::default();
        assert_eq!(policy.judge(&head("Origin: http://x\r\nSec-WebSocket-Protocol: chat\r\n")), Ok(None));
    }

    #[test]
    fn the_clients_first_subprotocol_that_is_known_is_chosen() {
        let policy = Policy { subprotocols: vec!["chat.v1".into(), "chat.v2".into()], ..Policy::default() };
        let chosen = policy.judge(&head("Sec-WebSocket-Protocol: x, chat.v2, chat.v1\r\n")).unwrap();
        assert_eq!(chosen.as_deref(), Some("chat.v2"));
        assert_eq!(policy.judge(&head("Sec-WebSocket-Protocol: x\r\n")), Ok(None));
    }

    #[test]
    fn only_allowed_origins_pass_and_no_origin_does() {
        let policy = Policy { origins: vec!["https://app.example".into()], ..Policy::default() };
        assert_eq!(status(&policy, "Origin: https://APP.example\r\n"), None);
        assert_eq!(status(&policy, ""), None);
        assert_eq!(status(&policy, "Origin: null\r\n"), Some(403));
        assert_eq!(status(&policy, "Origin: https://app.example.evil\r\n"), Some(403));
    }

    #[test]
    fn credentials_are_asked_for_in_the_scheme_that_is_meant() {
        let policy = Policy { authorization: Some("Basic dTpw".into()), ..Policy::default() };
        assert_eq!(status(&policy, "Authorization: Basic dTpw\r\n"), None);
        assert_eq!(status(&policy, "Authorization: basic dTpw\r\n"), None);
        assert_eq!(status(&policy, "Authorization: Basic DTPW\r\n"), Some(401));
        let refusal = policy.judge(&head("")).unwrap_err();
        assert!(refusal.fields[0].1.starts_with("Basic realm="), "{refusal:?}");
        assert_eq!(refusal.why, "credentials are asked for, none came");
        assert_eq!(status(&policy, "Authorization: Basic eDp5\r\n"), Some(401));
    }
}
