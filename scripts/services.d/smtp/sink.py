"""A mail server for tests: keeps what it is sent, and gives it out over HTTP.

    sink.py FOLDER SMTP_PORT HTTP_PORT PASSWORD

`GET /ADDRESS` gives the mails to an address, oldest first, as a JSON list of texts. What is sent to
`later-N-…@…` is refused for now N times (451), what is sent to `never-…@…` is refused (550).
STARTTLS is offered with the certificate FOLDER/certificate.pem and key.pem, where they are there.
Whoever logs in must be `cinelog` with the password.
"""

import asyncio
import json
import os
import ssl
import sys
from collections import defaultdict
from urllib.parse import unquote

from aiosmtpd.smtp import SMTP, AuthResult

KEPT_MAX = 10_000


class Sink:
    def __init__(self):
        self.mails = defaultdict(list)
        self.refused = defaultdict(int)
        self.kept = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        kind, _, rest = address.partition("-")
        if kind == "never":
            return "550 no such mailbox here"
        if kind == "later":
            times = int(rest.partition("-")[0])
            if self.refused[address] < times:
                self.refused[address] += 1
                return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        text = envelope.content.decode("utf-8", "replace")
        for address in envelope.rcpt_tos:
            if self.kept < KEPT_MAX:
                self.kept += 1
                self.mails[address.lower()].append(text)
        return "250 OK"

    async def give(self, reader, writer):
        try:
            line = (await reader.readline()).decode()
            address = unquote(line.split(" ")[1].lstrip("/")).lower()
            body = json.dumps(self.mails.get(address, [])).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
        except (IndexError, ConnectionError):
            pass
        finally:
            writer.close()


async def main():
    folder, smtp_port, http_port, password = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    sink, tls = Sink(), None
    certificate = os.path.join(folder, "certificate.pem")
    if os.path.exists(certificate):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, os.path.join(folder, "key.pem"))

    def authenticate(server, session, envelope, mechanism, data):
        right = data.login == b"cinelog" and data.password == password.encode()
        return AuthResult(success=right)

    def session():
        return SMTP(
            sink, hostname="mail.test", tls_context=tls, authenticator=authenticate, enable_SMTPUTF8=True
        )

    loop = asyncio.get_running_loop()
    smtp = await loop.create_server(session, "127.0.0.1", smtp_port)
    http = await asyncio.start_server(sink.give, "127.0.0.1", http_port)
    await asyncio.gather(smtp.serve_forever(), http.serve_forever())


asyncio.run(main())
