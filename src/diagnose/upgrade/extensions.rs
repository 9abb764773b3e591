//! What an answer may say about extensions (RFC 6455 section 9.1), and the parameters of permessage-deflate (RFC 7692
//! section 7.1). Owns those rules; elements come as `name; parameter; parameter=value`.

const DEFLATE: &str = "permessage-deflate";

/// Is `list` permessage-deflate once, without a fault in what a browser's own offer allows?
pub fn is_deflate_alone(list: &str) -> bool {
    // Browsers offer the limit of the client's window too.
    let offer = [format!("{DEFLATE}; client_max_window_bits")];
    let answered = [list.to_owned()];
    !list.contains(',') && is_deflate(list) && wrong_parameters(&offer, &answered).is_empty()
}

/// A line for each extension that was not offered.
pub fn not_offered(offered: &[String], answered: &[String]) -> Vec<String> {
    let is_missing = |answer: &&String| !offered.iter().any(|offer| name(offer).eq_ignore_ascii_case(name(answer)));
    answered.iter().filter(is_missing).map(|answer| format!("{} was not offered", name(answer))).collect()
}

/// A line for each fault in the parameters of permessage-deflate.
pub fn wrong_parameters(offered: &[String], answered: &[String]) -> Vec<String> {
    let limits_client = offered.iter().any(|offer| is_deflate(offer) && has_parameter(offer, "client_max_window_bits"));
    let mut faults = Vec::new();
    let deflates: Vec<&String> = answered.iter().filter(|answer| is_deflate(answer)).collect();
    if deflates.len() > 1 {
        faults.push(format!("{DEFLATE} is agreed to {} times", deflates.len()));
    }
    for deflate in deflates {
        faults.extend(deflate_faults(deflate, limits_client));
    }
    faults
}

fn deflate_faults(answer: &str, limits_client: bool) -> Vec<String> {
    let (mut faults, mut names) = (Vec::new(), Vec::new());
    for (name, value) in parameters(answer) {
        if names.contains(&name) {
            faults.push(format!("{name} is there twice"));
        }
        names.push(name);
        match name {
            "server_no_context_takeover" | "client_no_context_takeover" if value.is_none() => {}
            "server_no_context_takeover" | "client_no_context_takeover" => {
                faults.push(format!("{name} takes no value"));
            }
            "server_max_window_bits" | "client_max_window_bits" if !is_window(value) => {
                faults.push(format!("{name} needs a value from 8 to 15"));
            }
            "server_max_window_bits" => {}
            "client_max_window_bits" if limits_client => {}
            "client_max_window_bits" => faults.push(format!("{name} was not offered")),
            _ => faults.push(format!("{name} is no parameter of {DEFLATE}")),
        }
    }
    faults
}

fn is_window(value: Option<&str>) -> bool {
    matches!(value, Some("8" | "9" | "10" | "11" | "12" | "13" | "14" | "15"))
}

fn is_deflate(element: &str) -> bool {
    name(element).eq_ignore_ascii_case(DEFLATE)
}

fn has_parameter(element: &str, wanted: &str) -> bool {
    parameters(element).iter().any(|(name, _)| *name == wanted)
}

fn name(element: &str) -> &str {
    element.split(';').next().unwrap_or_default().trim()
}

fn parameters(element: &str) -> Vec<(&str, Option<&str>)> {
    let parts = element.split(';').skip(1).map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| match part.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim().trim_matches('"'))),
            None => (part, None),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(offered: &str, answered: &str) -> Vec<String> {
        let list = |text: &str| text.split(',').map(|part| part.trim().to_owned()).collect::<Vec<_>>();
        let (offered, answered) = (list(offered), list(answered));
        [not_offered(&offered, &answered), wrong_parameters(&offered, &answered)].concat()
    }

    #[test]
    fn a_legal_answer_has_no_fault() {
        for (offered, answered) in [
            ("permessage-deflate", "permessage-deflate"),
            ("permessage-deflate", "Permessage-Deflate; server_no_context_takeover; client_no_context_takeover"),
            ("permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits=15"),
            ("permessage-deflate", "permessage-deflate; server_max_window_bits=\"10\""),
            ("x-a, permessage-deflate", "x-a; any=thing"),
        ] {
            assert_eq!(faults(offered, answered), Vec::<String>::new(), "{answered}");
        }
    }

    #[test]
    fn each_fault_has_its_words() {
        let deflate = "permessage-deflate";
        for (answered, fault) in [
            ("x-webkit-deflate-frame", "x-webkit-deflate-frame was not offered"),
            ("permessage-deflate; client_max_window_bits=12", "client_max_window_bits was not offered"),
            ("permessage-deflate; client_max_window_bits", "client_max_window_bits needs a value from 8 to 15"),
            ("permessage-deflate; server_max_window_bits=16", "server_max_window_bits needs a value from 8 to 15"),
            ("permessage-deflate; server_max_window_bits=08", "server_max_window_bits needs a value from 8 to 15"),
            ("permessage-deflate; server_no_context_takeover=1", "server_no_context_takeover takes no value"),
            ("permessage-deflate; mem_level=9", "mem_level is no parameter of permessage-deflate"),
            (
                "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
                "server_no_context_takeover is there twice",
            ),
            ("permessage-deflate, permessage-deflate", "permessage-deflate is agreed to 2 times"),
        ] {
            assert_eq!(faults(deflate, answered), [fault], "{answered}");
        }
    }

    #[test]
    fn what_a_browser_would_take_is_known() {
        assert!(is_deflate_alone("permessage-deflate"));
        assert!(is_deflate_alone("permessage-deflate; client_max_window_bits=15"));
        assert!(!is_deflate_alone("permessage-deflate; mem_level=9"));
        assert!(!is_deflate_alone("permessage-deflate, x-custom"));
        assert!(!is_deflate_alone("x-custom") && !is_deflate_alone(""));
    }
}
