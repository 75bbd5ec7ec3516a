//! Discovery documents (RFC 8414 §2, RFC 9728 §2, OpenID Connect Discovery §3). Every URL starts with the issuer, which
//! comes from the configuration and never from a request. No member is `null` or empty.

use super::client::{AuthMethod, GrantType};
use super::resource::ProtectedResource;
use super::scope::{OFFLINE_ACCESS, Scope};
use serde_json::{Value, json};

/// RFC 9728 §2, for the address as it was asked for: with `slash` the identifier ends in the slash that the person typed,
/// since clients compare it with that address byte for byte.
pub fn protected_resource(resource: &ProtectedResource, issuer: &str, slash: bool) -> Value {
    let tail = if slash { "/" } else { "" };
    let mut document = json!({
        "resource": format!("{}{tail}", resource.uri),
        "authorization_servers": [issuer],
        "bearer_methods_supported": ["header"],
        "resource_name": resource.name,
        "resource_documentation": format!("{issuer}/"),
    });
    if !resource.default_scope.is_empty() {
        document["scopes_supported"] = json!(resource.offered().names().collect::<Vec<_>>());
    }
    document
}

/// RFC 8414 §2: exactly what this server does.
pub fn authorization_server(issuer: &str, resources: &[ProtectedResource]) -> Value {
    let methods: Vec<&str> = AuthMethod::ALL.iter().map(|method| method.as_str()).collect();
    let grants: Vec<&str> = GrantType::ALL.iter().map(|grant| grant.as_str()).collect();
    let scopes = resources.iter().fold(Scope::default(), |all, resource| all.with(&resource.offered())).with(&Scope::parse(OFFLINE_ACCESS));
    let endpoint = |path: &str| format!("{issuer}{path}");
    json!({
        "issuer": issuer,
        "authorization_endpoint": endpoint("/authorize"),
        "token_endpoint": endpoint("/token"),
        "registration_endpoint": endpoint("/register"),
        "revocation_endpoint": endpoint("/revoke"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": grants,
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "scopes_supported": scopes.names().collect::<Vec<_>>(),
        "authorization_response_iss_parameter_supported": true,
        "protected_resources": resources.iter().map(|resource| resource.uri.as_str()).collect::<Vec<_>>(),
    })
}

/// The same, with what clients that look for OpenID Connect Discovery insist on (OpenID Connect Discovery §3).
pub fn openid_configuration(issuer: &str, resources: &[ProtectedResource]) -> Value {
    let mut document = authorization_server(issuer, resources);
    document["jwks_uri"] = json!(format!("{issuer}/jwks"));
    document["subject_types_supported"] = json!(["public"]);
    document["id_token_signing_alg_values_supported"] = json!(["ES256"]);
    document
}
