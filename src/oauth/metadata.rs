//! Discovery documents (RFC 8414 §2, RFC 9728 §2, OpenID Connect Discovery §3). Every URL starts with the issuer, which
//! comes from the configuration and never from a request. No member is `null` or empty.

use super::client::{AuthMethod, ClientKinds, GrantType};
use super::id_token::CLAIMS;
use super::resource::ProtectedResource;
use super::scope::{EMAIL, OFFLINE_ACCESS, OPENID, PROFILE, Scope};
use serde_json::{Value, json};

/// RFC 9728 §2, for the address as it was asked for: with `slash` the identifier ends in the slash that the person typed,
/// since clients compare it with that address byte for byte.
pub fn protected_resource(resource: &ProtectedResource, issuer: &str, slash: bool) -> Value {
    let tail = if slash { "/" } else { "" };
    let document = json!({
        "resource": format!("{}{tail}", resource.uri),
        "authorization_servers": [issuer],
        "bearer_methods_supported": ["header"],
        "resource_name": resource.name,
        "resource_documentation": format!("{issuer}/"),
    });
    let offered = resource.offered();
    if offered.is_empty() { document } else { with(document, [("scopes_supported", json!(offered.names().collect::<Vec<_>>()))]) }
}

fn with<const N: usize>(mut document: Value, more: [(&str, Value); N]) -> Value {
    if let Some(members) = document.as_object_mut() {
        members.extend(more.map(|(name, value)| (name.to_owned(), value)));
    }
    document
}

