//! A snapshot as bytes: every record of one moment, in one piece that says itself whether it is whole.
//!
//! ```text
//! "doorward snapshot\n"   18 bytes
//! format version          u8, now 1
//! instance                16 bytes: of which doorward it is
//! number                  u64: the how-manieth of that doorward
//! taken at                u64: seconds since 1970
//! records                 u64
//! length of what follows  u64, without the checksum
//! each record             u32 length of the key, u32 length of the value, key, value; by ascending key
//! checksum                SHA-256 of everything before
//! ```
//!
//! Numbers are big-endian. Whoever reads believes nothing: no length is used before it was compared with what is there.

use crate::clock::UnixTime;
use crate::oauth::secret::ServerKey;
use crate::store::record::{self, Instance, Table};
use crate::store::tables;
use sha2::{Digest, Sha256};
use std::fmt;

/// What every snapshot begins with: readable, so that whoever looks at the file knows what it is.
const MAGIC: &[u8; 18] = b"doorward snapshot\n";
const VERSION: u8 = 1;
const HEAD: usize = MAGIC.len() + 1 + 16 + 4 * 8;
const CHECKSUM: usize = 32;
/// Longest key and value. Ours are shorter than a tenth of it.
const MAX_PIECE: usize = 1024 * 1024;
/// Largest snapshot that is read: some five million records.
pub(in crate::store) const MAX_BYTES: u64 = 1024 * 1024 * 1024;

/// Which doorward a store or a snapshot is of. It follows from the server's key and tells nothing about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstanceId([u8; 16]);

impl InstanceId {
    /// Of the doorward that has this key.
    pub fn of(key: &ServerKey) -> Self {
        let mut id = [0; 16];
        id.iter_mut().zip(key.authenticate("instance", &[])).for_each(|(to, from)| *to = from);
        Self(id)
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What a snapshot says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Of which doorward.
    pub instance: InstanceId,
    /// Counts the snapshots of that doorward. A backup has the number of the snapshot before it.
    pub number: u64,
    /// When.
    pub taken_at: UnixTime,
    /// How many records, marks of the sweeper's included.
    pub records: u64,
}

/// A snapshot that was read: whole, and unchanged since it was written.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot<'b> {
    /// What it says about itself.
    pub header: Header,
    body: &'b [u8],
}

/// Why a file is no good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It is something else.
    Foreign,
    /// Its form is not known to this program.
    OtherForm(u8),
    /// So many bytes are missing at its end; at least so many where not even its head is whole.
    CutShort(u64),
    /// So many bytes follow its end.
    TooLong(u64),
    /// Its bytes are not those that were written.
    Changed,
    /// It was written like this, and not by a doorward that works.
    Nonsense(&'static str),
    /// It is larger than any that is read.
    TooLarge(u64),
    /// A record is not known to this program, or damaged.
    Record(String),
    /// The file cannot be read or written.
    File(String),
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str("it is no snapshot of doorward's"),
            Self::OtherForm(form) => write!(f, "it has a form that this version does not know (number {form})"),
            Self::CutShort(bytes) => write!(f, "it was cut short: {bytes} bytes are missing"),
            Self::TooLong(bytes) => write!(f, "{bytes} bytes follow its end"),
            Self::Changed => f.write_str("its bytes were changed since it was written (the checksum differs)"),
            Self::Nonsense(what) => write!(f, "it contradicts itself: {what}"),
            Self::TooLarge(bytes) => write!(f, "it is too large to be one ({bytes} bytes)"),
            Self::Record(what) => write!(f, "a record in it cannot be used: {what}"),
            Self::File(what) => f.write_str(what),
        }
    }
}

/// Writes a snapshot of these records, which come by ascending key. The count in the header is made here.
pub fn encode<K: AsRef<[u8]>, V: AsRef<[u8]>>(header: Header, records: &[(K, V)]) -> Vec<u8> {
    let length = |(key, value): &(K, V)| 8 + key.as_ref().len() + value.as_ref().len();
    let body: usize = records.iter().map(length).sum();
    let mut bytes = Vec::with_capacity(HEAD + body + CHECKSUM);
    bytes.extend_from_slice(MAGIC);
    bytes.push(VERSION);
    bytes.extend_from_slice(&header.instance.0);
    for number in [header.number, header.taken_at.0, records.len() as u64, body as u64] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    for (key, value) in records {
        for piece in [key.as_ref(), value.as_ref()] {
            // Neither is ever near 4 GiB; a length that did not fit would be noticed by whoever reads it back.
            bytes.extend_from_slice(&u32::try_from(piece.len()).unwrap_or(u32::MAX).to_be_bytes());
        }
        bytes.extend_from_slice(key.as_ref());
        bytes.extend_from_slice(value.as_ref());
    }
    let checksum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}

