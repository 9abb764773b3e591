//! The flags that say how the peer is reached and what the request carries.
//!
//! Owns the words; dialling is `net::dial`'s, TLS `net::tls`'s, the request `wire::upgrade`'s.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

use super::fields::{self, HeaderArg, Secret};
use super::values::{self, ResolveArg};

/// How the peer is reached.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Reaching the peer")]
pub struct TargetArgs {
    /// 'Name: value' in the request; @FILE (repeat)
    ///
    /// Split at the first colon. 'Name:' removes a default one. @FILE has one a line, env:NAME takes it from the
    /// environment.
    #[arg(short = 'H', long = "header", value_name = "HEADER", value_parser = fields::header)]
    pub headers: Vec<HeaderArg>,

    /// The Origin header, as a browser would send it
    #[arg(short = 'o', long, value_name = "ORIGIN", value_parser = fields::field_value, hide_short_help = true)]
    pub origin: Option<String>,

    /// The Host header, instead of the URL's
    #[arg(long, value_name = "HOST", value_parser = fields::field_value, hide_short_help = true)]
    pub host: Option<String>,

    /// The User-Agent header
    #[arg(long, value_name = "TEXT", value_parser = fields::field_value, hide_short_help = true)]
    pub user_agent: Option<String>,

    /// A cookie, name=value; @FILE, env:NAME (repeat)
    #[arg(long = "cookie", value_name = "COOKIE", value_parser = fields::secret, hide_short_help = true)]
    pub cookies: Vec<Secret>,

    /// Offer a subprotocol (repeat)
    #[arg(
        short = 's',
        long = "subprotocol",
        alias = "protocol",
        value_name = "NAME",
        value_parser = fields::subprotocol
    )]
    pub subprotocols: Vec<String>,

    /// Basic authentication; asks if PASS is missing
    ///
    /// @FILE and env:NAME hold the same text.
    #[arg(long, value_name = "USER[:PASS]", value_parser = fields::secret, conflicts_with = "bearer", hide_short_help = true)]
    pub auth: Option<Secret>,

    /// Authorization: Bearer TOKEN; @FILE, env:NAME
    #[arg(long, value_name = "TOKEN", value_parser = fields::secret, hide_short_help = true)]
    pub bearer: Option<Secret>,

    /// Follow redirects (browsers never do)
    #[arg(short = 'L', long, hide_short_help = true)]
    pub location: bool,

    /// Redirects that -L follows at most
    #[arg(long, value_name = "N", value_parser = values::whole_number, default_value = "10", hide_short_help = true)]
    pub max_redirects: u32,

    /// Go on with a certificate that is not trusted
    #[arg(short = 'k', long)]
    pub insecure: bool,

    /// Trust these certificates (PEM or DER) instead of the system's
    ///
    /// TLS secrets go to the file that SSLKEYLOGFILE names, if it is set.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub ca: Option<PathBuf>,

    /// The server name of the TLS handshake, instead of the URL's host
    #[arg(long, value_name = "NAME", value_parser = values::name, conflicts_with = "no_sni", hide_short_help = true)]
    pub sni: Option<String>,

    /// Send no server name in the TLS handshake
    #[arg(long, hide_short_help = true)]
    pub no_sni: bool,

    /// IPv4 only
    #[arg(short = '4', conflicts_with = "ipv6", hide_short_help = true)]
    pub ipv4: bool,

    /// IPv6 only
    #[arg(short = '6', hide_short_help = true)]
    pub ipv6: bool,

    /// Use that address for HOST:PORT instead of looking it up (repeat)
    #[arg(long, value_name = "HOST:PORT:ADDR", value_parser = values::resolve, hide_short_help = true)]
    pub resolve: Vec<ResolveArg>,

    /// Connect from that local address
    #[arg(long, value_name = "ADDR", value_parser = values::address, hide_short_help = true)]
    pub bind: Option<IpAddr>,

    /// Connect to that Unix socket; the URL only names the host and path
    #[arg(long, value_name = "PATH", hide_short_help = true)]
    pub unix_socket: Option<PathBuf>,

    /// The largest message that is taken, in bytes; k, M, G and KiB, MiB, GiB are units of 1024
    #[arg(long, value_name = "SIZE", value_parser = values::size, default_value = "64MiB", hide_short_help = true)]
    pub max_message: u64,

    /// What we do wrong on purpose; not yet parsed.
    #[arg(
        long,
        value_name = "SPEC",
        hide_short_help = true,
        help = "Do that wrong on purpose, as a client may: no-pong, close=4001, ... (repeat)",
        long_help = FAULT_HELP
    )]
    pub fault: Vec<String>,

    /// Causes of your own for what your servers answer
    ///
    /// What a refusal, a Close or a limit of time means with you, and what to do about it: docs/rules.md.
    #[arg(long, value_name = "FILE.toml", help_heading = "Output", hide_short_help = true)]
    pub rules: Option<String>,
}

impl TargetArgs {
    /// What only shows when flags are seen together.
    ///
    /// # Errors
    /// One line: a subprotocol offered twice (RFC 6455 section 4.1, item 10: "MUST all be unique strings").
    pub fn check(&self) -> Result<(), String> {
        let mut seen: Vec<&str> = Vec::new();
        for name in &self.subprotocols {
            if seen.contains(&name.as_str()) {
                return Err(format!("--subprotocol: expected each name once, got {} again", values::shown(name)));
            }
            seen.push(name);
        }
        Ok(())
    }
}

const FAULT_HELP: &str = "\
Do that wrong on purpose, as a client may: no-pong, close=4001, ... (repeat)

The grammar is that of serve --fault: NAME[=VALUE][;key=value...][@WHEN], joined by +. wscope explain NAME tells of each.";
