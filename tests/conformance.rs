//! What clients and strangers see, over HTTP only.
//!
//! What doorward promises, by the letters that the scenarios below refer to. A promise that names no test fails.
//!
//! | | promise | shown by, among others |
//! |---|---|---|
//! | A1 | a request without a token learns from the 401 where to begin | `without_credentials_every_method_is_told_where_to_begin_and_nothing_of_an_error` |
//! | A2 | metadata is found in front of a server's path and behind it | `every_spelling_gives_the_document_with_and_without_slash_and_query` |
//! | A3 | clients register themselves and are refused in the words of RFC 7591 | `known_clients_go_from_registration_to_the_first_call_and_a_refresh`, `what_is_no_json_object_of_known_types_is_refused` |
//! | A4 | a redirect URI is loopback, `https` on a host that may have answers, or the scheme of an application | `each_of_the_three_classes_of_address_is_judged_by_its_own_rule` |
//! | A5 | a client's name is short, hides nothing, and is not ours | `a_name_that_hides_something_or_pretends_to_be_us_is_refused` |
//! | A6 | ten registrations an hour and address | `the_eleventh_registration_of_an_address_in_an_hour_is_told_to_wait_in_the_words_of_the_rfc` |
//! | A7 | PKCE with S256, and no grant that does without a person | `there_is_no_way_around_pkce_for_any_kind_of_client`, `no_other_grant_exists` |
//! | A8 | the user picks the server; the token is good there alone and answers 403 anywhere else, and its scope says so | `without_a_resource_the_user_chooses_the_server_and_the_token_is_good_there_alone` |
//! | A9 | tokens without an end, where the owner wants them | `where_the_owner_chose_it_access_tokens_do_not_expire_and_still_end` |
//! | A10 | connections are on the start page under their clients' names, and *Revoke* ends them with the next call | `nobody_revokes_the_connection_of_somebody_else` |
//! | A11 | taking a user off a server ends their tokens there at once; a paused server says 403 and why | `what_happens_to_a_user_ends_their_codes_and_tokens_within_the_same_second`, `a_paused_server_answers_403_with_a_reason_and_goes_on_where_it_was` |
//! | A12 | too many calls: 429 with `Retry-After` | `each_request_counts_however_many_come_on_one_connection` |
//! | B1 | a client is set up by platform, in one step | `a_preset_enters_the_platform_that_the_owner_names`, `the_connect_page_has_the_address_and_the_way_into_each_app` |
//! | B2 | at most 10 redirect URIs of 500 characters, matched exactly | `redirect_uris_must_be_a_list_of_a_few_texts`, `a_loopback_address_matches_with_any_port_and_in_nothing_else` |
//! | B3 | pages on which a person sees who asks, where the answer goes, for what and as whom | `the_sign_in_page_begins_at_the_name_and_says_what_was_wrong_where_it_is_heard`, `the_consent_page_says_who_asks_where_the_answer_goes_for_what_and_as_whom` |
//! | B4 | the metadata of a server has every member that clients read | `each_of_two_servers_has_its_document_and_the_root_has_none` |
//! | B5 | `resource` binds the token, and no token goes on to the server behind | `with_several_servers_the_one_that_is_named_is_the_one_that_is_granted`, `an_upstream_learns_who_calls_and_gets_no_credential_of_ours` |
//! | B6 | lifetimes of ten minutes, an hour and ninety days, rotation, or as the owner chooses | `tokens_live_an_hour_and_ninety_days_unless_the_owner_says_otherwise`, `a_reusable_refresh_token_goes_on_working_and_is_answered_again` |
//! | B7 | limits for each kind of request | `authorization_requests_are_counted_by_address_and_the_page_says_in_words_how_long_to_wait`, `token_requests_are_counted_by_client_and_every_endpoint_of_clients_counts`, `the_eleventh_refresh_of_a_client_in_a_minute_has_to_wait` |
//! | B8 | a revoked refresh token is dead at once, with or without its access tokens | `a_revoked_refresh_token_takes_its_whole_connection_with_it`, `where_the_owner_chose_it_access_tokens_outlive_their_refresh_token` |
//! | B9 | introspection | `a_client_is_told_everything_about_its_own_tokens_however_it_authenticates` |
//! | B10 | `openid`, `email`, `profile`, an ID token, `/userinfo` | `a_client_that_asks_for_openid_learns_who_signed_in`, `userinfo_tells_what_was_agreed_to_and_nothing_to_strangers` |
//! | B11 | many servers behind one origin | `a_token_opens_its_own_server_and_none_whose_path_resembles_it` |
//! | B12 | a refresh that looks like theft is logged | `what_looks_like_theft_is_an_alarm_that_nobody_overlooks` |
//! | C1 | where the owner is strict, `resource` must be there and exact | `where_the_owner_is_strict_a_server_is_named_by_its_exact_address_from_beginning_to_end` |
//! | C2 | where the owner wants it so, public clients alone | `where_only_public_clients_are_let_in_one_with_a_secret_gets_nothing_new_until_the_owner_changes_their_mind` |
//! | C3 | named redirect hosts may do without PKCE | `a_named_host_may_leave_pkce_out_and_then_its_address_must_be_repeated` |
//! | C4 | Postman and Insomnia with the fields of their forms (`tests/vectors/replays/postman.json` and its neighbours) | `known_clients_go_from_registration_to_the_first_call_and_a_refresh` |
//! | D1 | several scopes a server, in words on the consent page | `what_is_unticked_is_not_granted_and_what_was_not_asked_cannot_be_ticked` |
//! | D2 | clients with a secret, shown once, kept as a hash | `a_secret_may_come_in_the_body_or_by_basic_raw_or_form_encoded_whatever_was_registered`, `nothing_that_a_client_sent_or_got_is_readable_in_the_data_directory` |
//! | D3 | thirty days, begun anew with each authorization | `when_everything_has_ended_the_same_client_is_let_in_again_for_a_full_term` |
//! | D4 | `/revoke` | `a_hint_is_a_hint_and_an_unknown_token_is_no_error` |
//! | D5 | API keys | `a_key_calls_its_server_as_its_user_and_the_upstream_never_sees_it` |
//! | D6 | the polling bridge and device authorization | `a_client_opens_a_page_and_fetches_its_code_once`, `a_person_enters_the_code_approves_and_the_device_has_tokens` |
//! | D7 | a hundred calls a minute and token | `one_token_may_call_a_hundred_times_at_once_and_what_it_does_touches_no_other` |
//! | E1 | a default scope where none is asked for | `any_wish_for_scopes_is_met_as_far_as_it_can_be` |
//! | E2 | known clients come back after a loss of data | `a_well_known_client_with_an_id_from_before_a_loss_of_data_is_let_in_again` |
//! | E3 | the user chooses a server at consent, or need not | `a_server_that_is_named_is_the_only_one_offered`, `without_a_resource_the_user_chooses_the_server_and_the_token_is_good_there_alone` |
//! | E4 | rotation: a used refresh token is dead once its successor is in use | `a_refresh_brings_two_new_tokens_and_the_old_access_token_lives_to_its_end`, `an_old_refresh_token_after_its_successor_was_rotated_is_theft_and_ends_the_connection_at_once` |
//!
//! Each scenario, the MCP revision in which it matters, and the section it follows. A row that names no test fails, and so
//! does a test without a row.
//!
//! | scenario | MCP revision | section |
//! |---|---|---|
//! | **flow** | | |
//! | `a_client_registers_is_approved_calls_refreshes_and_is_revoked` | all | RFC 6749 §4.1, §6, RFC 7009 §2 |
//! | **discovery** | | |
//! | `every_spelling_gives_the_document_with_and_without_slash_and_query` | all | RFC 8414 §3, RFC 9728 §3.1 |
//! | `head_answers_as_get_does_without_the_content` | all | RFC 9110 §8.6, §9.3.2 |
//! | `a_browser_may_ask_before_it_reads_and_nobody_may_change_a_document` | all | RFC 9110 §15.5.6, Fetch (CORS) |
//! | `whatever_a_machine_is_told_a_page_of_any_origin_can_read` | all | OAuth 2.1 §3.2, Fetch (CORS) |
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
//! | `the_sign_in_page_begins_at_the_name_and_says_what_was_wrong_where_it_is_heard` | all | B3; none: the page is ours |
//! | `the_consent_page_says_who_asks_where_the_answer_goes_for_what_and_as_whom` | 2025-11-25 on | RFC 6749 §10.2, RFC 8252 §8.6 |
//! | `what_a_client_or_a_link_says_is_text_on_every_page` | all | RFC 7591 §5, RFC 6749 §10.14 |
//! | `what_the_owner_wrote_in_the_configuration_is_text_too` | all | RFC 6749 §10.14 |
//! | `other_methods_are_refused_everywhere_and_the_answer_names_the_right_ones` | all | RFC 9110 §15.5.6 |
//! | `what_is_accepted_has_no_influence_on_what_is_served` | all | RFC 9110 §12.5.1 |
//! | `files_are_not_served_but_the_stylesheet_and_the_icon_are` | all | RFC 9110 §15.5.5 |
//! | `plain_http_on_a_network_is_warned_of_on_every_page` | all | RFC 6749 §10.9 |
//! | `before_there_is_an_owner_nothing_can_be_registered_agreed_to_or_called` | all | RFC 6749 §4.1.2.1, RFC 9110 §15.6.4 |
//! | `only_the_current_link_opens_the_first_run_and_only_once` | all | none: the first run is ours |
//! | `of_many_who_claim_at_once_one_becomes_the_owner` | all | none: the first run is ours |
//! | `when_the_only_account_is_removed_the_first_run_does_not_begin_again_for_strangers` | all | none: the first run is ours |
//! | **token_lifecycle** | | |
//! | `a_code_brings_everything_that_clients_look_for_and_nobody_keeps_the_answer` | all | RFC 6749 §5.1, OAuth 2.1 §3.2.3 |
//! | `a_code_redeemed_twice_ends_everything_that_came_of_it` | all | RFC 6749 §4.1.2, §10.5 |
//! | `a_replay_that_is_not_valid_in_itself_ends_nothing` | all | OAuth 2.1 §7.5 |
//! | `a_forged_code_or_token_that_resembles_a_real_one_touches_nothing` | all | OAuth 2.1 §7.5, RFC 6819 §5.1.4.2 |
//! | `of_many_simultaneous_requests_with_one_code_at_most_one_is_answered_with_tokens` | all | RFC 6749 §4.1.2, §10.5 |
//! | `a_code_is_of_no_use_to_another_client_even_with_the_right_verifier` | all | RFC 6749 §4.1.3 |
//! | `a_request_without_a_client_or_with_two_is_refused` | all | RFC 6749 §2.3, §4.1.3 |
//! | `a_wrong_verifier_leaves_the_code_alone_and_five_spend_it` | all | RFC 7636 §4.6, OAuth 2.1 §7.5 |
//! | `a_challenge_is_not_a_verifier` | all | RFC 7636 §4.6 |
//! | `a_code_that_has_expired_stays_so_and_its_tokens_never_exist` | all | RFC 6749 §4.1.2 |
//! | `a_redirect_uri_may_be_left_out_and_must_not_differ` | all | RFC 6749 §4.1.3, OAuth 2.1 §4.1.3 |
//! | `the_loopback_port_that_was_asked_for_is_the_one_to_repeat` | all | RFC 8252 §7.3 |
//! | `a_foreign_resource_is_refused_and_the_code_lives_on` | all | RFC 8707 §2.2 |
//! | `a_parameter_sent_twice_is_refused_and_the_code_lives_on` | all | RFC 6749 §3.2 |
//! | `parameters_in_the_query_are_not_read` | all | RFC 6749 §3.2, RFC 9700 §4.3 |
//! | `the_token_endpoint_takes_post_alone` | all | RFC 6749 §3.2, RFC 9110 §15.5.6 |
//! | `only_a_form_is_read_whatever_else_resembles_one` | all | RFC 6749 §3.2, App. B |
//! | `a_body_that_is_too_large_is_refused_with_json` | all | RFC 6749 §5.2 |
//! | `no_other_grant_exists` | all | RFC 6749 §5.2, RFC 9700 §2.4 |
//! | `a_parameter_sent_empty_was_not_sent` | all | RFC 6749 §3.2 |
//! | `a_refusal_repeats_nothing_that_was_sent` | all | RFC 6749 §5.2 |
//! | `what_happens_to_a_user_ends_their_codes_and_tokens_within_the_same_second` | all | RFC 6749 §10.4, RFC 9700 §4.14 |
//! | `a_removed_client_is_unknown_and_its_tokens_are_dead` | all | RFC 6749 §5.2 |
//! | `a_connection_revoked_by_command_is_over_at_once` | all | RFC 7009 §1 |
//! | `no_kind_of_secret_stands_for_another` | all | RFC 6749 §1.4, §1.5 |
//! | `a_secret_may_come_in_the_body_or_by_basic_raw_or_form_encoded_whatever_was_registered` | all | RFC 6749 §2.3.1, App. B |
//! | `a_client_with_a_secret_cannot_do_without_and_its_code_survives_the_attempts` | all | RFC 6749 §2.3.1, §5.2 |
//! | `nobody_learns_which_clients_exist` | all | RFC 6749 §5.2 |
//! | `credentials_in_two_places_are_refused` | all | RFC 6749 §2.3 |
//! | `a_broken_basic_credential_is_answered_with_401_and_a_challenge` | all | RFC 6749 §5.2, RFC 7617 §2 |
//! | `an_assertion_never_falls_back_to_no_authentication` | all | RFC 7521 §4.2 |
//! | `a_public_client_that_sends_a_secret_it_never_got_is_let_in_by_its_verifier` | all | RFC 6749 §2.1 |
//! | `a_refresh_brings_two_new_tokens_and_the_old_access_token_lives_to_its_end` | all | RFC 6749 §6 |
//! | `the_same_refresh_token_again_brings_the_same_answer_used_or_not` | all | OAuth 2.1 §4.3 |
//! | `simultaneous_refreshes_with_one_token_get_the_same_answer` | all | OAuth 2.1 §4.3 |
//! | `an_old_refresh_token_after_its_successor_was_rotated_is_theft_and_ends_the_connection_at_once` | all | RFC 9700 §4.14.2 |
//! | `theft_by_somebody_else_is_not_decided_by_a_stranger` | all | RFC 6749 §10.4 |
//! | `a_refresh_token_belongs_to_its_client` | all | RFC 6749 §6 |
//! | `a_refresh_narrows_the_scope_of_one_access_token_and_never_widens_the_grant` | all | RFC 6749 §6 |
//! | `a_refresh_for_another_resource_rotates_nothing` | all | RFC 8707 §2.2 |
//! | `a_refresh_token_is_read_from_the_body_once_and_nowhere_else` | all | RFC 6749 §6, RFC 9700 §4.3 |
//! | `access_and_refresh_tokens_end_when_they_were_said_to` | all | RFC 6749 §5.1, RFC 6750 §3.1 |
//! | `where_the_owner_chose_it_access_tokens_do_not_expire_and_still_end` | all | RFC 6749 §5.1 |
//! | `everything_is_as_it_was_after_a_restart_and_after_kill_9` | all | RFC 9700 §4.14.2 |
//! | `a_client_that_registered_no_refresh_grant_can_refresh_all_the_same` | all | RFC 7591 §2 |
//! | `a_revoked_refresh_token_takes_its_whole_connection_with_it` | all | RFC 7009 §2.1 |
//! | `a_revoked_access_token_dies_alone` | all | RFC 7009 §2.1 |
//! | `a_revoked_access_token_stays_dead_when_the_answer_it_came_in_is_given_again` | all | RFC 7009 §2.1 |
//! | `another_clients_token_is_left_alone_and_the_answer_does_not_say_so` | all | RFC 7009 §2.1 |
//! | `a_hint_is_a_hint_and_an_unknown_token_is_no_error` | all | RFC 7009 §2.1, §2.2 |
//! | `a_revocation_needs_a_form_with_one_token` | all | RFC 7009 §2.1, §2.3 |
//! | `after_a_revocation_was_answered_nothing_of_the_connection_works_whatever_ran_beside_it` | all | RFC 7009 §2.1 |
//! | `a_revoked_access_token_is_not_brought_back_by_a_call_that_ran_beside_it` | all | RFC 7009 §2.1 |
//! | `nothing_that_a_client_sent_or_got_is_readable_in_the_data_directory` | all | RFC 6819 §5.1.4.1 |
//! | **replays** | | |
//! | `known_clients_go_from_registration_to_the_first_call_and_a_refresh` | all | A3, A4, A7, C4, D2, E1, E4; RFC 7591 §3, RFC 6749 §4.1, §6 |
//! | **server_policies** | | |
//! | `each_server_has_its_own_lifetimes_and_what_it_does_not_say_holds_for_all` | all | A9, B6; RFC 6749 §5.1 |
//! | `the_consent_page_says_how_long_the_server_in_question_lets_it_last` | all | A9, B6 |
//! | `tokens_that_do_not_expire_end_all_the_same_when_they_are_taken_back` | all | A9; RFC 7009 §1 |
//! | `when_everything_has_ended_the_same_client_is_let_in_again_for_a_full_term` | all | D3; RFC 6749 §5.1 |
//! | `a_reusable_refresh_token_goes_on_working_and_is_answered_again` | all | B6; RFC 6749 §6 |
//! | `each_use_of_a_reusable_refresh_token_begins_its_life_anew` | all | B6; RFC 6749 §6 |
//! | `many_who_share_a_reusable_refresh_token_all_go_on` | all | B6; RFC 6749 §6 |
//! | `a_reusable_refresh_token_is_its_clients_alone_and_ends_with_its_connection` | all | B6; RFC 6749 §6, RFC 7009 §2.1 |
//! | `tokens_from_before_the_owner_chose_otherwise_keep_to_what_they_were` | all | B6, E4; RFC 9700 §4.14.2 |
//! | `where_the_owner_chose_it_access_tokens_outlive_their_refresh_token` | all | B8; RFC 7009 §2.1 |
//! | `an_access_token_that_outlives_its_refresh_token_can_still_be_taken_back` | all | B8; RFC 7009 §2.1 |
//! | `unless_the_owner_chose_otherwise_everything_dies_with_the_refresh_token` | all | B8; RFC 7009 §2.1 |
//! | `the_server_can_be_used_whatever_was_asked_and_the_answer_never_names_more_than_that` | all | A8, E1; RFC 6749 §3.3, §5.1 |
//! | `the_consent_page_shows_what_is_granted_and_not_what_is_told` | all | D1, E1; RFC 6749 §3.3 |
//! | `a_device_is_told_by_the_same_rule` | all | E1; RFC 8628 §3.5, RFC 6749 §5.1 |
//! | `who_may_write_may_read_where_the_owner_says_so_and_the_answer_names_what_was_asked` | 2026-07-28 | D1; RFC 6749 §3.3, MCP step-up authorization |
//! | `who_may_read_may_not_write_and_elsewhere_neither_includes_the_other` | 2026-07-28 | D1; RFC 6749 §6 |
//! | `the_consent_page_says_what_a_scope_includes_and_unticking_what_is_included_takes_it_out_of_the_answer_alone` | 2026-07-28 | D1; RFC 6749 §3.3 |
//! | `a_circle_among_scopes_stops_the_start_and_says_where_it_is` | all | D1 |
//! | `where_the_owner_is_strict_a_server_is_named_by_its_exact_address_from_beginning_to_end` | 2025-06-18 on | C1; RFC 8707 §2 |
//! | `where_the_owner_is_strict_no_other_spelling_names_a_server` | 2025-06-18 on | C1; RFC 8707 §2 |
//! | `where_the_owner_is_strict_a_device_names_its_server_too` | 2025-06-18 on | C1; RFC 8707 §2, RFC 8628 §3.1 |
//! | `where_only_public_clients_are_let_in_one_that_asks_for_a_secret_is_answered_without_and_connects` | all | C2; RFC 7591 §2, §3.2.1 |
//! | `where_only_public_clients_are_let_in_one_with_a_secret_gets_nothing_new_until_the_owner_changes_their_mind` | all | C2; RFC 6749 §2.1, §5.2 |
//! | **pause** | | |
//! | `a_paused_server_answers_403_with_a_reason_and_goes_on_where_it_was` | all | A11; RFC 9110 §15.5.4 |
//! | `a_server_that_checks_tokens_itself_is_told_to_ask_again_and_never_that_they_are_over` | all | A11, B9; RFC 7662 §2.2, RFC 9110 §15.6.4 |
//! | `a_paused_server_never_says_401_whatever_a_call_carries` | all | A11; RFC 6750 §3, RFC 9110 §15.6.4 |
//! | `clients_keep_and_renew_their_tokens_and_new_ones_connect_while_a_server_is_paused` | all | A11; RFC 6749 §6 |
//! | `a_paused_client_is_told_to_come_back_everywhere_and_nobody_else_is` | all | A11; RFC 9110 §10.2.3 |
//! | `everything_can_be_paused_at_once_and_what_is_paused_by_itself_stays_so_after` | all | A11; RFC 9110 §10.2.3 |
//! | `a_pause_survives_a_restart_and_kill_9_and_may_be_made_while_nothing_runs` | all | A11, Z4 |
//! | `a_page_of_another_origin_can_read_that_a_server_is_paused` | all | A11; Fetch (CORS) |
//! | `a_pause_is_in_the_log_with_its_end` | all | A11, Z6 |
//! | `open_streams_end_with_the_pause_and_only_those_that_it_concerns` | all | A11; MCP authorization, access token usage |
//! | **protected_resource** | | |
//! | `without_credentials_every_method_is_told_where_to_begin_and_nothing_of_an_error` | all | RFC 6750 §3, RFC 9728 §5.1 |
//! | `the_document_that_a_challenge_names_is_there_and_describes_the_address_that_was_asked` | all | RFC 9728 §3.3, §5.1 |
//! | `a_challenge_is_made_of_configuration_alone` | all | RFC 9728 §7 |
//! | `a_token_opens_its_own_server_and_none_whose_path_resembles_it` | all | RFC 8707 §2, RFC 9700 §2.3 |
//! | `the_server_that_a_request_means_is_the_one_that_its_token_is_for` | all | RFC 8707 §2 |
//! | `a_token_counts_in_the_authorization_field_alone` | all | RFC 6750 §2, OAuth 2.1 §5.1 |
//! | `two_credentials_are_one_too_many` | all | RFC 6750 §2, §3.1 |
//! | `a_token_in_the_query_beside_the_one_in_its_place_never_reaches_the_upstream` | all | RFC 6750 §2, OAuth 2.1 §5.1 |
//! | `the_scheme_is_read_in_any_case_and_everything_else_exactly` | all | RFC 6750 §2.1, RFC 9110 §11.1 |
//! | `a_token_of_another_issuer_is_none_whatever_it_claims` | all | RFC 6750 §3.1 |
//! | `a_wrong_token_is_refused_alike_whatever_is_wrong_with_it_by_every_method_and_below_every_path` | all | RFC 6750 §3.1 |
//! | `a_big_body_is_not_asked_for_before_the_token_is_good` | all | RFC 9110 §10.1.1 |
//! | `a_page_of_another_origin_gets_nothing_even_with_a_token` | all | MCP streamable HTTP, security warning |
//! | `a_check_names_who_was_let_in_and_overwrites_what_the_client_said` | all | RFC 6750 §3 |
//! | `a_check_refuses_with_the_challenge_of_the_server_in_question` | all | RFC 6750 §3.1, RFC 9728 §5.1 |
//! | `what_a_stranger_says_about_the_path_does_not_count` | all | none: `/auth/check` is ours |
//! | `a_trusted_proxy_names_the_path_once_and_in_one_spelling` | all | none: `/auth/check` is ours |
//! | **audit** | | |
//! | `a_whole_flow_is_told_step_by_step` | all | none: the audit log is ours (Z6) |
//! | `what_looks_like_theft_is_an_alarm_that_nobody_overlooks` | all | RFC 9700 §4.14.2, RFC 6749 §10.5 (B12) |
//! | `a_stranger_cannot_ring_the_alarm` | all | none: the audit log is ours (Z6) |
//! | `how_a_connection_ended_is_told_whoever_ended_it` | all | none: the audit log is ours (Z6) |
//! | `a_client_that_came_back_and_one_without_pkce_are_told` | all | none: the audit log is ours (Z6, E2, C3) |
//! | `the_first_run_is_told` | all | none: the audit log is ours (Z6) |
//! | `a_configuration_that_differs_from_the_last_start_is_told_once` | all | none: the audit log is ours (Z6) |
//! | `behind_a_proxy_the_real_address_is_told` | all | none: the audit log is ours (Z6) |
//! | `a_device_is_told_from_its_code_to_its_tokens` | all | RFC 8628 §5.1, §5.2 (Z6, D6) |
//! | `no_secret_of_a_whole_flow_is_in_the_log` | all | RFC 6819 §5.1.4.1 (Z6) |
//! | `a_client_cannot_write_lines_of_its_own_or_speak_to_the_terminal` | all | none: the audit log is ours (Z6) |
//! | `what_was_answered_is_told_after_kill_9_and_after_a_restart` | all | none: the audit log is ours (Z6) |
//! | `whoever_follows_is_told_of_everything_once_across_a_restart` | all | none: the audit log is ours (Z6) |
//! | `the_activity_page_shows_an_owner_everything_and_others_their_own_part` | all | none: the audit log is ours (Z6, Z4) |
//! | `the_activity_page_goes_back_page_by_page` | all | none: the audit log is ours (Z6, Z4) |
//! | `what_looks_like_theft_is_said_on_the_overview_and_shown_apart` | all | RFC 9700 §4.14.2 (B12) |
//! | **trace** | | |
//! | `the_owner_sees_the_attempts_on_a_page` | all | none: the trace is ours (Z5, Z6) |
//! | `a_real_flow_is_one_attempt_from_the_challenge_to_the_first_call` | all | none: the trace is ours (Z5, Z6) |
//! | `each_step_is_the_last_one_until_the_next_arrives` | all | none: the trace is ours (Z5, Z6) |
//! | `what_is_refused_says_why_and_what_to_do` | all | none: the trace is ours (Z5, Z6) |
//! | `a_denial_is_a_decision_and_the_next_try_another_attempt` | all | none: the trace is ours (Z5, Z6) |
//! | `a_client_that_kept_its_registration_is_met_with_its_own_discovery` | all | none: the trace is ours (Z5, Z6) |
//! | `a_device_is_traced_from_its_code` | all | none: the trace is ours (Z5, Z6) |
//! | `an_upstream_that_is_down_is_the_last_stop` | all | none: the trace is ours (Z5, Z6) |
//! | `a_request_under_a_wrong_name_and_one_for_a_wrong_document_are_told` | all | none: the trace is ours (Z5, Z6) |
//! | `a_check_for_a_proxy_counts_as_the_challenge_and_the_call` | all | none: the trace is ours (Z5, Z6) |
//! | `nothing_is_a_result_too` | all | none: the trace is ours (Z5, Z6) |
//! | `people_read_the_steps_the_reason_and_the_advice` | all | none: the trace is ours (Z5, Z6) |
//! | `the_trace_holds_no_secret_and_survives_a_restart` | all | none: the trace is ours (Z5, Z6) |
//! | `whoever_follows_sees_each_step_as_it_arrives` | all | none: the trace is ours (Z5, Z6) |
//! | **gateway** | | |
//! | `an_upstream_learns_who_calls_and_gets_no_credential_of_ours` | all | MCP authorization, access token privilege restriction |
//! | `a_client_cannot_say_who_it_is_in_any_spelling` | all | RFC 9110 §7.6.1 |
//! | `what_mcp_needs_passes_both_ways` | all | MCP streamable HTTP |
//! | `the_upstreams_own_credential_comes_from_the_environment_and_nobody_else_sees_it` | all | MCP authorization, access token privilege restriction |
//! | `metadata_below_a_server_is_ours_and_open_and_the_upstream_is_not_asked` | all | RFC 9728 §3.1, RFC 8414 §3 |
//! | `a_session_is_of_no_use_to_another_client_or_another_user` | all | MCP security best practices, session hijacking |
//! | `an_open_stream_ends_with_what_it_stands_on` | all | RFC 7009 §2.1, MCP authorization, access token usage |
//! | `trouble_behind_the_gate_is_told_in_json_without_names` | all | RFC 9110 §15.6.3 |
//! | **limits** | | |
//! | `a_change_of_a_registration_counts_as_one_and_reading_and_removing_it_do_not` | all | A6, RFC 7592 §2.2 |
//! | `the_eleventh_registration_of_an_address_in_an_hour_is_told_to_wait_in_the_words_of_the_rfc` | all | A6; RFC 7591 §3.2.2, §5, RFC 9110 §10.2.3 |
//! | `whoever_registered_the_same_before_gets_its_id_again_although_nothing_is_left` | all | A6; RFC 7591 §5 |
//! | `a_changed_registration_counts_as_one` | all | RFC 7592 §2.2 (A6) |
//! | `what_a_stranger_says_about_its_address_changes_nothing` | all | A6, B7; RFC 7239 §8.1 |
//! | `behind_a_trusted_proxy_the_right_most_address_that_is_not_its_own_counts` | all | A6, B7; RFC 7239 §8.1 |
//! | `an_ipv6_network_is_one_address_and_a_site_of_many_has_a_limit_of_its_own` | all | A6, B7; RFC 4291 §2.5.4 |
//! | `an_address_that_many_people_share_may_do_more_and_an_owner_can_name_others` | all | A6, B7; none: limits are ours |
//! | `neither_a_restart_nor_kill_9_gives_a_fresh_allowance` | all | A6, A12, D7; none: limits are ours |
//! | `after_kill_9_at_most_what_was_spent_in_the_last_moment_is_given_again` | all | A12, B7, D7; none: limits are ours |
//! | `another_spelling_of_a_path_is_the_same_path_or_none` | all | A6, B7; RFC 3986 §6.2 |
//! | `each_request_counts_however_many_come_on_one_connection` | all | A12, D7; RFC 9110 §15.5, RFC 6585 §4 |
//! | `one_token_may_call_a_hundred_times_at_once_and_what_it_does_touches_no_other` | all | A12, D7; RFC 6585 §4 |
//! | `after_the_time_that_was_named_what_was_refused_is_accepted` | all | A12, D7; RFC 9110 §10.2.3 |
//! | `who_somebody_is_may_be_asked_as_often_as_anything_with_one_token` | all | D7; OIDC Core §5.3.3 |
//! | `discovery_preflights_and_health_are_never_limited` | all | A6, A12, B7; RFC 8414 §3, RFC 9728 §3 |
//! | `authorization_requests_are_counted_by_address_and_the_page_says_in_words_how_long_to_wait` | all | B7; RFC 6585 §4 |
//! | `somebody_signed_in_has_an_allowance_of_their_own_that_no_stranger_uses_up` | all | B7; none: limits are ours |
//! | `token_requests_are_counted_by_client_and_every_endpoint_of_clients_counts` | all | B7; RFC 6749 §2.3.1, §5.2 |
//! | `a_resource_server_may_ask_about_every_call_that_it_gets` | all | B7, B9; RFC 7662 §2.1, §4 |
//! | `a_client_without_a_secret_is_not_stopped_by_whoever_says_its_name_elsewhere` | all | B7; RFC 6749 §2.1 |
//! | `the_eleventh_refresh_of_a_client_in_a_minute_has_to_wait` | all | B7; RFC 6749 §6 |
//! | `a_client_that_refreshes_in_many_places_at_once_is_answered_in_all_of_them` | all | B7, E4; OAuth 2.1 §4.3 |
//! | `devices_and_questions_at_the_bridge_are_counted_by_address` | all | B7; RFC 8628 §3.5 |
//! | `an_owner_can_switch_each_limit_off` | all | A6, A12, B7, D7; none: limits are ours |
//! | `usual_use_meets_no_limit` | all | A6, A12, B7, D7; none: limits are ours |
//! | **guessing** | | |
//! | `after_a_few_wrong_passwords_each_further_one_waits_twice_as_long_and_the_page_says_for_how_long` | all | B3; RFC 6749 §4.3.2, §10.7 |
//! | `a_browser_in_which_the_owner_has_signed_in_before_is_kept_out_by_nobody` | all | B3; RFC 6819 §4.4.3.6 |
//! | `a_known_browser_is_slowed_down_too_and_is_known_for_its_own_account_alone` | all | B3; RFC 6819 §4.4.3.6 |
//! | `a_page_says_the_same_for_every_name_that_is_tried_too_often` | all | B3; RFC 6819 §4.4.3.1 |
//! | `whoever_has_to_wait_costs_no_hash` | all | B3; RFC 6819 §4.4.3.6 |
//! | `of_many_guesses_at_once_no_more_are_looked_at_than_one_after_another` | all | B3; RFC 6819 §4.4.3.6 |
//! | `whoever_does_not_stay_for_the_answer_has_guessed_all_the_same` | all | B3; RFC 6819 §4.4.3.6 |
//! | `neither_a_restart_nor_kill_9_makes_a_guesser_new` | all | B3; none: limits are ours |
//! | `many_addresses_at_one_account_are_slowed_down_as_one` | all | B3; RFC 6819 §4.4.3.6 |
//! | `one_password_tried_at_many_accounts_is_slowed_down_by_address` | all | B3; RFC 6819 §4.4.3.6 |
//! | `many_addresses_at_many_accounts_are_slowed_down_all_together_and_known_browsers_are_not` | all | B3; RFC 6819 §4.4.3.6 |
//! | `a_password_set_on_the_machine_itself_ends_the_waiting` | all | B3; none: limits are ours |
//! | `what_no_account_can_have_is_answered_like_any_wrong_password` | all | B3; RFC 6819 §4.4.3.1 |
//! | `wrong_links_of_the_first_run_count_as_guesses_and_the_right_one_works_all_the_same` | all | none: the first run is ours |
//! | `the_secret_of_a_client_is_guessed_no_faster_than_a_client_may_ask_and_an_unknown_one_alike` | all | B7, D2; RFC 6749 §2.3.1 |
//! | `ten_wrong_user_codes_are_enough_for_an_hour_and_the_page_says_so` | all | D6; RFC 8628 §5.1 |
//! | `an_owner_can_switch_the_waiting_off_or_allow_more_tries` | all | B3; none: limits are ours |
//! | **client_management** | | |
//! | `a_client_reads_its_registration_with_the_token_it_was_given` | all | A3, D2, RFC 7592 §2.1, §3 |
//! | `what_is_put_takes_the_place_of_what_there_was_and_the_secret_stays` | all | A3, D2, RFC 7592 §2.2 |
//! | `an_update_keeps_to_the_rules_of_a_registration_and_a_refused_one_changes_nothing` | all | A4, A5, RFC 7592 §2.2, RFC 7591 §3.2.2 |
//! | `a_client_cannot_become_another_nor_choose_its_secret_nor_do_without` | all | D2, RFC 7592 §2.2 |
//! | `a_deleted_client_is_unknown_at_once_and_everything_of_it_has_ended` | all | D4, RFC 7592 §2.3 |
//! | `without_its_own_token_nobody_learns_or_changes_anything` | all | A3, RFC 7592 §2, §5 |
//! | `a_client_that_several_were_given_is_nobodys_to_manage` | all | A3, RFC 7591 §5, RFC 7592 §5 |
//! | `the_first_change_makes_a_client_its_own` | all | A3, RFC 7592 §2.2 |
//! | `nobody_is_given_a_client_that_another_is_changing_at_that_moment` | all | A3, RFC 7592 §5 |
//! | `where_only_public_clients_are_let_in_a_client_that_asks_for_a_secret_again_does_without_again` | all | C2, RFC 7592 §2.2 |
//! | `of_many_who_delete_at_once_one_does` | all | A3, RFC 7592 §2.3 |
//! | `a_registration_is_managed_by_three_methods_and_from_any_origin` | all | A3, RFC 7592 §2, RFC 9110 §15.5.6 |
//! | `a_registration_can_be_managed_after_kill_9_and_its_token_is_nowhere_to_be_read` | all | A3, RFC 7592 §5, RFC 6819 §5.1.4.1 |
//! | **dashboard** | | |
//! | `the_connect_page_has_the_address_and_the_way_into_each_app` | all | first run |
//! | `an_address_that_only_this_machine_reaches_is_said_to_be_one` | all | first run |
//! | `nobody_is_shown_a_server_that_they_may_not_use` | all | A11 |
//! | `a_page_asked_for_before_sign_in_is_shown_after_it` | all | B3 |
//! | `each_sees_and_revokes_what_they_let_in_and_an_owner_everything` | all | A10, Z4 |
//! | `all_of_ones_own_end_together_and_everything_only_for_an_owner` | all | A10, Z4 |
//! | `what_was_done_is_said_once_and_in_no_words_but_ours` | all | A10 |
//! | `what_is_for_owners_is_refused_to_others_by_the_server_itself` | all | Z4 |
//! | `an_owner_enters_an_app_by_its_platform_and_its_secret_is_shown_once_and_works` | all | B1, C4, D2 |
//! | `an_app_of_ones_own_needs_its_addresses_and_what_was_entered_is_kept` | all | B2, C4 |
//! | `however_many_apps_there_are_the_list_stays_readable_and_holds_those_in_use` | all | A6, Z4 |
//! | `somebody_invited_chooses_a_password_once_and_is_signed_in` | all | B3, Z4 |
//! | `a_link_that_is_old_replaced_forged_or_for_an_account_switched_off_opens_nothing` | all | B3 |
//! | `what_an_owner_does_to_an_account_takes_effect_at_once` | all | A11, Z4 |
//! | `ones_own_password_is_changed_with_the_one_before_and_ends_what_it_opened` | all | Z4 |
//! | `whoever_guesses_at_an_open_browser_is_held_up_like_at_the_sign_in` | all | B7 |
//! | `an_owner_reads_what_is_configured_and_nobody_else_does` | all | B6, Z4 |
//! | `the_servers_page_shows_the_owner_where_each_really_is` | all | B11, Z4 |
//! | `no_form_is_accepted_that_did_not_come_from_a_page_of_this_browser` | all | Z4; RFC 9700 §4.7 |
//! | **dashboard_connect** | | |
//! | `the_steps_of_an_app_appear_as_they_arrive_until_it_is_connected` | all | B1, first run |
//! | `an_app_that_is_turned_away_is_said_to_be_and_why` | all | first run |
//! | `nobody_but_an_owner_sees_an_attempt_before_it_is_theirs` | all | Z6 |
//! | `a_paused_server_says_so_where_an_app_is_connected_to_it` | all | A11 |
//! | **dashboard_keys** | | |
//! | `a_key_made_on_its_page_is_shown_once_and_a_reload_makes_no_second_one` | all | D5, Z4 |
//! | `of_many_who_send_the_form_at_once_one_key_is_made` | all | D5, Z4 |
//! | `a_key_revoked_on_its_page_gets_401_with_the_next_call` | all | D5, Z4, Z6 |
//! | `each_makes_keys_for_themselves_and_sees_and_revokes_their_own_and_an_owner_everybodys` | all | D5, Z4 |
//! | `what_was_wrong_with_a_key_is_said_and_what_was_entered_is_kept` | all | D5, Z4 |
//! | **dashboard_people** | | |
//! | `a_reset_takes_the_password_and_all_that_it_let_in_at_once_and_a_link_replaces_it` | all | B3, Z4, Z6 |
//! | `whoever_makes_an_owner_types_their_own_password_again` | all | Z4; OWASP ASVS 7.5.1 |
//! | `whoever_guesses_the_owners_password_at_an_open_browser_is_held_up` | all | B7, Z4 |
//! | `of_two_owners_who_switch_each_other_off_at_once_one_stays` | all | Z4 |
//! | **dashboard_pause** | | |
//! | `a_server_paused_on_its_page_refuses_a_token_that_worked_and_takes_it_again_after` | all | A11, Z4, Z6 |
//! | `everything_is_paused_and_resumed_by_one_button_and_the_page_says_what_stays_paused` | all | A11, Z4 |
//! | `an_app_paused_on_its_page_waits_at_every_server_and_nobody_else_does` | all | A11, Z4 |
//! | `the_overview_says_what_is_paused_to_those_whom_it_concerns` | all | A11 |
//! | **introspection** | | |
//! | `a_client_is_told_everything_about_its_own_tokens_however_it_authenticates` | all | B9, D2, RFC 7662 §2.2, RFC 6749 §2.3.1 |
//! | `a_hint_is_a_hint_and_what_nobody_knows_changes_nothing` | all | B9, RFC 7662 §2.1 |
//! | `what_is_unknown_over_or_anothers_is_inactive_in_the_same_bytes` | all | B9, RFC 7662 §2.2, §4 |
//! | `a_token_is_inactive_from_the_moment_that_ends_it` | all | B9, RFC 7662 §4 |
//! | `a_rotated_refresh_token_is_inactive_and_asking_about_it_is_no_theft` | all | B9, RFC 7662 §2.2 |
//! | `tokens_live_an_hour_and_ninety_days_unless_the_owner_says_otherwise` | all | B6; RFC 6749 §5.1, RFC 7662 §2.2 |
//! | `a_token_ends_when_it_was_said_to_and_one_without_an_end_has_no_exp` | all | B9, A9, RFC 7662 §2.2 |
//! | `a_resource_server_is_told_about_the_tokens_for_it_and_can_do_nothing_else` | all | B9, D2, RFC 7662 §2.1, §4 |
//! | `a_client_that_the_owner_entered_is_told_about_its_own_tokens_and_about_no_others` | all | B9, D2, RFC 7662 §2.2 |
//! | `whoever_does_not_prove_who_it_is_learns_nothing` | all | B9, D2, D5, RFC 7662 §2.1, §2.3 |
//! | `only_a_form_with_one_token_is_read_and_only_by_post` | all | B9, RFC 7662 §2.1 |
//! | **keys** | | |
//! | `a_key_calls_its_server_as_its_user_and_the_upstream_never_sees_it` | all | D5, RFC 6750 §2.1 |
//! | `a_key_counts_in_the_authorization_field_alone` | all | D5, RFC 6750 §2 |
//! | `a_key_is_forbidden_any_server_but_its_own` | all | D5 |
//! | `what_is_not_a_key_is_refused_however_much_it_looks_like_one` | all | D5, RFC 6750 §3.1 |
//! | `what_ends_a_key_ends_it_at_once` | all | D5, A11 |
//! | `a_key_ends_when_it_was_said_to` | all | D5 |
//! | `a_key_opens_nothing_but_its_server` | all | D5 |
//! | `a_key_whose_scopes_are_offered_no_more_is_told_so` | all | D5, RFC 6750 §3.1 |
//! | `an_open_stream_ends_with_its_key` | all | D5, MCP authorization, access token usage |
//! | `a_session_of_a_key_is_of_no_use_to_another_key_or_to_a_client_of_the_same_user` | all | D5, MCP security best practices, session hijacking |
//! | `a_key_is_on_disk_when_it_is_shown_and_only_as_a_hash` | all | D5, RFC 6819 §5.1.4.1 |
//! | `an_account_has_a_bounded_number_of_keys` | all | D5 |
//! | `a_key_says_json_or_nothing_like_a_token_does` | all | D5, MCP streamable HTTP, security warning |
//! | **consent_choice** | | |
//! | `without_a_resource_the_user_chooses_the_server_and_the_token_is_good_there_alone` | all | A8, E3; RFC 8707 §2 |
//! | `nothing_is_chosen_for_the_user` | all | A8; RFC 6749 §10.2 |
//! | `a_server_that_is_named_is_the_only_one_offered` | 2025-06-18 on | A8; RFC 8707 §2 |
//! | `a_user_is_offered_the_servers_that_he_may_use` | all | A8, A11; RFC 6749 §4.1.1 |
//! | `what_is_unticked_is_not_granted_and_what_was_not_asked_cannot_be_ticked` | all | D1; RFC 6749 §3.3 |
//! | `with_everything_unticked_the_least_is_granted_and_the_page_says_what_that_is` | all | D1; RFC 6749 §3.3 |
//! | `what_there_is_no_choice_about_has_no_box_and_staying_connected_is_such` | all | D1; RFC 6749 §3.3 |
//! | `two_clicks_bring_one_code_and_the_first_choice_stands` | all | A8; RFC 6749 §4.1.2 |
//! | `not_you_begins_the_same_request_again` | all | B3; RFC 6749 §4.1.1 |
//! | **known_clients** | | |
//! | `open_every_host_is_taken_and_an_unknown_one_is_warned_of` | all | A4, B3; RFC 9700 §4.11 |
//! | `a_client_that_only_calls_itself_claude_is_not_called_known` | all | A5; RFC 7591 §5 |
//! | `listed_only_known_hosts_and_those_that_the_owner_names_are_taken` | all | A4; RFC 7591 §5 |
//! | `each_of_the_three_classes_of_address_is_judged_by_its_own_rule` | all | A4; RFC 8252 §7, RFC 9700 §2.1 |
//! | `a_host_taken_off_the_list_gets_no_answer_any_more` | all | A4; RFC 6749 §4.1.2.1 |
//! | `a_well_known_client_with_an_id_from_before_a_loss_of_data_is_let_in_again` | all | E2; RFC 6749 §2.2 |
//! | `a_double_click_lets_a_client_in_once_and_gives_the_same_answer` | all | E2; RFC 6749 §4.1.2 |
//! | `denying_lets_nobody_in` | all | E2; RFC 6749 §4.1.2.1 |
//! | `an_unknown_id_with_any_other_address_or_form_stays_unknown` | all | E2; RFC 6749 §4.1.2.1 |
//! | `a_client_that_nobody_let_in_is_unknown_to_the_token_endpoint` | all | E2; RFC 6749 §5.2 |
//! | `a_client_removed_while_it_waits_for_consent_does_not_come_back_by_it` | all | E2; RFC 6749 §4.1.2.1 |
//! | `an_owner_may_switch_letting_in_off_also_while_somebody_is_asked` | all | E2; none: letting in is ours |
//! | `the_page_for_an_unknown_client_has_the_steps_of_that_client_alone` | all | E2; RFC 6749 §4.1.2.1 |
//! | `a_preset_enters_the_platform_that_the_owner_names` | all | B1; RFC 6749 §2 |
//! | **pkce_exception** | | |
//! | `a_named_host_may_leave_pkce_out_and_then_its_address_must_be_repeated` | all | C3; RFC 9700 §2.1.1, RFC 6749 §4.1.3 |
//! | `challenge_and_verifier_come_together_or_not_at_all` | all | C3; OAuth 2.1 §4.1.3, RFC 9700 §4.8 |
//! | `half_a_challenge_is_no_way_around` | all | C3; RFC 7636 §4.3 |
//! | `nobody_else_may_leave_it_out` | all | C3, A7; RFC 9700 §2.1.1 |
//! | `this_device_cannot_be_excepted` | all | C3; RFC 8252 §6 |
//! | `an_exception_taken_back_is_none_for_codes_on_their_way` | all | C3; RFC 9700 §2.1.1 |
//! | `the_start_page_says_that_there_is_an_exception` | all | C3; none: the page is ours |
//! | **openid** | | |
//! | `a_client_that_asks_for_openid_learns_who_signed_in` | all | B10; OIDC Core §2, §3.1.3.6 |
//! | `a_refresh_brings_a_new_id_token_of_the_same_sign_in` | all | B10; OIDC Core §12.2 |
//! | `nobody_who_did_not_ask_for_openid_gets_an_id_token` | all | B10; OIDC Core §3.1.2.1, §5.3.3 |
//! | `userinfo_tells_what_was_agreed_to_and_nothing_to_strangers` | all | B10; OIDC Core §5.3, RFC 6750 §3 |
//! | `a_client_may_ask_for_a_fresh_sign_in_and_gets_one_not_more` | all | B10; OIDC Core §3.1.2.1 |
//! | `the_consent_page_says_in_words_what_openid_tells` | all | B10, D1; OIDC Core §3.1.2.4 |
//! | `a_request_taken_over_by_another_user_keeps_its_nonce` | all | B10; OIDC Core §3.1.2.1 |
//! | `the_key_survives_a_restart_and_nothing_private_is_published` | all | B10; RFC 7517 §5, OIDC Core §10.1.1 |
//! | `the_openid_document_is_true_and_the_other_stays_short` | all | B10; OIDC Discovery §3 |
//! | `a_server_cannot_have_a_scope_that_is_ours` | all | B10; none: the configuration is ours |
//! | **device** | | |
//! | `the_answer_holds_what_the_rfc_asks_for` | all | D6; RFC 8628 §3.2, §6.1 |
//! | `a_person_enters_the_code_approves_and_the_device_has_tokens` | all | D6; RFC 8628 §3.3, §3.5 |
//! | `a_device_that_asks_too_soon_is_slowed_down` | all | D6; RFC 8628 §3.5 |
//! | `a_denial_is_told_to_the_device` | all | D6; RFC 8628 §3.5 |
//! | `a_code_is_redeemed_once_and_a_replay_ends_the_connection` | all | D6; RFC 8628 §3.4, RFC 6749 §10.5 |
//! | `at_most_one_of_many_questions_at_once_brings_tokens` | all | D6; RFC 8628 §3.5 |
//! | `only_who_registered_the_grant_may_use_it` | all | D6; RFC 7591 §2, RFC 8628 §3.1 |
//! | `a_page_of_any_origin_may_ask_and_none_may_frame_or_read_the_persons_page` | all | D6; OAuth 2.1 §3.2, RFC 8628 §5.4 |
//! | `ten_wrong_codes_are_the_end_of_guessing_and_another_session_changes_nothing` | all | D6; RFC 8628 §5.1 |
//! | `the_form_of_another_site_or_session_does_nothing` | all | D6; RFC 6749 §10.12 |
//! | `a_device_is_let_in_for_a_time` | all | D6, B3; RFC 6749 §5.1 |
//! | `a_device_and_its_answer_survive_a_restart_and_nothing_of_it_is_on_disk_in_the_clear` | all | D6; RFC 6819 §5.1.4.1 |
//! | **bridge** | | |
//! | `a_client_opens_a_page_and_fetches_its_code_once` | all | D6; RFC 6749 §4.1.2, RFC 7636 §4.5 |
//! | `a_denial_is_told` | all | D6; RFC 6749 §4.1.2.1 |
//! | `of_many_questions_at_once_one_gets_the_code` | all | D6; RFC 6749 §4.1.2 |
//! | `whoever_does_not_know_the_state_learns_nothing` | all | D6; RFC 6749 §10.10 |
//! | `no_short_state_no_missing_pkce_and_no_other_client_begins_anything` | all | D6; RFC 9700 §2.1.1 |
//! | `our_callback_and_no_other_address_of_ours_can_be_registered` | all | D6, A4; RFC 9700 §4.1.3 |
//! | `any_origin_may_ask_and_no_page_of_the_bridge_can_be_read_from_elsewhere` | all | D6; OAuth 2.1 §3.1, §3.2 |
//! | `not_you_ends_here_since_the_state_is_not_kept` | all | D6; none: the bridge is ours |
//! | `an_answer_survives_a_restart_and_neither_state_nor_code_is_on_disk` | all | D6; RFC 6819 §5.1.4.1 |
//! | **asks_again** | | |
//! | `each_way_in_which_a_connection_ended_is_told_to_its_user_when_the_app_asks_again` | all | B3; none: the page is ours |
//! | `a_changed_password_is_told_as_the_reason` | all | B3; none: the page is ours |
//! | `an_app_that_is_connected_asks_for_more_or_has_lost_its_access` | all | B3, D1; none: the page is ours |
//! | `an_app_that_registered_anew_is_recognised_and_one_that_borrows_its_name_is_not` | all | B3, A5; none: the page is ours |
//! | `a_browser_whose_sign_in_ran_out_is_told_so_and_no_other_browser_is_told_anything` | all | B3; none: the page is ours |
//! | **terms** | | |
//! | `what_was_given_for_a_time_ends_then_and_nothing_of_it_later` | all | A9, A10, B9; RFC 6749 §5.1, RFC 7662 §2.2 |
//! | `a_connection_without_a_term_has_no_end_of_its_own` | all | B6; RFC 6749 §5.1 |
//! | `a_code_that_comes_after_the_end_opens_nothing` | all | B6; RFC 6749 §5.2 |
//! | `the_page_offers_some_ends_says_which_moment_each_is_and_chooses_none` | all | B3; none: the page is ours |
//! | `an_end_that_cannot_be_is_asked_for_again_and_nothing_is_granted` | all | B3; none: the page is ours |
//! | `what_was_chosen_stays_chosen_while_something_else_is_missing` | all | B3, A8; none: the page is ours |
//! | `an_end_is_set_put_off_and_taken_away_by_whom_it_belongs_to_and_by_the_owner` | all | A10, Z4, Z6 |
//! | `an_end_that_comes_by_itself_is_told_in_the_log` | all | Z6; none: the log is ours |
#![allow(missing_docs, clippy::disallowed_methods, reason = "tests say what they are for by their names, and some measure")]
mod support;