/// True if the bytes begin as a snapshot does, of whatever form.
pub(super) fn begins_like_one(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Reads the head alone, and vouches for nothing.
pub(in crate::store) fn header(bytes: &[u8]) -> Result<(Header, u64), Flaw> {
    let Some(rest) = bytes.strip_prefix(MAGIC) else {
        return Err(if MAGIC.starts_with(bytes) { Flaw::CutShort((HEAD + CHECKSUM - bytes.len()) as u64) } else { Flaw::Foreign });
    };
    let mut rest = Reader(rest);
    let missing = || Flaw::CutShort((HEAD + CHECKSUM).saturating_sub(bytes.len()) as u64);
    let [form] = rest.take().ok_or_else(missing)?;
    if form != VERSION {
        return Err(Flaw::OtherForm(form));
    }
    let instance = InstanceId(rest.take().ok_or_else(missing)?);
    let mut number = || rest.take().map(u64::from_be_bytes).ok_or_else(missing);
    let (number, taken_at, records, length) = (number()?, UnixTime(number()?), number()?, number()?);
    Ok((Header { instance, number, taken_at, records }, length))
}

/// Reads a whole snapshot, and every record in it.
///
/// # Errors
/// [`Flaw`]; a snapshot is whole and known to the last byte, or it is not used.
pub fn parse(bytes: &[u8]) -> Result<Snapshot<'_>, Flaw> {
    let (header, length) = header(bytes)?;
    let there = bytes.len() as u64;
    let whole = length.checked_add((HEAD + CHECKSUM) as u64).filter(|whole| *whole <= MAX_BYTES).ok_or(Flaw::TooLarge(length))?;
    if there < whole {
        return Err(Flaw::CutShort(whole - there));
    }
    if there > whole {
        return Err(Flaw::TooLong(there - whole));
    }
    let (signed, checksum) = bytes.split_at_checked(bytes.len().saturating_sub(CHECKSUM)).ok_or(Flaw::Changed)?;
    if *Sha256::digest(signed) != *checksum {
        return Err(Flaw::Changed);
    }
    let snapshot = Snapshot { header, body: signed.get(HEAD..).unwrap_or_default() };
    snapshot.check()?;
    next(header.number)?;
    Ok(snapshot)
}

/// The number after this one, which may come from a file.
///
/// # Errors
/// [`Flaw::Nonsense`]: nobody counts that far.
pub(in crate::store) fn next(number: u64) -> Result<u64, Flaw> {
    number.checked_add(1).ok_or(Flaw::Nonsense("no number follows its own"))
}

impl<'b> Snapshot<'b> {
    /// True if the key in it is that of the doorward that its head names. A checksum that fits can be made by anybody; this
    /// cannot be.
    pub(in crate::store) fn is_of_its_instance(&self) -> bool {
        let of_instance = record::key(Table::Instance, record::INSTANCE);
        let found = self.records().find(|(key, _)| *key == of_instance.as_slice());
        let instance = found.and_then(|(_, value)| record::decode::<Instance>(value).ok());
        instance.is_some_and(|instance| InstanceId::of(&instance.key) == self.header.instance)
    }

    /// The records by ascending key, each with its value.
    pub(in crate::store) fn records(&self) -> impl Iterator<Item = (&'b [u8], &'b [u8])> {
        let mut rest = Reader(self.body);
        std::iter::from_fn(move || rest.record())
    }

    fn check(&self) -> Result<(), Flaw> {
        let (mut count, mut bytes, mut last): (u64, usize, &[u8]) = (0, 0, &[]);
        for (key, value) in self.records() {
            if key <= last {
                return Err(Flaw::Nonsense("its records are in no order"));
            }
            if value.first().is_some_and(|table| key.first() != Some(table)) {
                return Err(Flaw::Nonsense("a record is in the wrong table"));
            }
            tables::check(key, value).map_err(|error| Flaw::Record(error.to_string()))?;
            (count, bytes, last) = (count + 1, bytes + 8 + key.len() + value.len(), key);
        }
        if bytes != self.body.len() {
            return Err(Flaw::Nonsense("a record has a length that cannot be"));
        }
        if count == self.header.records { Ok(()) } else { Err(Flaw::Nonsense("it does not count its records rightly")) }
    }
}

