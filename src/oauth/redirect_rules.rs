//! Where an owner lets answers go: to any host on the web, or to those on a list; and which hosts are excepted from PKCE. What makes a redirect URI a good one
//! apart from that is decided in [`super::redirect_uri`].

use super::known_clients;

/// Which hosts on the web may be sent answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RedirectHosts {
    /// Every one. The consent page warns of those that nobody knows.
    #[default]
    Open,
    /// Those of known clients, and those that the owner named.
    Listed,
}

/// The owner's rules, and our own origin, to which no answer ever goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectRules {
    issuer: String,
    hosts: RedirectHosts,
    allowed_hosts: Vec<String>,
    allowed_schemes: Vec<String>,
    without_pkce: Vec<String>,
}

impl RedirectRules {
    /// The rules of a server whose origin is `issuer`, with every host open.
    pub fn open(issuer: &str) -> Self {
        Self { issuer: issuer.to_owned(), hosts: RedirectHosts::Open, allowed_hosts: vec![], allowed_schemes: vec![], without_pkce: vec![] }
    }

    /// The same with what an owner decided. Hosts are as in a URL: lower case, and a port where it is not 443.
    #[must_use]
    pub fn with(self, hosts: RedirectHosts, allowed_hosts: Vec<String>, allowed_schemes: Vec<String>) -> Self {
        Self { hosts, allowed_hosts, allowed_schemes, ..self }
    }

    /// The same, with hosts that may ask for codes without PKCE.
    #[must_use]
    pub fn without_pkce(self, hosts: Vec<String>) -> Self {
        Self { without_pkce: hosts, ..self }
    }

    /// True when the owner excepted that host from PKCE.
    pub fn is_without_pkce(&self, host: &str) -> bool {
        self.without_pkce.iter().any(|excepted| excepted == host)
    }

    /// Every host that the owner excepted from PKCE.
    pub fn hosts_without_pkce(&self) -> &[String] {
        &self.without_pkce
    }

    /// True when answers go to the hosts of known clients and those that the owner named, and to no other.
    pub fn are_listed(&self) -> bool {
        self.hosts == RedirectHosts::Listed
    }

    /// The owner's decisions by their names in the configuration, for the audit log to compare.
    pub fn settings(&self) -> [(&'static str, String); 4] {
        let hosts = match self.hosts {
            RedirectHosts::Open => "open",
            RedirectHosts::Listed => "listed",
        };
        [
            ("redirect_hosts", hosts.to_owned()),
            ("allowed_hosts", self.allowed_hosts.join(" ")),
            ("allowed_schemes", self.allowed_schemes.join(" ")),
            ("without_pkce", self.without_pkce.join(" ")),
        ]
    }

    /// Our origin.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// True when answers may go to that host.
    pub fn admit_host(&self, host: &str) -> bool {
        match self.hosts {
            RedirectHosts::Open => true,
            RedirectHosts::Listed => self.was_named(host) || known_clients::whose(host).is_some(),
        }
    }

    /// True when the owner named that host.
    pub fn was_named(&self, host: &str) -> bool {
        self.allowed_hosts.iter().any(|allowed| allowed == host)
    }

    /// True for the scheme of a known application, one that the owner named, and a domain name in reverse (RFC 8252
    /// §7.1), whose owner alone should be using it.
    pub fn admit_scheme(&self, scheme: &str) -> bool {
        let is_label =
            |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let reverse_dns = scheme.contains('.') && scheme.split('.').all(is_label);
        reverse_dns || known_clients::of_scheme(scheme).is_some() || self.allowed_schemes.iter().any(|allowed| allowed == scheme)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::rules;

    fn listed() -> RedirectRules {
        rules().with(RedirectHosts::Listed, vec!["n8n.home.test".into(), "files.test:8443".into()], vec!["myapp".into()])
    }

    #[test]
    fn an_open_server_sends_answers_to_every_host() {
        assert!(rules().admit_host("client.test") && rules().admit_host("claude.ai"));
    }

    #[test]
    fn a_list_holds_known_hosts_and_those_that_the_owner_named_and_no_other() {
        for host in ["claude.ai", "chatgpt.com", "n8n.home.test", "files.test:8443"] {
            assert!(listed().admit_host(host), "{host}");
        }
        for host in ["client.test", "evil.claude.ai", "claude.ai:8443", "files.test", "n8n.home.test:8443", "home.test", ""] {
            assert!(!listed().admit_host(host), "{host}");
        }
    }

    #[test]
    fn schemes_are_those_of_known_applications_reversed_domains_and_named_ones() {
        for scheme in ["cursor", "vscode", "claude-desktop", "com.example.app"] {
            assert!(rules().admit_scheme(scheme) && listed().admit_scheme(scheme), "{scheme}");
        }
        assert!(!rules().admit_scheme("myapp") && listed().admit_scheme("myapp"));
        for scheme in ["javascript", "data", "localhost", "httpx", "com.", ".", "com..x", "com.Example", ""] {
            assert!(!listed().admit_scheme(scheme), "{scheme}");
        }
    }
}
