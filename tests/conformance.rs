//! What clients and strangers see, over HTTP only.
<<<<<<< HEAD
//!
//! Each scenario, the MCP revision in which it matters, and the section it follows. A row that names no test fails, and
//! so does a test without a row in a file that has a heading here.
//!
//! | scenario | MCP revision | section |
//! |---|---|---|
//! | **flow** | | |
//! | `a_client_registers_is_approved_calls_refreshes_and_is_revoked` | all | RFC 6749 §4.1, §6, RFC 7009 §2 |
//! | **discovery** | | |
//! | `every_spelling_gives_the_document_with_and_without_slash_and_query` | all | RFC 8414 §3, RFC 9728 §3.1 |
//! | `head_answers_as_get_does_without_the_content` | all | RFC 9110 §8.6, §9.3.2 |
//! | `a_browser_may_ask_before_it_reads_and_nobody_may_change_a_document` | all | RFC 9110 §15.5.6, Fetch (CORS) |
//! | `an_unknown_document_is_a_json_404_that_every_origin_can_read` | all | RFC 8414 §3, RFC 9728 §3 |
//! | `no_document_holds_null_or_anything_empty` | all | RFC 8414 §3.2, RFC 9728 §3.2 |
//! | `the_server_document_holds_exactly_what_is_done_here` | all | RFC 8414 §2, RFC 9207 §3, OIDC Discovery §3 |
//! | `every_endpoint_that_is_named_is_there` | all | RFC 8414 §2, RFC 7517 §5 |
//! | `each_of_two_servers_has_its_document_and_the_root_has_none` | 2025-06-18 on | RFC 9728 §2, §3.1 |
//! | `what_a_request_claims_about_its_host_changes_nothing` | all | RFC 8414 §3.3, RFC 9110 §7.4 |
//! | `without_a_token_every_method_is_challenged_with_the_way_to_the_document` | 2025-06-18 on | RFC 6750 §3, RFC 9728 §5.1 |
//! | `a_client_of_2025_03_26_finds_the_endpoints_at_the_origin_and_sends_neither_state_nor_scope_nor_resource` | 2025-03-26 | RFC 8414 §3 |
//! | `a_client_of_2025_06_18_finds_the_server_through_the_document_at_the_root` | 2025-06-18 | RFC 9728 §3, RFC 8707 §2 |
//! | `a_client_of_2025_11_25_finds_the_same_through_challenge_path_and_root` | 2025-11-25 | RFC 9728 §5, OIDC Discovery §4 |
//! | `a_client_of_2026_07_28_gets_the_issuer_back_in_every_place_where_it_compares_it` | 2026-07-28 | RFC 8414 §3.3, RFC 9207 §2.4 |
//! | **registration** | | |
//! | `a_client_gets_the_method_it_asked_for_and_a_secret_only_with_one_that_needs_it` | all | RFC 7591 §3.2.1 |
//! | `ids_and_secrets_are_long_enough_to_be_unguessable_and_plain_enough_for_any_header` | all | RFC 6749 App. A.1, A.2 |
//! | `everything_registered_comes_back_as_it_was_sent` | all | RFC 7591 §3.2.1 |
//! | `members_that_nobody_knows_and_grants_that_are_not_served_are_left_out` | all | RFC 7591 §2, §3.1.1 |
//! | `a_stranger_cannot_assign_itself_what_is_not_its_own` | all | RFC 7591 §2 |
//! | `a_public_client_that_registers_again_is_the_same_client_and_any_difference_makes_another` | all | RFC 7591 §5 |
//! | `what_is_no_json_object_of_known_types_is_refused` | all | RFC 7591 §3.2.2 |
//! | `redirect_uris_must_be_a_list_of_a_few_texts` | all | RFC 7591 §2 |
//! | `schemes_that_run_or_read_something_are_refused_however_they_are_spelt` | all | RFC 9700 §4.1, RFC 8252 §7.1 |
//! | `addresses_that_two_readers_could_take_differently_are_refused` | all | RFC 9700 §4.1.3 |
//! | `plain_http_is_for_this_device_alone_and_no_look_alike_of_it` | all | RFC 8252 §7.3, RFC 9700 §2.6 |
//! | `addresses_of_our_own_and_those_with_parameters_of_our_answer_are_refused` | all | RFC 9207 §2.4, RFC 9700 §4.11 |
//! | `one_bad_address_among_good_ones_refuses_them_all` | all | RFC 7591 §3.2.2 |
//! | `what_would_give_more_than_a_code_is_refused` | all | RFC 7591 §2, RFC 9700 §2.1.2, §2.4 |
//! | `links_lead_to_public_https_addresses_or_nowhere` | all | RFC 7591 §5 |
//! | `a_name_that_hides_something_or_pretends_to_be_us_is_refused` | all | RFC 7591 §5 |
//! | `only_json_said_to_be_json_is_read` | all | RFC 7591 §3.1 |
//! | `a_mebibyte_is_too_much_and_is_said_so_in_json` | all | RFC 9110 §15.5.14 |
//! | `other_methods_are_refused_in_json_and_say_which_is_meant` | all | RFC 6749 §3.2, RFC 9110 §15.5.6 |
//! | `registration_needs_no_credentials_and_believes_none` | all | RFC 7591 §3 |
//! | `the_registrations_of_real_clients_are_accepted_as_they_are_sent` | all | RFC 7591 §3.1 |
//! | `a_client_is_still_registered_after_a_restart_and_after_kill` | all | RFC 7591 §3.2.1 |
//! | `a_removed_client_is_unknown_everywhere_and_may_register_anew` | all | RFC 6749 §4.1.2.1, §5.2 |
//! | **authorization** | | |
//! | `the_answer_goes_by_see_other_with_code_state_and_issuer_once_each` | all; `iss` 2026-07-28 | RFC 6749 §4.1.2, RFC 9207 §2 |
//! | `the_request_may_be_fetched_twice_and_either_page_finishes_it` | all | RFC 6749 §4.1.1 |
//! | `a_request_before_sign_in_goes_on_after_it_as_it_was` | all | RFC 6749 §3.1 |
//! | `a_posted_form_is_the_same_request_and_query_and_body_are_never_merged` | all | OIDC Core §3.1.2.1 |
//! | `the_state_comes_back_byte_for_byte_up_to_four_kilobytes_and_not_at_all_if_none_came` | all | RFC 6749 §4.1.2 |
//! | `any_wish_for_scopes_is_met_as_far_as_it_can_be` | all | RFC 6749 §3.3 |
//! | `a_resource_is_understood_in_every_spelling_that_clients_send` | 2025-06-18 on | RFC 8707 §2 |
//! | `with_several_servers_the_one_that_is_named_is_the_one_that_is_granted` | 2025-06-18 on | RFC 8707 §2.2 |
//! | `a_wish_for_login_is_granted_once_and_one_for_silence_never` | all | OIDC Core §3.1.2.1 |
//! | `a_fault_is_told_to_the_client_of_somebody_who_is_signed_in` | all | RFC 6749 §4.1.2.1 |
//! | `there_is_no_way_around_pkce_for_any_kind_of_client` | all | RFC 7636 §4.2 to §4.4, RFC 9700 §2.1.1 |
//! | `a_parameter_that_comes_twice_is_refused_and_an_empty_one_did_not_come` | all | RFC 6749 §3.1 |
//! | `parameters_that_nobody_knows_change_nothing` | all | RFC 6749 §3.1 |
//! | `denying_tells_the_client_and_grants_nothing` | all | RFC 6749 §4.1.2.1 |
//! | `approving_twice_gives_the_same_code_until_it_is_used_and_no_code_after` | all | RFC 6749 §4.1.2 |
//! | `twenty_clicks_at_once_give_one_code` | all | RFC 6749 §4.1.2 |
//! | `two_flows_in_two_tabs_end_each_at_its_own_client` | all | RFC 6749 §4.1.3 |
//! | `a_loopback_address_matches_with_any_port_and_in_nothing_else` | all | RFC 8252 §7.3, RFC 9700 §2.1 |
//! | `an_address_that_is_left_out_is_the_only_one_there_is` | all | RFC 6749 §3.1.2.3 |
//! | `the_query_of_a_registered_address_is_kept_as_it_is` | all | RFC 6749 §3.1.2 |
//! | `head_and_options_begin_nothing_and_other_methods_are_not_there` | all | RFC 6749 §3.1, RFC 9110 §9.2.1 |
//! | `a_user_without_the_server_is_not_asked_and_the_client_is_told` | all | RFC 6749 §4.1.2.1 |
//! | **authorization_security** | | |
//! | `an_unknown_client_or_an_unregistered_address_gets_a_page_without_a_way_out` | all | RFC 6749 §4.1.2.1, RFC 9700 §4.11 |
//! | `nobody_is_sent_to_a_client_before_somebody_is_signed_in` | all | RFC 9700 §4.11.2 |
//! | `the_flow_of_one_browser_cannot_be_finished_in_another` | all | RFC 9700 §4.7 |
//! | `a_flow_that_is_unknown_malformed_or_missing_grants_nothing` | all | RFC 6749 §10.12 |
//! | `an_expired_flow_grants_nothing` | all | RFC 6749 §10.12 |
//! | `what_was_removed_between_the_page_and_the_button_grants_nothing` | all | RFC 6749 §4.1.2.1 |
//! | `another_user_in_the_same_browser_is_asked_for_themselves` | all | RFC 6749 §10.2 |
//! | `nothing_that_a_consent_form_sends_changes_what_is_granted` | all | RFC 6749 §10.12 |
//! | `consent_is_asked_for_every_time_whatever_the_request_says` | all | OAuth 2.1 §7.3.1, RFC 6749 §10.2 |
//! | `no_form_is_accepted_from_another_site_or_with_anything_but_its_own_token` | all | RFC 6749 §10.12 |
//! | `signing_in_gives_a_new_session_and_ends_the_one_before` | all | RFC 6819 §4.4.1.8 |
//! | `a_session_cookie_that_comes_twice_is_nobodys` | all | RFC 6265 §8.6 |
//! | `signing_out_ends_the_session_on_the_server_and_only_a_form_does_it` | all | RFC 6265 §8.4 |
//! | `signing_in_fails_in_the_same_way_whatever_is_wrong` | all | RFC 6819 §4.4.3.1 |
//! | `credentials_anywhere_but_in_the_form_are_not_looked_at` | all | RFC 9700 §4.3 |
//! | `after_sign_in_the_way_leads_to_a_page_of_ours_or_to_the_start` | all | RFC 9700 §4.11 |
//! | `a_state_cannot_write_a_header_or_a_second_parameter` | all | RFC 6749 App. B, RFC 9110 §5.5 |
//! | `nothing_that_a_person_sees_can_be_read_by_another_origin` | all | OAuth 2.1 §3.1, RFC 9700 §2.6 |
//! | `over_https_cookies_are_bound_to_this_host_and_plain_ones_are_not_believed` | all | RFC 6265 §4.1, RFC 6797 §6.1 |
//! | `nobody_revokes_the_connection_of_somebody_else` | all | RFC 7009 §2.1 |
//! | `a_page_of_ours_may_send_its_form_under_each_loopback_name_and_no_other_may` | all | RFC 6454 §7 |
//! | `a_session_ends_on_the_server_when_its_time_is_over` | all | RFC 6265 §8.4 |
//! | **pages** | | |
//! | `every_page_is_guarded_whatever_its_status` | all | RFC 9700 §4.16, RFC 6749 §10.13 |
//! | `pages_are_never_framed_kept_or_followed_by_what_a_form_held` | all | RFC 9700 §4.2.4, §4.12 |
//! | `the_consent_page_says_who_asks_where_the_answer_goes_for_what_and_as_whom` | 2025-11-25 on | RFC 6749 §10.2, RFC 8252 §8.6 |
//! | `what_a_client_or_a_link_says_is_text_on_every_page` | all | RFC 7591 §5, RFC 6749 §10.14 |
//! | `what_the_owner_wrote_in_the_configuration_is_text_too` | all | RFC 6749 §10.14 |
//! | `other_methods_are_refused_everywhere_and_the_answer_names_the_right_ones` | all | RFC 9110 §15.5.6 |
//! | `what_is_accepted_has_no_influence_on_what_is_served` | all | RFC 9110 §12.5.1 |
//! | `files_are_not_served_and_the_one_stylesheet_is` | all | RFC 9110 §15.5.5 |
//! | `plain_http_on_a_network_is_warned_of_on_every_page` | all | RFC 6749 §10.9 |
//! | `before_there_is_an_owner_nothing_can_be_registered_agreed_to_or_called` | all | RFC 6749 §4.1.2.1, RFC 9110 §15.6.4 |
//! | `only_the_current_link_opens_the_first_run_and_only_once` | all | none: the first run is ours |
//! | `of_many_who_claim_at_once_one_becomes_the_owner` | all | none: the first run is ours |
//! | `when_the_only_account_is_removed_the_first_run_does_not_begin_again_for_strangers` | all | none: the first run is ours |
#![allow(missing_docs, clippy::disallowed_methods, reason = "tests say what they are for by their names, and some measure")]
=======
#![allow(missing_docs, clippy::disallowed_methods, reason = "tests say what they are for by their names, and some measure")]
>>>>>>> main
mod support;