/// Bytes not read yet.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn piece(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).filter(|_| length <= MAX_PIECE)?;
        self.0 = rest;
        Some(taken)
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(u32::from_be_bytes(self.take()?)).ok()
    }

    fn record(&mut self) -> Option<(&'b [u8], &'b [u8])> {
        let (key, value) = (self.length()?, self.length()?);
        Some((self.piece(key)?, self.piece(value)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::NOW;
    use crate::oauth::secret::Entropy;
    use crate::store::record::{self, LastUse, Table};

    fn header() -> Header {
        let instance = InstanceId::of(&ServerKey::new(&Entropy::new([1; 32])));
        Header { instance, number: 7, taken_at: NOW, records: 2 }
    }

    fn records() -> Vec<(Vec<u8>, Vec<u8>)> {
        let value = record::encode(&LastUse { at: NOW, from: None }).unwrap();
        vec![(record::key(Table::Expiry, b"mark"), vec![]), (record::key(Table::LastUse, b"a"), value)]
    }

    /// With a checksum that fits whatever was done to them.
    fn signed(mut bytes: Vec<u8>) -> Vec<u8> {
        let end = bytes.len() - CHECKSUM;
        let checksum = Sha256::digest(&bytes[..end]);
        bytes[end..].copy_from_slice(&checksum);
        bytes
    }

    fn flaw(bytes: &[u8]) -> Flaw {
        parse(bytes).unwrap_err()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let bytes = encode(header(), &records());
        let snapshot = parse(&bytes).unwrap();
        assert_eq!(snapshot.header, header());
        let read: Vec<(Vec<u8>, Vec<u8>)> = snapshot.records().map(|(key, value)| (key.to_vec(), value.to_vec())).collect();
        assert_eq!(read, records());
        assert!(begins_like_one(&bytes));
        let none = encode::<Vec<u8>, Vec<u8>>(header(), &[]);
        assert_eq!(parse(&none).unwrap().header.records, 0);
    }

    #[test]
    fn wherever_it_is_cut_it_says_how_much_is_missing() {
        let bytes = encode(header(), &records());
        for end in 0..bytes.len() {
            let Flaw::CutShort(missing) = flaw(&bytes[..end]) else { panic!("cut at {end}: {}", flaw(&bytes[..end])) };
            let all = if end < HEAD { HEAD + CHECKSUM } else { bytes.len() };
            assert_eq!(missing, (all - end) as u64, "{end}");
        }
        assert_eq!(flaw(&[&bytes[..], b"xy"].concat()), Flaw::TooLong(2));
    }

    #[test]
    fn no_bit_can_flip_unnoticed() {
        let bytes = encode(header(), &records());
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let flaw = flaw(&damaged);
            let expected = match bit / 8 {
                ..18 => matches!(flaw, Flaw::Foreign),
                18 => matches!(flaw, Flaw::OtherForm(_)),
                59..67 => matches!(flaw, Flaw::CutShort(_) | Flaw::TooLong(_) | Flaw::TooLarge(_)),
                _ => flaw == Flaw::Changed,
            };
            assert!(expected, "bit {bit}: {flaw}");
        }
    }

    #[test]
    fn a_checksum_that_fits_makes_no_sense_of_nonsense() {
        let bytes = encode(header(), &records());
        let with = |at: usize, byte: u8| {
            let mut bytes = bytes.clone();
            bytes[at] = byte;
            flaw(&signed(bytes))
        };
        let last = encode(Header { number: u64::MAX, ..header() }, &records());
        assert_eq!(flaw(&last), Flaw::Nonsense("no number follows its own"));
        assert_eq!(with(58, 9), Flaw::Nonsense("it does not count its records rightly"));
        assert_eq!(with(HEAD, 0xff), Flaw::Nonsense("a record has a length that cannot be"));
        assert_eq!(with(HEAD + 3, 99), Flaw::Nonsense("a record has a length that cannot be"));
        let (mark, last_use) = (records().remove(0), records().remove(1));
        let twice = encode(header(), &[mark.clone(), mark]);
        assert_eq!(flaw(&twice), Flaw::Nonsense("its records are in no order"));
        let misplaced = encode(header(), &[(record::key(Table::User, b"a"), last_use.1.clone())]);
        assert_eq!(flaw(&misplaced), Flaw::Nonsense("a record is in the wrong table"));
        let empty = encode(header(), &[(record::key(Table::User, b"a"), vec![])]);
        assert!(matches!(flaw(&empty), Flaw::Record(_)));
        let mut newer = last_use.clone();
        newer.1[1] = 2;
        let Flaw::Record(what) = flaw(&encode(header(), &[newer])) else { panic!("a record of a later version") };
        assert!(what.contains("later doorward"), "{what}");
        let unknown = encode(header(), &[(vec![250, 1], vec![250, 1, 0])]);
        assert!(matches!(flaw(&unknown), Flaw::Record(_)));
    }

    #[test]
    fn what_is_something_else_is_called_that() {
        for bytes in [&b"PK\x03\x04"[..], b"doorward snapshots", b"\x00"] {
            assert_eq!(flaw(bytes), Flaw::Foreign);
        }
        assert!(matches!(flaw(b""), Flaw::CutShort(_)));
        let mut endless = encode(header(), &records());
        endless[59..67].copy_from_slice(&u64::MAX.to_be_bytes());
        assert_eq!(flaw(&endless), Flaw::TooLarge(u64::MAX));
    }

    #[test]
    fn an_instance_is_known_by_its_key_alone() {
        let id = |byte: u8| InstanceId::of(&ServerKey::new(&Entropy::new([byte; 32])));
        assert_eq!(id(1), id(1));
        assert_ne!(id(1), id(2));
        assert_eq!(id(1).to_string().len(), 32);
    }
}