/// RFC 8414 §2: exactly what this server does. The scopes of OpenID are left to [`openid_configuration`]: many clients ask
/// for every scope listed here, and each would make the consent page longer for an ID token that nobody reads.
pub fn authorization_server(issuer: &str, resources: &[ProtectedResource], clients: ClientKinds) -> Value {
    let names = |methods: &[AuthMethod]| methods.iter().map(|method| method.as_str()).collect::<Vec<_>>();
    let methods = names(clients.methods());
    let grants: Vec<&str> = GrantType::ALL.iter().map(|grant| grant.as_str()).collect();
    let scopes = resources.iter().fold(Scope::default(), |all, resource| all.with(&resource.offered())).with(&Scope::parse(OFFLINE_ACCESS));
    let endpoint = |path: &str| format!("{issuer}{path}");
    json!({
        "issuer": issuer,
        "authorization_endpoint": endpoint("/authorize"),
        "token_endpoint": endpoint("/token"),
        "device_authorization_endpoint": endpoint("/device_authorization"),
        "registration_endpoint": endpoint("/register"),
        "revocation_endpoint": endpoint("/revoke"),
        "introspection_endpoint": endpoint("/introspect"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": grants,
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        // Resource servers have secrets, whatever kinds of clients there are. That a public client may ask about its own
        // tokens ([`super::introspection`]) is for clients that try; nobody is invited to come without proof (RFC 7662 §2.1).
        "introspection_endpoint_auth_methods_supported": names(&[AuthMethod::ClientSecretPost, AuthMethod::ClientSecretBasic]),
        "scopes_supported": scopes.names().collect::<Vec<_>>(),
        "authorization_response_iss_parameter_supported": true,
        "protected_resources": resources.iter().map(|resource| resource.uri.as_str()).collect::<Vec<_>>(),
    })
}

/// The same, with what clients that look for OpenID Connect Discovery insist on (OpenID Connect Discovery §3).
pub fn openid_configuration(issuer: &str, resources: &[ProtectedResource], clients: ClientKinds) -> Value {
    let document = authorization_server(issuer, resources, clients);
    let listed: Vec<&str> =
        document.get("scopes_supported").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let more = [
        ("scopes_supported", json!([listed, vec![OPENID, PROFILE, EMAIL]].concat())),
        ("jwks_uri", json!(format!("{issuer}/jwks"))),
        ("userinfo_endpoint", json!(format!("{issuer}/userinfo"))),
        ("claims_supported", json!(CLAIMS)),
        ("claim_types_supported", json!(["normal"])),
        ("request_uri_parameter_supported", json!(false)),
        ("subject_types_supported", json!(["public"])),
        ("id_token_signing_alg_values_supported", json!(["ES256"])),
    ];
    with(document, more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{ISSUER, resource};

    /// No `null`, no empty text, list or object anywhere (RFC 8414 §3.2, RFC 9728 §3.2).
    fn is_full(value: &Value) -> bool {
        match value {
            Value::Null => false,
            Value::Bool(_) | Value::Number(_) => true,
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty() && items.iter().all(is_full),
            Value::Object(members) => !members.is_empty() && members.values().all(is_full),
        }
    }

    fn servers() -> Vec<ProtectedResource> {
        vec![resource("/notes"), resource("/files")]
    }

    #[test]
    fn the_resource_is_the_address_that_was_asked_slash_and_all() {
        assert_eq!(protected_resource(&resource("/notes"), ISSUER, false)["resource"], "https://mcp.example.com/notes");
        assert_eq!(protected_resource(&resource("/notes"), ISSUER, true)["resource"], "https://mcp.example.com/notes/");
    }

    #[test]
    fn a_resource_names_one_authorization_server_and_it_is_the_issuer() {
        let document = protected_resource(&resource("/notes"), ISSUER, false);
        assert_eq!(document["authorization_servers"], json!([authorization_server(ISSUER, &servers(), ClientKinds::All)["issuer"]]));
        assert_eq!(document["bearer_methods_supported"], json!(["header"]));
        assert_eq!(document["resource_name"], "Notes");
    }

    #[test]
    fn a_resource_lists_all_its_scopes_and_never_offline_access() {
        let document = protected_resource(&resource("/notes"), ISSUER, false);
        assert_eq!(document["scopes_supported"], json!(["read", "write"]));
        let without_default = ProtectedResource { default_scope: Scope::default(), ..resource("/notes") };
        assert_eq!(protected_resource(&without_default, ISSUER, false)["scopes_supported"], json!(["read", "write"]));
    }

    #[test]
    fn a_resource_without_scopes_has_no_member_for_them() {
        let bare = ProtectedResource { scopes: vec![], ..resource("/notes") };
        assert!(protected_resource(&bare, ISSUER, false).get("scopes_supported").is_none());
    }

    #[test]
    fn the_server_document_says_what_is_done_and_no_more() {
        let document = authorization_server(ISSUER, &servers(), ClientKinds::All);
        assert_eq!(document["issuer"], ISSUER);
        assert_eq!(document["response_types_supported"], json!(["code"]));
        assert_eq!(document["response_modes_supported"], json!(["query"]));
        assert_eq!(
            document["grant_types_supported"],
            json!(["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"])
        );
        assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(document["token_endpoint_auth_methods_supported"], json!(["none", "client_secret_post", "client_secret_basic"]));
        assert_eq!(document["revocation_endpoint_auth_methods_supported"], document["token_endpoint_auth_methods_supported"]);
        assert_eq!(document["introspection_endpoint_auth_methods_supported"], json!(["client_secret_post", "client_secret_basic"]));
        assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    }

    #[test]
    fn where_only_public_clients_are_let_in_no_other_method_is_listed() {
        let document = authorization_server(ISSUER, &servers(), ClientKinds::PublicOnly);
        for endpoint in ["token", "revocation"] {
            assert_eq!(document[format!("{endpoint}_endpoint_auth_methods_supported")], json!(["none"]), "{endpoint}");
        }
        let of_resource_servers = &document["introspection_endpoint_auth_methods_supported"];
        assert_eq!(*of_resource_servers, json!(["client_secret_post", "client_secret_basic"]));
    }

    #[test]
    fn the_endpoints_are_where_clients_guess_them() {
        let document = authorization_server(ISSUER, &servers(), ClientKinds::All);
        for (member, path) in [
            ("authorization_endpoint", "/authorize"),
            ("token_endpoint", "/token"),
            ("registration_endpoint", "/register"),
            ("device_authorization_endpoint", "/device_authorization"),
            ("revocation_endpoint", "/revoke"),
            ("introspection_endpoint", "/introspect"),
        ] {
            assert_eq!(document[member], format!("{ISSUER}{path}"));
        }
    }

    #[test]
    fn scopes_of_all_servers_are_listed_once_with_offline_access() {
        let files =
            ProtectedResource { scopes: vec![("files".into(), "Files".into()), ("read".into(), "Read".into())], ..resource("/files") };
        let document = authorization_server(ISSUER, &[resource("/notes"), files], ClientKinds::All);
        assert_eq!(document["scopes_supported"], json!(["read", "write", "files", "offline_access"]));
        assert_eq!(document["protected_resources"], json!(["https://mcp.example.com/notes", "https://mcp.example.com/files"]));
    }

    #[test]
    fn the_openid_document_is_the_same_with_more_members_and_scopes() {
        let (openid, plain) =
            (openid_configuration(ISSUER, &servers(), ClientKinds::All), authorization_server(ISSUER, &servers(), ClientKinds::All));
        for (member, value) in plain.as_object().unwrap().iter().filter(|(member, _)| *member != "scopes_supported") {
            assert_eq!(&openid[member], value, "{member}");
        }
        assert_eq!(openid["scopes_supported"], json!(["read", "write", "offline_access", "openid", "profile", "email"]));
        assert_eq!(plain["scopes_supported"], json!(["read", "write", "offline_access"]));
        assert_eq!(openid["userinfo_endpoint"], format!("{ISSUER}/userinfo"));
        assert_eq!(openid["request_uri_parameter_supported"], false);
    }

    #[test]
    fn no_member_of_any_document_is_null_or_empty() {
        for document in [
            protected_resource(&resource("/notes"), ISSUER, false),
            protected_resource(&ProtectedResource { scopes: vec![], ..resource("/notes") }, ISSUER, true),
            authorization_server(ISSUER, &servers(), ClientKinds::All),
            openid_configuration(ISSUER, &servers(), ClientKinds::All),
        ] {
            assert!(is_full(&document), "{document}");
        }
    }

    #[test]
    fn every_url_begins_with_the_issuer() {
        for document in [protected_resource(&resource("/notes"), ISSUER, false), openid_configuration(ISSUER, &servers(), ClientKinds::All)]
        {
            for (member, value) in document.as_object().unwrap() {
                let texts = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                for text in texts.iter().filter_map(Value::as_str).filter(|text| text.contains("://")) {
                    assert!(text.starts_with(ISSUER), "{member}: {text}");
                }
            }
        }
    }
}