#[path = "conformance/asks_again.rs"]
mod asks_again;
#[path = "conformance/audit.rs"]
mod audit;
#[path = "conformance/authorization.rs"]
mod authorization;
#[path = "conformance/authorization_security.rs"]
mod authorization_security;
#[path = "conformance/bridge.rs"]
mod bridge;
#[path = "conformance/client_management.rs"]
mod client_management;
#[path = "conformance/consent_choice.rs"]
mod consent_choice;
#[path = "conformance/dashboard.rs"]
mod dashboard;
#[path = "conformance/dashboard_connect.rs"]
mod dashboard_connect;
#[path = "conformance/dashboard_keys.rs"]
mod dashboard_keys;
#[path = "conformance/dashboard_pause.rs"]
mod dashboard_pause;
#[path = "conformance/dashboard_people.rs"]
mod dashboard_people;
#[path = "conformance/device.rs"]
mod device;
#[path = "conformance/discovery.rs"]
mod discovery;
#[path = "conformance/flow.rs"]
mod flow;
#[path = "conformance/gateway.rs"]
mod gateway;
#[path = "conformance/guessing.rs"]
mod guessing;
#[path = "conformance/introspection.rs"]
mod introspection;
#[path = "conformance/keys.rs"]
mod keys;
#[path = "conformance/known_clients.rs"]
mod known_clients;
#[path = "conformance/limits.rs"]
mod limits;
#[path = "conformance/openid.rs"]
mod openid;
#[path = "conformance/pages.rs"]
mod pages;
#[path = "conformance/pause.rs"]
mod pause;
#[path = "conformance/pkce_exception.rs"]
mod pkce_exception;
#[path = "conformance/protected_resource.rs"]
mod protected_resource;
#[path = "conformance/registration.rs"]
mod registration;
#[path = "conformance/replays.rs"]
mod replays;
#[path = "conformance/server_policies.rs"]
mod server_policies;
#[path = "conformance/terms.rs"]
mod terms;
#[path = "conformance/token_lifecycle.rs"]
mod token_lifecycle;
#[path = "conformance/trace.rs"]
mod trace;

