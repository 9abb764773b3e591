
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'wscope' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'wscope'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'wscope' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('probe', 'probe', [CompletionResultType]::ParameterValue, 'Examine an endpoint: one verdict, one exit code, in a bounded time')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Be the server, with faults on demand')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Tell what a finding, a fault, a close code or a status means')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Write the completions of a shell to stdout')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Write the man page to stdout')
            break
        }
        'wscope;probe' {
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Examine wscope''s own server, with FAULT if given')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Bound the whole run (30s, plus --hold)')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Measure that many pings (5)')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Measure that many pings (5)')
            [CompletionResult]::new('--interval', '--interval', [CompletionResultType]::ParameterName, 'Pause between measured pings (200ms)')
            [CompletionResult]::new('--hold', '--hold', [CompletionResultType]::ParameterName, 'Stay connected that long; every drop is reported')
            [CompletionResult]::new('--max-drops', '--max-drops', [CompletionResultType]::ParameterName, 'Drops that --hold forgives (0)')
            [CompletionResult]::new('-x', '-x', [CompletionResultType]::ParameterName, 'Send a text message once open (repeat)')
            [CompletionResult]::new('--execute', '--execute', [CompletionResultType]::ParameterName, 'Send a text message once open (repeat)')
            [CompletionResult]::new('--expect', '--expect', [CompletionResultType]::ParameterName, 'What must come back: a regex, or json:/ptr=value')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'How long --expect may take (5s)')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'How long --expect may take (5s)')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'Which findings fail a run: error, warning or note (error)')
            [CompletionResult]::new('--compare', '--compare', [CompletionResultType]::ParameterName, 'The socket, long polling and short polling side by side')
            [CompletionResult]::new('--compare-socket', '--compare-socket', [CompletionResultType]::ParameterName, 'The socket''s URL, if it is not /stream there')
            [CompletionResult]::new('--compare-long-poll', '--compare-long-poll', [CompletionResultType]::ParameterName, 'The URL of long polling, if it is not /long-poll there')
            [CompletionResult]::new('--compare-poll', '--compare-poll', [CompletionResultType]::ParameterName, 'The URL of short polling, if it is not /poll there')
            [CompletionResult]::new('--compare-interval', '--compare-interval', [CompletionResultType]::ParameterName, 'The pause of short polling (2s)')
            [CompletionResult]::new('--compare-for', '--compare-for', [CompletionResultType]::ParameterName, 'How long all three listen (10s)')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, '''Name: value'' in the request; @FILE (repeat)')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, '''Name: value'' in the request; @FILE (repeat)')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The Origin header, as a browser would send it')
            [CompletionResult]::new('--origin', '--origin', [CompletionResultType]::ParameterName, 'The Origin header, as a browser would send it')
            [CompletionResult]::new('--host', '--host', [CompletionResultType]::ParameterName, 'The Host header, instead of the URL''s')
            [CompletionResult]::new('--user-agent', '--user-agent', [CompletionResultType]::ParameterName, 'The User-Agent header')
            [CompletionResult]::new('--cookie', '--cookie', [CompletionResultType]::ParameterName, 'A cookie, name=value; @FILE, env:NAME (repeat)')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Offer a subprotocol (repeat)')
            [CompletionResult]::new('--subprotocol', '--subprotocol', [CompletionResultType]::ParameterName, 'Offer a subprotocol (repeat)')
            [CompletionResult]::new('--auth', '--auth', [CompletionResultType]::ParameterName, 'Basic authentication; asks if PASS is missing')
            [CompletionResult]::new('--bearer', '--bearer', [CompletionResultType]::ParameterName, 'Authorization: Bearer TOKEN; @FILE, env:NAME')
            [CompletionResult]::new('--max-redirects', '--max-redirects', [CompletionResultType]::ParameterName, 'Redirects that -L follows at most')
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'Trust these certificates (PEM or DER) instead of the system''s')
            [CompletionResult]::new('--sni', '--sni', [CompletionResultType]::ParameterName, 'The server name of the TLS handshake, instead of the URL''s host')
            [CompletionResult]::new('--resolve', '--resolve', [CompletionResultType]::ParameterName, 'Use that address for HOST:PORT instead of looking it up (repeat)')
            [CompletionResult]::new('--bind', '--bind', [CompletionResultType]::ParameterName, 'Connect from that local address')
            [CompletionResult]::new('--unix-socket', '--unix-socket', [CompletionResultType]::ParameterName, 'Connect to that Unix socket; the URL only names the host and path')
            [CompletionResult]::new('--max-message', '--max-message', [CompletionResultType]::ParameterName, 'The largest message that is taken, in bytes; k, M, G and KiB, MiB, GiB are units of 1024')
            [CompletionResult]::new('--fault', '--fault', [CompletionResultType]::ParameterName, 'Do that wrong on purpose, as a client may: no-pong, close=4001, ... (repeat)')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Name, TCP, TLS and upgrade together (10s)')
            [CompletionResult]::new('--close-timeout', '--close-timeout', [CompletionResultType]::ParameterName, 'How long the answer to our Close may take (5s)')
            [CompletionResult]::new('--tcp-keepalive', '--tcp-keepalive', [CompletionResultType]::ParameterName, 'TCP keepalives at that interval (off)')
            [CompletionResult]::new('--heartbeat', '--heartbeat', [CompletionResultType]::ParameterName, 'Quiet time after which a heartbeat goes out (20s)')
            [CompletionResult]::new('--heartbeat-timeout', '--heartbeat-timeout', [CompletionResultType]::ParameterName, 'How long its answer may take, from when it was written (20s)')
            [CompletionResult]::new('--heartbeat-clock', '--heartbeat-clock', [CompletionResultType]::ParameterName, 'idle: each sign of life restarts the timer; fixed: one each interval (idle)')
            [CompletionResult]::new('--heartbeat-send', '--heartbeat-send', [CompletionResultType]::ParameterName, 'ping, text:TEXT or hex:BYTES (ping)')
            [CompletionResult]::new('--heartbeat-answer', '--heartbeat-answer', [CompletionResultType]::ParameterName, 'What settles it: any, match, text:TEXT, regex:REGEX or none (any)')
            [CompletionResult]::new('--heartbeat-misses', '--heartbeat-misses', [CompletionResultType]::ParameterName, 'How many unanswered in a row make a drop (1)')
            [CompletionResult]::new('--heartbeat-preset', '--heartbeat-preset', [CompletionResultType]::ParameterName, 'Payload, answer and times of a known client; a flag given by hand beats it')
            [CompletionResult]::new('--reconnect', '--reconnect', [CompletionResultType]::ParameterName, 'Connect again after a drop, N times at most')
            [CompletionResult]::new('--reconnect-delay', '--reconnect-delay', [CompletionResultType]::ParameterName, 'The first wait before a reconnect (1s)')
            [CompletionResult]::new('--reconnect-max-delay', '--reconnect-max-delay', [CompletionResultType]::ParameterName, 'The longest wait before a reconnect (30s)')
            [CompletionResult]::new('--min-uptime', '--min-uptime', [CompletionResultType]::ParameterName, 'How long a connection must stay up before the waits start anew (5s)')
            [CompletionResult]::new('--reconnect-profile', '--reconnect-profile', [CompletionResultType]::ParameterName, 'How the waits grow: a known client''s way, or FILE.toml (full-jitter)')
            [CompletionResult]::new('--farewell', '--farewell', [CompletionResultType]::ParameterName, 'A message that announces the drop (known products'' own)')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Make jitter and chance repeatable')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colours; auto: at a terminal, unless NO_COLOR is set')
            [CompletionResult]::new('--timestamps', '--timestamps', [CompletionResultType]::ParameterName, 'The time before a line: none, seconds since the start, or the clock''s')
            [CompletionResult]::new('--ready', '--ready', [CompletionResultType]::ParameterName, 'Try again until healthy, or --timeout')
            [CompletionResult]::new('-L', '-L ', [CompletionResultType]::ParameterName, 'Follow redirects (browsers never do)')
            [CompletionResult]::new('--location', '--location', [CompletionResultType]::ParameterName, 'Follow redirects (browsers never do)')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Go on with a certificate that is not trusted')
            [CompletionResult]::new('--insecure', '--insecure', [CompletionResultType]::ParameterName, 'Go on with a certificate that is not trusted')
            [CompletionResult]::new('--no-sni', '--no-sni', [CompletionResultType]::ParameterName, 'Send no server name in the TLS handshake')
            [CompletionResult]::new('-4', '-4', [CompletionResultType]::ParameterName, 'IPv4 only')
            [CompletionResult]::new('-6', '-6', [CompletionResultType]::ParameterName, 'IPv6 only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show more: -v heads and heartbeats, -vv every frame, -vvv hex')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Show less: probe nothing when healthy, serve its address only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Show less: probe nothing when healthy, serve its address only')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Events as JSON Lines on stdout, and nothing else there')
            [CompletionResult]::new('--no-redact', '--no-redact', [CompletionResultType]::ParameterName, 'Show secrets: Authorization, cookies, token-like query values')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wscope;serve' {
            [CompletionResult]::new('--mode', '--mode', [CompletionResultType]::ParameterName, 'echo, broadcast, silent, source, sink, script=FILE')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Messages a second that source and /stream send (1)')
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'Bytes of a message that source and /stream send (64)')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Messages that source sends, then Close 1000 (without end)')
            [CompletionResult]::new('--fault', '--fault', [CompletionResultType]::ParameterName, 'Do that wrong on purpose, for every client (repeat)')
            [CompletionResult]::new('--fault-chance', '--fault-chance', [CompletionResultType]::ParameterName, 'How likely a connection is to get the faults, from 0 to 1 (1)')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Make chance and jitter repeatable')
            [CompletionResult]::new('--ca-out', '--ca-out', [CompletionResultType]::ParameterName, 'Write the CA of that certificate there, as PEM')
            [CompletionResult]::new('--cert', '--cert', [CompletionResultType]::ParameterName, 'Speak TLS with that certificate chain, as PEM')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'The key of that certificate, as PEM')
            [CompletionResult]::new('--client-ca', '--client-ca', [CompletionResultType]::ParameterName, 'Take only clients with a certificate of that CA, as PEM')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Agree on the client''s first subprotocol that is among these (repeat)')
            [CompletionResult]::new('--subprotocol', '--subprotocol', [CompletionResultType]::ParameterName, 'Agree on the client''s first subprotocol that is among these (repeat)')
            [CompletionResult]::new('--allow-origin', '--allow-origin', [CompletionResultType]::ParameterName, 'Answer other origins with 403; no Origin passes (repeat)')
            [CompletionResult]::new('--auth', '--auth', [CompletionResultType]::ParameterName, 'Ask for these credentials, for the page too: USER:PASS, @FILE or env:NAME')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'Put that into every 101: ''Name: value'', @FILE or env:NAME (repeat)')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'Put that into every 101: ''Name: value'', @FILE or env:NAME (repeat)')
            [CompletionResult]::new('--max-message', '--max-message', [CompletionResultType]::ParameterName, 'The largest message that is taken; beyond it Close 1009 (64MiB)')
            [CompletionResult]::new('--max-connections', '--max-connections', [CompletionResultType]::ParameterName, 'Answer more open connections than that with 503')
            [CompletionResult]::new('--duration', '--duration', [CompletionResultType]::ParameterName, 'Stop after that long, as if interrupted')
            [CompletionResult]::new('--heartbeat', '--heartbeat', [CompletionResultType]::ParameterName, 'Quiet time after which a heartbeat goes out (20s)')
            [CompletionResult]::new('--heartbeat-timeout', '--heartbeat-timeout', [CompletionResultType]::ParameterName, 'How long its answer may take, from when it was written (20s)')
            [CompletionResult]::new('--heartbeat-clock', '--heartbeat-clock', [CompletionResultType]::ParameterName, 'idle: each sign of life restarts the timer; fixed: one each interval (idle)')
            [CompletionResult]::new('--heartbeat-send', '--heartbeat-send', [CompletionResultType]::ParameterName, 'ping, text:TEXT or hex:BYTES (ping)')
            [CompletionResult]::new('--heartbeat-answer', '--heartbeat-answer', [CompletionResultType]::ParameterName, 'What settles it: any, match, text:TEXT, regex:REGEX or none (any)')
            [CompletionResult]::new('--heartbeat-misses', '--heartbeat-misses', [CompletionResultType]::ParameterName, 'How many unanswered in a row make a drop (1)')
            [CompletionResult]::new('--heartbeat-preset', '--heartbeat-preset', [CompletionResultType]::ParameterName, 'Payload, answer and times of a known client; a flag given by hand beats it')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colours; auto: at a terminal, unless NO_COLOR is set')
            [CompletionResult]::new('--timestamps', '--timestamps', [CompletionResultType]::ParameterName, 'The time before a line: none, seconds since the start, or the clock''s')
            [CompletionResult]::new('--tls', '--tls', [CompletionResultType]::ParameterName, 'Speak TLS, with a certificate made on the spot')
            [CompletionResult]::new('--allow-hixie', '--allow-hixie', [CompletionResultType]::ParameterName, 'Answer clients of the drafts hixie-75 and hixie-76, with an echo')
            [CompletionResult]::new('--oneshot', '--oneshot', [CompletionResultType]::ParameterName, 'Take one connection, then exit')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show more: -v heads and heartbeats, -vv every frame, -vvv hex')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Show less: probe nothing when healthy, serve its address only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Show less: probe nothing when healthy, serve its address only')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Events as JSON Lines on stdout, and nothing else there')
            [CompletionResult]::new('--no-redact', '--no-redact', [CompletionResultType]::ParameterName, 'Show secrets: Authorization, cookies, token-like query values')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wscope;explain' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wscope;completions' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'wscope;man' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
