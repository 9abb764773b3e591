
use builtin;
use str;

set edit:completion:arg-completer[wscope] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'wscope'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'wscope'= {
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand probe 'Examine an endpoint: one verdict, one exit code, in a bounded time'
            cand serve 'Be the server, with faults on demand'
            cand explain 'Tell what a finding, a fault, a close code or a status means'
            cand completions 'Write the completions of a shell to stdout'
            cand man 'Write the man page to stdout'
        }
        &'wscope;probe'= {
            cand --demo 'Examine wscope''s own server, with FAULT if given'
            cand --timeout 'Bound the whole run (30s, plus --hold)'
            cand -n 'Measure that many pings (5)'
            cand --count 'Measure that many pings (5)'
            cand --interval 'Pause between measured pings (200ms)'
            cand --hold 'Stay connected that long; every drop is reported'
            cand --max-drops 'Drops that --hold forgives (0)'
            cand -x 'Send a text message once open (repeat)'
            cand --execute 'Send a text message once open (repeat)'
            cand --expect 'What must come back: a regex, or json:/ptr=value'
            cand -w 'How long --expect may take (5s)'
            cand --wait 'How long --expect may take (5s)'
            cand --fail-on 'Which findings fail a run: error, warning or note (error)'
            cand --compare 'The socket, long polling and short polling side by side'
            cand --compare-socket 'The socket''s URL, if it is not /stream there'
            cand --compare-long-poll 'The URL of long polling, if it is not /long-poll there'
            cand --compare-poll 'The URL of short polling, if it is not /poll there'
            cand --compare-interval 'The pause of short polling (2s)'
            cand --compare-for 'How long all three listen (10s)'
            cand -H '''Name: value'' in the request; @FILE (repeat)'
            cand --header '''Name: value'' in the request; @FILE (repeat)'
            cand -o 'The Origin header, as a browser would send it'
            cand --origin 'The Origin header, as a browser would send it'
            cand --host 'The Host header, instead of the URL''s'
            cand --user-agent 'The User-Agent header'
            cand --cookie 'A cookie, name=value; @FILE, env:NAME (repeat)'
            cand -s 'Offer a subprotocol (repeat)'
            cand --subprotocol 'Offer a subprotocol (repeat)'
            cand --auth 'Basic authentication; asks if PASS is missing'
            cand --bearer 'Authorization: Bearer TOKEN; @FILE, env:NAME'
            cand --max-redirects 'Redirects that -L follows at most'
            cand --ca 'Trust these certificates (PEM or DER) instead of the system''s'
            cand --sni 'The server name of the TLS handshake, instead of the URL''s host'
            cand --resolve 'Use that address for HOST:PORT instead of looking it up (repeat)'
            cand --bind 'Connect from that local address'
            cand --unix-socket 'Connect to that Unix socket; the URL only names the host and path'
            cand --max-message 'The largest message that is taken, in bytes; k, M, G and KiB, MiB, GiB are units of 1024'
            cand --fault 'Do that wrong on purpose, as a client may: no-pong, close=4001, ... (repeat)'
            cand --connect-timeout 'Name, TCP, TLS and upgrade together (10s)'
            cand --close-timeout 'How long the answer to our Close may take (5s)'
            cand --tcp-keepalive 'TCP keepalives at that interval (off)'
            cand --heartbeat 'Quiet time after which a heartbeat goes out (20s)'
            cand --heartbeat-timeout 'How long its answer may take, from when it was written (20s)'
            cand --heartbeat-clock 'idle: each sign of life restarts the timer; fixed: one each interval (idle)'
            cand --heartbeat-send 'ping, text:TEXT or hex:BYTES (ping)'
            cand --heartbeat-answer 'What settles it: any, match, text:TEXT, regex:REGEX or none (any)'
            cand --heartbeat-misses 'How many unanswered in a row make a drop (1)'
            cand --heartbeat-preset 'Payload, answer and times of a known client; a flag given by hand beats it'
            cand --reconnect 'Connect again after a drop, N times at most'
            cand --reconnect-delay 'The first wait before a reconnect (1s)'
            cand --reconnect-max-delay 'The longest wait before a reconnect (30s)'
            cand --min-uptime 'How long a connection must stay up before the waits start anew (5s)'
            cand --reconnect-profile 'How the waits grow: a known client''s way, or FILE.toml (full-jitter)'
            cand --farewell 'A message that announces the drop (known products'' own)'
            cand --seed 'Make jitter and chance repeatable'
            cand --color 'Colours; auto: at a terminal, unless NO_COLOR is set'
            cand --timestamps 'The time before a line: none, seconds since the start, or the clock''s'
            cand --ready 'Try again until healthy, or --timeout'
            cand -L 'Follow redirects (browsers never do)'
            cand --location 'Follow redirects (browsers never do)'
            cand -k 'Go on with a certificate that is not trusted'
            cand --insecure 'Go on with a certificate that is not trusted'
            cand --no-sni 'Send no server name in the TLS handshake'
            cand -4 'IPv4 only'
            cand -6 'IPv6 only'
            cand -v 'Show more: -v heads and heartbeats, -vv every frame, -vvv hex'
            cand -q 'Show less: probe nothing when healthy, serve its address only'
            cand --quiet 'Show less: probe nothing when healthy, serve its address only'
            cand --json 'Events as JSON Lines on stdout, and nothing else there'
            cand --no-redact 'Show secrets: Authorization, cookies, token-like query values'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wscope;serve'= {
            cand --mode 'echo, broadcast, silent, source, sink, script=FILE'
            cand --rate 'Messages a second that source and /stream send (1)'
            cand --size 'Bytes of a message that source and /stream send (64)'
            cand --count 'Messages that source sends, then Close 1000 (without end)'
            cand --fault 'Do that wrong on purpose, for every client (repeat)'
            cand --fault-chance 'How likely a connection is to get the faults, from 0 to 1 (1)'
            cand --seed 'Make chance and jitter repeatable'
            cand --ca-out 'Write the CA of that certificate there, as PEM'
            cand --cert 'Speak TLS with that certificate chain, as PEM'
            cand --key 'The key of that certificate, as PEM'
            cand --client-ca 'Take only clients with a certificate of that CA, as PEM'
            cand -s 'Agree on the client''s first subprotocol that is among these (repeat)'
            cand --subprotocol 'Agree on the client''s first subprotocol that is among these (repeat)'
            cand --allow-origin 'Answer other origins with 403; no Origin passes (repeat)'
            cand --auth 'Ask for these credentials, for the page too: USER:PASS, @FILE or env:NAME'
            cand -H 'Put that into every 101: ''Name: value'', @FILE or env:NAME (repeat)'
            cand --header 'Put that into every 101: ''Name: value'', @FILE or env:NAME (repeat)'
            cand --max-message 'The largest message that is taken; beyond it Close 1009 (64MiB)'
            cand --max-connections 'Answer more open connections than that with 503'
            cand --duration 'Stop after that long, as if interrupted'
            cand --heartbeat 'Quiet time after which a heartbeat goes out (20s)'
            cand --heartbeat-timeout 'How long its answer may take, from when it was written (20s)'
            cand --heartbeat-clock 'idle: each sign of life restarts the timer; fixed: one each interval (idle)'
            cand --heartbeat-send 'ping, text:TEXT or hex:BYTES (ping)'
            cand --heartbeat-answer 'What settles it: any, match, text:TEXT, regex:REGEX or none (any)'
            cand --heartbeat-misses 'How many unanswered in a row make a drop (1)'
            cand --heartbeat-preset 'Payload, answer and times of a known client; a flag given by hand beats it'
            cand --color 'Colours; auto: at a terminal, unless NO_COLOR is set'
            cand --timestamps 'The time before a line: none, seconds since the start, or the clock''s'
            cand --tls 'Speak TLS, with a certificate made on the spot'
            cand --allow-hixie 'Answer clients of the drafts hixie-75 and hixie-76, with an echo'
            cand --oneshot 'Take one connection, then exit'
            cand -v 'Show more: -v heads and heartbeats, -vv every frame, -vvv hex'
            cand -q 'Show less: probe nothing when healthy, serve its address only'
            cand --quiet 'Show less: probe nothing when healthy, serve its address only'
            cand --json 'Events as JSON Lines on stdout, and nothing else there'
            cand --no-redact 'Show secrets: Authorization, cookies, token-like query values'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wscope;explain'= {
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wscope;completions'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'wscope;man'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
    ]
    $completions[$command]
}
