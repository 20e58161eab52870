#!/usr/bin/env python3
"""A real SMTP server for the tests: each mail it takes becomes a file in a folder.

Prints `ready` once it listens and `mail PATH` for each mail, after the file is whole. A line on standard input, or its
end, stops it.
"""

import argparse
import asyncio
import itertools
import os
import ssl
import sys
import time

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class KeepMails:
    """Writes the envelope as `X-Envelope-…` lines before the mail, as it came."""

    def __init__(self, folder, refuse):
        self.folder = folder
        self.refuse = refuse
        self.numbers = itertools.count()

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            return self.refuse
        name = f"{time.time_ns():020}-{next(self.numbers):06}.eml"
        path = os.path.join(self.folder, name)
        head = [f"X-Envelope-From: {envelope.mail_from}"]
        head += [f"X-Envelope-To: {to}" for to in envelope.rcpt_tos]
        head.append(f"X-Session-Tls: {'yes' if session.ssl else 'no'}")
        head.append(f"X-Session-Login: {session.auth_data or 'none'}")
        with open(path + ".part", "wb") as file:
            file.write("\r\n".join(head).encode() + b"\r\n" + envelope.original_content)
        os.rename(path + ".part", path)
        print("mail", path, flush=True)
        return "250 kept"


def authenticator(username, password):
    def authenticate(server, session, envelope, mechanism, data):
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (username.encode(), password.encode())
        return AuthResult(success=good, handled=False, auth_data=data.login.decode() if good else None)

    return authenticate


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="on 127.0.0.1")
    parser.add_argument("--folder", required=True, help="where mails are kept, one file each")
    parser.add_argument("--tls", choices=["none", "starttls", "implicit"], default="none")
    parser.add_argument("--cert", help="PEM with the certificate, for TLS")
    parser.add_argument("--key", help="PEM with its private key")
    parser.add_argument("--login", help="USER:PASSWORD; without it nobody has to log in")
    parser.add_argument("--refuse", help="answer every mail with this line, as: 451 4.3.0 try later")
    return parser.parse_args()


async def serve(options):
    loop = asyncio.get_running_loop()
    tls = None
    if options.tls != "none":
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(options.cert, options.key)
    smtp_options = {"enable_SMTPUTF8": True, "hostname": "localhost"}
    if options.tls == "starttls":
        smtp_options |= {"tls_context": tls, "require_starttls": True}
    if options.login:
        username, _, password = options.login.partition(":")
        smtp_options |= {
            "authenticator": authenticator(username, password),
            "auth_required": True,
            "auth_require_tls": options.tls == "starttls",
        }
    handler = KeepMails(options.folder, options.refuse)
    server = await loop.create_server(
        lambda: SMTP(handler, loop=loop, **smtp_options),
        host="127.0.0.1",
        port=options.port,
        ssl=tls if options.tls == "implicit" else None,
    )
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(arguments()))