#[path = "conformance/authorization.rs"]
mod authorization;
#[path = "conformance/authorization_security.rs"]
mod authorization_security;
#[path = "conformance/discovery.rs"]
mod discovery;
#[path = "conformance/flow.rs"]
mod flow;
#[path = "conformance/gateway.rs"]
mod gateway;
#[path = "conformance/pages.rs"]
mod pages;
#[path = "conformance/protected_resource.rs"]
mod protected_resource;
#[path = "conformance/registration.rs"]
mod registration;
#[path = "conformance/token_lifecycle.rs"]
mod token_lifecycle;

/// The names of the tests in a file.
fn tests_in(source: &str) -> Vec<&str> {
    source.split("#[test]\nfn ").skip(1).filter_map(|rest| rest.split('(').next()).collect()
}

#[test]
fn every_row_names_a_test_and_every_test_of_a_listed_file_has_a_row() {
    let table = include_str!("conformance.rs");
    let rows: Vec<&str> = table.lines().filter_map(|line| line.strip_prefix("//! | `")?.split('`').next()).collect();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let files: Vec<(String, String)> =
        files.map(|path| (format!("**{}**", path.file_stem().unwrap().display()), std::fs::read_to_string(&path).unwrap())).collect();
    let tests: Vec<&str> = files.iter().flat_map(|(_, source)| tests_in(source)).collect();
    for row in &rows {
        assert!(tests.contains(row), "{row} is no test");
    }
    let listed = files.iter().filter(|(heading, _)| table.contains(heading.as_str()));
    for test in listed.flat_map(|(_, source)| tests_in(source)) {
        assert_eq!(rows.iter().filter(|row| **row == test).count(), 1, "{test} has no row of its own in the table");
    }
}