/// The names of the tests in a file.
fn tests_in(source: &str) -> Vec<&str> {
    source.split("#[test]\nfn ").skip(1).filter_map(|rest| rest.split('(').next()).collect()
}

const TABLE: &str = include_str!("conformance.rs");

/// The files below `conformance/`: how the table heads them, and what they hold.
fn files() -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let paths = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    paths.map(|path| (format!("**{}**", path.file_stem().unwrap().display()), std::fs::read_to_string(&path).unwrap())).collect()
}

#[test]
fn every_row_names_a_test_and_every_test_has_a_row() {
    let rows: Vec<&str> = TABLE.lines().filter_map(|line| line.strip_prefix("//! | `")?.split('`').next()).collect();
    let files = files();
    let tests: Vec<&str> = files.iter().flat_map(|(_, source)| tests_in(source)).collect();
    for row in &rows {
        assert!(tests.contains(row), "{row} is no test");
    }
    for test in &tests {
        assert_eq!(rows.iter().filter(|row| *row == test).count(), 1, "{test} has no row of its own in the table");
    }
    for (heading, _) in &files {
        assert!(TABLE.contains(&format!("//! | {heading} | | |")), "{heading} has no place in the table");
    }
}

#[test]
fn every_promise_is_made_once_and_shown_by_tests() {
    let files = files();
    let tests: Vec<&str> = files.iter().flat_map(|(_, source)| tests_in(source)).collect();
    for (letter, last) in [('A', 12), ('B', 12), ('C', 4), ('D', 7), ('E', 4)] {
        for number in 1..=last {
            let beginning = format!("//! | {letter}{number} | ");
            let lines: Vec<&str> = TABLE.lines().filter(|line| line.starts_with(&beginning)).collect();
            let [line] = lines.as_slice() else { panic!("{letter}{number} is promised {} times", lines.len()) };
            let shown = line.trim_end_matches(" |").rsplit(" | ").next().unwrap();
            let named: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
            assert!(!named.is_empty(), "{letter}{number} is shown by nothing");
            for name in named {
                assert!(tests.contains(&name), "{letter}{number} names {name}, which is no test");
            }
        }
    }
}
