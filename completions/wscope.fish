# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_wscope_global_optspecs
    string join \n h/help V/version
end

function __fish_wscope_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_wscope_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_wscope_using_subcommand
    set -l cmd (__fish_wscope_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c wscope -n "__fish_wscope_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wscope -n "__fish_wscope_needs_command" -s V -l version -d 'Print version'
complete -c wscope -n "__fish_wscope_needs_command" -f -a "connect" -d 'Talk: by hand at a terminal, as a pipe otherwise'
complete -c wscope -n "__fish_wscope_needs_command" -f -a "probe" -d 'Examine an endpoint: one verdict, one exit code, in a bounded time'
complete -c wscope -n "__fish_wscope_needs_command" -f -a "serve" -d 'Be the server, with faults on demand'
complete -c wscope -n "__fish_wscope_needs_command" -f -a "explain" -d 'Tell what a finding, a close code, a status or a setting means'
complete -c wscope -n "__fish_wscope_needs_command" -f -a "completions" -d 'Write the completions of a shell to stdout'
complete -c wscope -n "__fish_wscope_needs_command" -f -a "man" -d 'Write the man page to stdout'
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l demo -d 'Talk to wscope\'s own server, with FAULT if given' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -s x -l execute -d 'Send that first, and after each reconnect (repeat)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -s w -l wait -d 'Leave after that long without a message (1s)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l timeout -d 'Bound the whole run, exit code 124 (off)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l max-messages -d 'Leave after that many messages' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l close-code -d 'The code of our Close (1000)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l close-reason -d 'The reason in our Close, 123 bytes at most' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l delay -d 'Pause between two lines (none)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l on-bad -d 'What follows a line that is no message: the end with exit code 1, or the next line' -r -f -a "stop\t''
skip\t''"
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l queue -d 'Lines that wait for a reconnect at most; more are refused (1000)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l history -d 'Where typed lines are kept, instead of the platform\'s data folder' -r -F
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l pretty -d 'JSON on lines of its own; auto: when it does not fit one' -r -f -a "auto\t''
on\t''
off\t''"
complete -c wscope -n "__fish_wscope_using_subcommand connect" -s H -l header -d '\'Name: value\' in the request; @FILE (repeat)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -s o -l origin -d 'The Origin header, as a browser would send it' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l host -d 'The Host header, instead of the URL\'s' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l user-agent -d 'The User-Agent header' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l cookie -d 'A cookie, name=value; @FILE, env:NAME (repeat)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -s s -l subprotocol -d 'Offer a subprotocol (repeat)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l auth -d 'Basic authentication; asks if PASS is missing' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l bearer -d 'Authorization: Bearer TOKEN; @FILE, env:NAME' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l max-redirects -d 'Redirects that -L follows at most' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l ca -d 'Trust these certificates (PEM or DER) instead of the system\'s' -r -F
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l sni -d 'The server name of the TLS handshake, instead of the URL\'s host' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l resolve -d 'Use that address for HOST:PORT instead of looking it up (repeat)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l bind -d 'Connect from that local address' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l unix-socket -d 'Connect to that Unix socket; the URL only names the host and path' -r -F
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l max-message -d 'The largest message that is taken, in bytes; k, M, G and KiB, MiB, GiB are units of 1024' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l fault -d 'Do that wrong on purpose, as a client may: no-pong, close=4001, ... (repeat)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l rules -d 'Causes of your own for what your servers answer' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l connect-timeout -d 'Name, TCP, TLS and upgrade together (10s)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l close-timeout -d 'How long the answer to our Close may take (5s)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l tcp-keepalive -d 'TCP keepalives at that interval (off)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l heartbeat -d 'Quiet time after which a heartbeat goes out (20s)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l heartbeat-timeout -d 'How long its answer may take, from when it was written (20s)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l heartbeat-clock -d 'idle: each sign of life restarts the timer; fixed: one each interval (idle)' -r -f -a "idle\t''
fixed\t''"
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l heartbeat-send -d 'ping, text:TEXT, hex:BYTES, auto or a preset\'s name (ping)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l heartbeat-answer -d 'What settles it: any, match, text:TEXT, regex:REGEX or none (any)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l heartbeat-misses -d 'How many unanswered in a row make a drop (1)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l heartbeat-preset -d 'Payload, answer and times of a known server or client; a flag given by hand beats it' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l heartbeat-file -d 'More presets, in TOML (docs/heartbeats.md); of the same name the file\'s stands' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l reconnect -d 'Connect again after a drop, N times at most' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l reconnect-delay -d 'The first wait before a reconnect (1s)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l reconnect-max-delay -d 'The longest wait before a reconnect (30s)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l min-uptime -d 'How long a connection must stay up before the waits start anew (5s)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l reconnect-profile -d 'How the waits grow: a known client\'s way, or FILE.toml (full-jitter)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l farewell -d 'A message that announces the drop (known products\' own)' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l seed -d 'Make jitter and chance repeatable' -r
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l color -d 'Colours; auto: at a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l timestamps -d 'The time before a line: none, seconds since the start, or the clock\'s' -r -f -a "none\t''
relative\t''
wall\t''"
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l record -d 'Keep every event of the run in that file, as JSON Lines' -r -F
complete -c wscope -n "__fish_wscope_using_subcommand connect" -s 1 -l one-message -d 'Leave after one message'
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l echo -d 'Answer each message with itself'
complete -c wscope -n "__fish_wscope_using_subcommand connect" -s t -l text -d 'A line is a text message (this is the default)'
complete -c wscope -n "__fish_wscope_using_subcommand connect" -s b -l binary -d 'What is read is a binary message, 64 KiB at most'
complete -c wscope -n "__fish_wscope_using_subcommand connect" -s 0 -l null -d 'What ends at a NUL is a text message, here and on stdout'
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l hex -d 'A line of hex digits is a binary message'
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l base64 -d 'A line of base64 is a binary message'
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l whole -d 'All of stdin is one message, binary if it is not UTF-8'
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l commands -d 'A line is a command: {"send":"text"}, {"ping":""}, ...'
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l lockstep -d 'Send the next line when a message has come'
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l no-slash -d 'No commands: a line that begins with a slash is a message too'
complete -c wscope -n "__fish_wscope_using_subcommand connect" -s L -l location -d 'Follow redirects (browsers never do)'
complete -c wscope -n "__fish_wscope_using_subcommand connect" -s k -l insecure -d 'Go on with a certificate that is not trusted'
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l no-sni -d 'Send no server name in the TLS handshake'
complete -c wscope -n "__fish_wscope_using_subcommand connect" -s 4 -d 'IPv4 only'
complete -c wscope -n "__fish_wscope_using_subcommand connect" -s 6 -d 'IPv6 only'
complete -c wscope -n "__fish_wscope_using_subcommand connect" -s v -d 'Show more: -v heads and heartbeats, -vv every frame, -vvv hex'
complete -c wscope -n "__fish_wscope_using_subcommand connect" -s q -l quiet -d 'Show less: only what failed; serve: only its address'
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l json -d 'Events as JSON Lines on stdout, and nothing else there'
complete -c wscope -n "__fish_wscope_using_subcommand connect" -l no-redact -d 'Show secrets: Authorization, cookies, token-like query values'
complete -c wscope -n "__fish_wscope_using_subcommand connect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l demo -d 'Examine wscope\'s own server, with FAULT if given' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l timeout -d 'Bound the whole run (30s, plus --hold)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -s n -l count -d 'Measure that many pings (5)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l interval -d 'Pause between measured pings (200ms)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l hold -d 'Stay connected that long; every drop is reported' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l max-drops -d 'Drops that --hold forgives (0)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -s x -l execute -d 'Send a text message once open (repeat)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l expect -d 'What must come back: a regex, or json:/ptr=value' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -s w -l wait -d 'How long --expect may take (5s)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l fail-on -d 'Which findings fail a run: error, warning or note (error)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l idle-max -d 'How long --idle waits (2m30s)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l compare -d 'The socket, long polling and short polling side by side' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l compare-socket -d 'The socket\'s URL, if it is not /stream there' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l compare-long-poll -d 'The URL of long polling, if it is not /long-poll there' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l compare-poll -d 'The URL of short polling, if it is not /poll there' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l compare-interval -d 'The pause of short polling (2s)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l compare-for -d 'How long all three listen (10s)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -s H -l header -d '\'Name: value\' in the request; @FILE (repeat)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -s o -l origin -d 'The Origin header, as a browser would send it' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l host -d 'The Host header, instead of the URL\'s' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l user-agent -d 'The User-Agent header' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l cookie -d 'A cookie, name=value; @FILE, env:NAME (repeat)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -s s -l subprotocol -d 'Offer a subprotocol (repeat)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l auth -d 'Basic authentication; asks if PASS is missing' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l bearer -d 'Authorization: Bearer TOKEN; @FILE, env:NAME' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l max-redirects -d 'Redirects that -L follows at most' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l ca -d 'Trust these certificates (PEM or DER) instead of the system\'s' -r -F
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l sni -d 'The server name of the TLS handshake, instead of the URL\'s host' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l resolve -d 'Use that address for HOST:PORT instead of looking it up (repeat)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l bind -d 'Connect from that local address' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l unix-socket -d 'Connect to that Unix socket; the URL only names the host and path' -r -F
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l max-message -d 'The largest message that is taken, in bytes; k, M, G and KiB, MiB, GiB are units of 1024' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l fault -d 'Do that wrong on purpose, as a client may: no-pong, close=4001, ... (repeat)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l rules -d 'Causes of your own for what your servers answer' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l connect-timeout -d 'Name, TCP, TLS and upgrade together (10s)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l close-timeout -d 'How long the answer to our Close may take (5s)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l tcp-keepalive -d 'TCP keepalives at that interval (off)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l heartbeat -d 'Quiet time after which a heartbeat goes out (20s)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l heartbeat-timeout -d 'How long its answer may take, from when it was written (20s)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l heartbeat-clock -d 'idle: each sign of life restarts the timer; fixed: one each interval (idle)' -r -f -a "idle\t''
fixed\t''"
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l heartbeat-send -d 'ping, text:TEXT, hex:BYTES, auto or a preset\'s name (ping)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l heartbeat-answer -d 'What settles it: any, match, text:TEXT, regex:REGEX or none (any)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l heartbeat-misses -d 'How many unanswered in a row make a drop (1)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l heartbeat-preset -d 'Payload, answer and times of a known server or client; a flag given by hand beats it' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l heartbeat-file -d 'More presets, in TOML (docs/heartbeats.md); of the same name the file\'s stands' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l reconnect -d 'Connect again after a drop, N times at most' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l reconnect-delay -d 'The first wait before a reconnect (1s)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l reconnect-max-delay -d 'The longest wait before a reconnect (30s)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l min-uptime -d 'How long a connection must stay up before the waits start anew (5s)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l reconnect-profile -d 'How the waits grow: a known client\'s way, or FILE.toml (full-jitter)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l farewell -d 'A message that announces the drop (known products\' own)' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l seed -d 'Make jitter and chance repeatable' -r
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l color -d 'Colours; auto: at a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l timestamps -d 'The time before a line: none, seconds since the start, or the clock\'s' -r -f -a "none\t''
relative\t''
wall\t''"
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l record -d 'Keep every event of the run in that file, as JSON Lines' -r -F
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l ready -d 'Try again until healthy, or --timeout'
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l deep -d 'Examine the server from all sides; a table of checks'
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l strict -d 'With --deep: break the rules too, and judge the answer'
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l idle -d 'Find how long silence lives, and what keeps it alive'
complete -c wscope -n "__fish_wscope_using_subcommand probe" -s L -l location -d 'Follow redirects (browsers never do)'
complete -c wscope -n "__fish_wscope_using_subcommand probe" -s k -l insecure -d 'Go on with a certificate that is not trusted'
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l no-sni -d 'Send no server name in the TLS handshake'
complete -c wscope -n "__fish_wscope_using_subcommand probe" -s 4 -d 'IPv4 only'
complete -c wscope -n "__fish_wscope_using_subcommand probe" -s 6 -d 'IPv6 only'
complete -c wscope -n "__fish_wscope_using_subcommand probe" -s v -d 'Show more: -v heads and heartbeats, -vv every frame, -vvv hex'
complete -c wscope -n "__fish_wscope_using_subcommand probe" -s q -l quiet -d 'Show less: only what failed; serve: only its address'
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l json -d 'Events as JSON Lines on stdout, and nothing else there'
complete -c wscope -n "__fish_wscope_using_subcommand probe" -l no-redact -d 'Show secrets: Authorization, cookies, token-like query values'
complete -c wscope -n "__fish_wscope_using_subcommand probe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l mode -d 'echo, broadcast, silent, source, sink, script=FILE' -r
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l rate -d 'Messages a second that source and /stream send (1)' -r
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l size -d 'Bytes of a message that source and /stream send (64)' -r
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l count -d 'Messages that source sends, then Close 1000 (without end)' -r
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l fault -d 'Do that wrong on purpose, for every client (repeat)' -r
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l fault-chance -d 'How likely a connection is to get the faults, from 0 to 1 (1)' -r
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l seed -d 'Make chance and jitter repeatable' -r
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l ca-out -d 'Write the CA of that certificate there, as PEM' -r -F
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l cert -d 'Speak TLS with that certificate chain, as PEM' -r -F
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l key -d 'The key of that certificate, as PEM' -r -F
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l client-ca -d 'Take only clients with a certificate of that CA, as PEM' -r -F
complete -c wscope -n "__fish_wscope_using_subcommand serve" -s s -l subprotocol -d 'Agree on the client\'s first subprotocol that is among these (repeat)' -r
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l allow-origin -d 'Answer other origins with 403; no Origin passes (repeat)' -r
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l auth -d 'Ask for these credentials, for the page too: USER:PASS, @FILE or env:NAME' -r
complete -c wscope -n "__fish_wscope_using_subcommand serve" -s H -l header -d 'Put that into every 101: \'Name: value\', @FILE or env:NAME (repeat)' -r
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l max-message -d 'The largest message that is taken; beyond it Close 1009 (64MiB)' -r
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l max-connections -d 'Answer more open connections than that with 503' -r
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l duration -d 'Stop after that long, as if interrupted' -r
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l heartbeat -d 'Quiet time after which a heartbeat goes out (20s)' -r
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l heartbeat-timeout -d 'How long its answer may take, from when it was written (20s)' -r
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l heartbeat-clock -d 'idle: each sign of life restarts the timer; fixed: one each interval (idle)' -r -f -a "idle\t''
fixed\t''"
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l heartbeat-send -d 'ping, text:TEXT, hex:BYTES, auto or a preset\'s name (ping)' -r
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l heartbeat-answer -d 'What settles it: any, match, text:TEXT, regex:REGEX or none (any)' -r
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l heartbeat-misses -d 'How many unanswered in a row make a drop (1)' -r
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l heartbeat-preset -d 'Payload, answer and times of a known server or client; a flag given by hand beats it' -r
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l heartbeat-file -d 'More presets, in TOML (docs/heartbeats.md); of the same name the file\'s stands' -r
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l color -d 'Colours; auto: at a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l timestamps -d 'The time before a line: none, seconds since the start, or the clock\'s' -r -f -a "none\t''
relative\t''
wall\t''"
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l record -d 'Keep every event of the run in that file, as JSON Lines' -r -F
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l tls -d 'Speak TLS, with a certificate made on the spot'
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l allow-hixie -d 'Answer clients of the drafts hixie-75 and hixie-76, with an echo'
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l oneshot -d 'Take one connection, then exit'
complete -c wscope -n "__fish_wscope_using_subcommand serve" -s v -d 'Show more: -v heads and heartbeats, -vv every frame, -vvv hex'
complete -c wscope -n "__fish_wscope_using_subcommand serve" -s q -l quiet -d 'Show less: only what failed; serve: only its address'
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l json -d 'Events as JSON Lines on stdout, and nothing else there'
complete -c wscope -n "__fish_wscope_using_subcommand serve" -l no-redact -d 'Show secrets: Authorization, cookies, token-like query values'
complete -c wscope -n "__fish_wscope_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wscope -n "__fish_wscope_using_subcommand explain" -l product -d 'Whose close code it is, such as discord' -r
complete -c wscope -n "__fish_wscope_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wscope -n "__fish_wscope_using_subcommand completions" -s h -l help -d 'Print help'
complete -c wscope -n "__fish_wscope_using_subcommand man" -s h -l help -d 'Print help'
