//! How long a message's content is (RFC 9112 §6.3), read without mercy: two readers who disagree about it are how
//! requests are smuggled. Decides from fields; reads no sockets.

use crate::http::headers::HeaderMap;

/// Where a message's content ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// There is none.
    None,
    /// After so many bytes.
    Known(u64),
    /// After the last chunk.
    Chunked,
    /// Where the connection ends; responses only.
    UntilClose,
}

/// Why a message's length cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unclear {
    /// Repeated, contradictory or malformed fields.
    Malformed,
    /// A transfer coding besides `chunked` (RFC 9112 §6.1: 501).
    Coding,
}

/// The length of a request. `modern` is true for HTTP/1.1; HTTP/1.0 knows no transfer codings.
pub(super) fn of_request(headers: &HeaderMap, modern: bool) -> Result<Length, Unclear> {
    match (is_chunked(headers)?, content_length(headers)?) {
        (true, Some(_)) => Err(Unclear::Malformed),
        (true, None) if !modern => Err(Unclear::Malformed),
        (true, None) => Ok(Length::Chunked),
        (false, Some(0)) | (false, None) => Ok(Length::None),
        (false, Some(length)) => Ok(Length::Known(length)),
    }
}

/// The length of a response. `bodiless` is true where the method or the status rules content out.
pub(super) fn of_response(headers: &HeaderMap, modern: bool, bodiless: bool) -> Result<Length, Unclear> {
    let (chunked, known) = (is_chunked(headers)?, content_length(headers)?);
    match (chunked, known) {
        (true, Some(_)) => Err(Unclear::Malformed),
        (true, None) if !modern => Err(Unclear::Malformed),
        _ if bodiless => Ok(Length::None),
        (true, None) => Ok(Length::Chunked),
        (false, Some(length)) => Ok(Length::Known(length)),
        (false, None) => Ok(Length::UntilClose),
    }
}

/// The value of `Content-Length`: digits, once. RFC 9112 §6.3 would let equal repetitions pass; nobody honest sends them.
pub(super) fn content_length(headers: &HeaderMap) -> Result<Option<u64>, Unclear> {
    let value = headers.only("content-length").map_err(|_| Unclear::Malformed)?;
    value.map(digits).transpose()
}

fn digits(text: &str) -> Result<u64, Unclear> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain).ok_or(Unclear::Malformed)
}

fn is_chunked(headers: &HeaderMap) -> Result<bool, Unclear> {
    match headers.only("transfer-encoding").map_err(|_| Unclear::Malformed)? {
        None => Ok(false),
        Some(coding) if coding.eq_ignore_ascii_case("chunked") => Ok(true),
        Some(_) => Err(Unclear::Coding),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(fields: &[(&str, &str)]) -> Result<Length, Unclear> {
        of_request(&fields.iter().copied().collect(), true)
    }

    fn response(fields: &[(&str, &str)]) -> Result<Length, Unclear> {
        of_response(&fields.iter().copied().collect(), true, false)
    }

    #[test]
    fn the_plain_cases_are_understood() {
        assert_eq!(request(&[]), Ok(Length::None));
        assert_eq!(request(&[("content-length", "0")]), Ok(Length::None));
        assert_eq!(request(&[("content-length", "5")]), Ok(Length::Known(5)));
        assert_eq!(request(&[("transfer-encoding", "Chunked")]), Ok(Length::Chunked));
        assert_eq!(response(&[]), Ok(Length::UntilClose));
        assert_eq!(response(&[("content-length", "0")]), Ok(Length::Known(0)));
    }

    #[test]
    fn a_content_length_that_two_readers_could_read_differently_is_refused() {
        for value in ["5, 5", "+5", "-1", "0x5", "5 ", "", "\u{ff15}", "18446744073709551616", "5;", "5.0", "1e3", "5_0"] {
            assert_eq!(request(&[("content-length", value)]), Err(Unclear::Malformed), "{value:?}");
            assert_eq!(response(&[("content-length", value)]), Err(Unclear::Malformed), "{value:?}");
        }
        assert_eq!(request(&[("content-length", "5"), ("content-length", "5")]), Err(Unclear::Malformed));
        assert_eq!(response(&[("content-length", "5"), ("content-length", "6")]), Err(Unclear::Malformed));
    }

    #[test]
    fn content_length_never_stands_beside_transfer_encoding() {
        for te in ["chunked", "CHUNKED"] {
            assert_eq!(request(&[("content-length", "5"), ("transfer-encoding", te)]), Err(Unclear::Malformed));
            assert_eq!(response(&[("content-length", "5"), ("transfer-encoding", te)]), Err(Unclear::Malformed));
        }
    }

    #[test]
    fn no_coding_but_a_single_chunked_is_known() {
        for value in
            ["identity", "chunked, identity", "identity, chunked", "xchunked", "chunked, chunked", "gzip, chunked", "", "chunked;q=1"]
        {
            assert_eq!(request(&[("transfer-encoding", value)]), Err(Unclear::Coding), "{value:?}");
        }
        assert_eq!(request(&[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")]), Err(Unclear::Malformed));
    }

    #[test]
    fn http_1_0_has_no_transfer_codings() {
        let chunked: HeaderMap = [("transfer-encoding", "chunked")].into_iter().collect();
        assert_eq!(of_request(&chunked, false), Err(Unclear::Malformed));
        assert_eq!(of_response(&chunked, false, false), Err(Unclear::Malformed));
    }

    #[test]
    fn a_response_without_content_has_none_whatever_its_fields_say() {
        let long: HeaderMap = [("content-length", "500")].into_iter().collect();
        assert_eq!(of_response(&long, true, true), Ok(Length::None));
    }
}
