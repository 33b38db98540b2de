//! What failed elsewhere, as problems that people are shown.

use hushclip_crypto::archive::ArchiveError;
use hushclip_crypto::name::NameError;
use hushclip_crypto::pairing::{Code, CodeError, LinkError};
use hushclip_crypto::vault::LockError;
use hushclip_model::{NameFault, Problem};
use hushclip_protocol::error::ErrorCode;

/// A file that could not be read, in words.
pub fn bad_archive(error: ArchiveError) -> Problem {
    match error {
        ArchiveError::NotAnArchive => Problem::BadArchive,
        ArchiveError::Damaged => Problem::DamagedArchive,
        ArchiveError::WrongPassphrase => Problem::WrongPassphrase,
        ArchiveError::NoMemory => Problem::NoMemory,
    }
}

/// A file that could not be made, in words.
pub fn unsealable(error: LockError) -> Problem {
    match error {
        LockError::TooShort => Problem::PassphraseTooShort,
        LockError::NoMemory => Problem::NoMemory,
    }
}

pub(crate) fn bad_name(error: NameError) -> Problem {
    let fault = match error {
        NameError::Empty => NameFault::Empty,
        NameError::TooLong => NameFault::TooLong,
        NameError::Unseen => NameFault::Unseen,
    };
    Problem::BadName { fault }
}

pub(crate) fn bad_link(error: LinkError) -> Problem {
    match error {
        LinkError::NotALink => Problem::BadLink { incomplete: false },
        LinkError::Incomplete => Problem::BadLink { incomplete: true },
        LinkError::Newer => Problem::NewerLink,
    }
}

pub(crate) fn bad_code(error: CodeError) -> Problem {
    match error {
        CodeError::NotACode => Problem::BadCode { word: None, nearest: None },
        CodeError::UnknownWord(word) => {
            let nearest = Code::nearest(&word).map(ToString::to_string);
            Problem::BadCode { word: Some(word), nearest }
        }
    }
}

/// The relay's disk, which is nobody's fault who uses it.
pub(crate) fn relay_fault(code: ErrorCode) -> Problem {
    if code == ErrorCode::RelayFull { Problem::RelayNoSpace } else { Problem::RelayUnavailable }
}
