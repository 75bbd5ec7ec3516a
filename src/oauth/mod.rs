//! The rules. Pure: no I/O, no clock, no chance, no HTTP, no database. Each takes values and returns a decision.
//!
//! | rule | file | after |
//! |---|---|---|
//! | secrets, their prefixes, checksums and hashes | [`secret`] | RFC 6749 §10.10 |
//! | names of things | [`ids`] | |
//! | why something was refused, and what the peer is told | [`error`] | RFC 6749 §4.1.2.1, §5.2, RFC 6750 §3.1, RFC 7591 §3.2.2, RFC 8707 §2 |
//! | parameters of a query or form | [`params`] | RFC 6749 App. B |
//! | scopes | [`scope`] | RFC 6749 §3.3 |
//! | scopes that include others | [`scope_hierarchy`] | MCP 2026-07-28 *step-up authorization* |
//! | protected resources and the `resource` parameter | [`resource`] | RFC 8707, RFC 9728 |
//! | which redirect URIs may be registered and used | [`redirect_uri`] | RFC 6749 §3.1.2, RFC 8252 §7.3 |
//! | PKCE | [`pkce`] | RFC 7636 |
//! | what a client is | [`client`] | RFC 7591 §2 |
//! | clients that many people use | [`known_clients`] | |
//! | what to do in each app to connect it | [`instructions`] | |
//! | where an owner lets answers go | [`redirect_rules`] | |
//! | dynamic registration | [`registration`] | RFC 7591 §3 |
//! | what a registered client is told | [`registration_response`] | RFC 7591 §3.2.1, RFC 7592 §3 |
//! | how a client manages its registration | [`client_management`] | RFC 7592 |
//! | client authentication | [`client_auth`] | RFC 6749 §2.3 |
//! | the authorization request | [`authorization_request`] | RFC 6749 §4.1.1 |
//! | what the browser must do next | [`authorization_step`] | |
//! | a request in progress, and what the user decides | [`consent`], [`consent_choice`] | |
//! | every redirect back to a client | [`authorization_response`] | RFC 6749 §4.1.2, RFC 9207 |
//! | the token request | [`token_request`] | RFC 6749 §4.1.3, §6 |
//! | redeeming a code | [`code`] | RFC 6749 §4.1.3, §10.5 |
//! | rotating a refresh token | [`refresh`] | RFC 9700 §4.14 |
//! | what an owner decides about a server's tokens | [`token_policy`] | RFC 9700 §4.14, RFC 7009 §2.1 |
//! | ID tokens and who may read who somebody is | [`id_token`] | OpenID Connect Core §2, §5.3 |
//! | the keys that sign them | [`signing_key`] | RFC 7517, RFC 7518 §3.4 |
//! | the token response | [`token_response`] | RFC 6749 §5.1 |
//! | a device without a browser | [`device`] | RFC 8628 |
//! | an answer that is fetched and not sent | [`poll`] | |
//! | the token that a client asks something about | [`token_parameter`] | RFC 7009 §2.1, RFC 7662 §2.1 |
//! | revocation | [`revocation`] | RFC 7009 |
//! | introspection | [`introspection`] | RFC 7662 |
//! | accounts | [`user`] | |
//! | choosing a password by a one-time link | [`invitation`] | |
//! | a user's grant to a client | [`connection`] | |
//! | for how long it is given | [`term`] | |
//! | why an app asks for it again | [`asks_again`] | |
//! | standing still for a while | [`pause`] | RFC 9110 §10.2.3, §15.6.4 |
//! | the check of a bearer token | [`bearer`] | RFC 6750, RFC 9728 §5.1 |
//! | API keys | [`api_key`] | |
//! | a session of the MCP transport and whose it is | [`mcp_session`] | MCP security best practices |
//! | whether an answer comes from this doorward, for the doctor | [`probe`] | |
//! | how a limit slides | [`limits`] | RFC 9110 §10.2.3 |
//! | what is limited, by whom it is counted, how much there is | [`rates`] | RFC 7591 §5 |
//! | guessing made slow | [`throttle`] | RFC 6749 §4.3.2, §10.10 |
//! | text of others that people are shown | [`text`] | |
//! | what happened, for the owner | [`audit`] | |
//! | which events there can be, and how many are kept | [`audit_kinds`] | |
//! | what an address says about who is there | [`address_class`] | RFC 1918, RFC 6598 |
//! | how far an attempt to connect got | [`trace`], step by step [`trace_step`] | |
//! | which attempt a step belongs to | [`trace_correlation`] | |
//! | what the last step means, and what to do | [`trace_diagnosis`], [`trace_refusal`] | |
//! | an attempt as it is shown | [`trace_view`] | |
//! | how the configuration changed | [`configuration`] | |
//! | what people read of them | [`audit_sentence`] | |
//! | discovery documents | [`metadata`] | RFC 8414, RFC 9728 |

pub mod address_class;
pub mod api_key;
pub mod asks_again;
pub mod audit;
pub mod audit_kinds;
pub mod audit_sentence;
pub mod authorization_request;
pub mod authorization_response;
pub mod authorization_step;
pub mod bearer;
pub mod client;
pub mod client_auth;
pub mod client_management;
pub mod code;
pub mod configuration;
pub mod connection;
pub mod consent;
pub mod consent_choice;
pub mod device;
pub mod error;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod id_token;
pub mod ids;
pub mod instructions;
pub mod introspection;
pub mod invitation;
pub mod known_clients;
pub mod limits;
pub mod mcp_session;
pub mod metadata;
pub mod params;
pub mod pause;
pub mod pkce;
pub mod poll;
pub mod probe;
pub mod rates;
pub mod redirect_rules;
pub mod redirect_uri;
pub mod refresh;
pub mod registration;
pub mod registration_response;
pub mod resource;
pub mod revocation;
pub mod scope;
pub mod scope_hierarchy;
pub mod secret;
pub mod signing_key;
pub mod term;
pub mod text;
pub mod throttle;
pub mod token_parameter;
pub mod token_policy;
pub mod token_request;
pub mod token_response;
pub mod trace;
pub mod trace_correlation;
pub mod trace_diagnosis;
pub mod trace_refusal;
pub mod trace_step;
pub mod trace_view;
pub mod user;
