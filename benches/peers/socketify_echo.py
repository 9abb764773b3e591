"""An echo server of `socketify` (uWebSockets), without compression. usage: python socketify_echo.py PORT"""

import sys

from socketify import App, AppListenOptions, CompressOptions

MESSAGE_MAX = 64 * 1024 * 1024

app = App()
app.ws(
    "/*",
    {
        "compression": CompressOptions.DISABLED,
        "max_payload_length": MESSAGE_MAX,
        # At the default of 64 KiB a message of 1 MB would be dropped, not sent.
        "max_backpressure": MESSAGE_MAX,
        "idle_timeout": 0,
        "message": lambda socket, message, opcode: socket.send(message, opcode),
    },
)
app.listen(AppListenOptions(port=int(sys.argv[1]), host="127.0.0.1"), lambda config: None)
app.run()
