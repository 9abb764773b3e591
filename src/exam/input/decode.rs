//! Lines of hex and base64 (RFC 4648 sections 4 and 8) as bytes. Owns what is forgiven (blanks, and the case of hex
//! digits) and the words for what is not.

use data_encoding::{BASE64, DecodeKind, HEXLOWER_PERMISSIVE};

use crate::event::show;

/// Pairs of hex digits; blanks anywhere are ignored.
pub fn hex(line: &[u8]) -> Result<Vec<u8>, String> {
    if let Ok(bytes) = HEXLOWER_PERMISSIVE.decode(line) {
        return Ok(bytes);
    }
    if let Some(at) = line.iter().position(|byte| !byte.is_ascii_hexdigit() && !byte.is_ascii_whitespace()) {
        return Err(format!("expected hex digits, got {} at byte {}", shown(line[at]), at + 1));
    }
    let digits: Vec<u8> = line.iter().copied().filter(u8::is_ascii_hexdigit).collect();
    HEXLOWER_PERMISSIVE.decode(&digits).map_err(|_| {
        let got = show::count(digits.len() as u64, "digit");
        format!("expected pairs of hex digits, got {got}")
    })
}

/// Base64 with its padding; blanks around it are ignored.
pub fn base64(line: &[u8]) -> Result<Vec<u8>, String> {
    let before = line.len() - line.trim_ascii_start().len();
    let encoded = line.trim_ascii();
    let error = match BASE64.decode(encoded) {
        Ok(bytes) => return Ok(bytes),
        Err(error) => error,
    };
    if let Some(at) = encoded.iter().position(|byte| !is_base64(*byte)) {
        return Err(format!("expected base64, got {} at byte {}", shown(encoded[at]), before + at + 1));
    }
    Err(match error.kind {
        DecodeKind::Length => {
            let got = show::count(encoded.len() as u64, "character");
            format!("expected base64 in groups of 4 characters, got {got}")
        }
        DecodeKind::Symbol | DecodeKind::Trailing | DecodeKind::Padding => {
            format!("expected base64 like \"AP8=\", got a wrong ending at byte {}", before + error.position + 1)
        }
    })
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// One byte: quoted where it is ASCII.
fn shown(byte: u8) -> String {
    if byte.is_ascii() { show::quoted(&char::from(byte).to_string()) } else { format!("0x{byte:02x}") }
}
