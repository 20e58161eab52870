#!/usr/bin/env python3
"""A real SMTP server for the tests, on 127.0.0.1: each mail it takes is printed as a line of JSON.

Prints `ready` once it listens. The end of standard input stops it.
"""

import argparse
import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


def part_of(mail, kind):
    part = mail.get_body(preferencelist=(kind,))
    return None if part is None else part.get_content().replace("\r\n", "\n")


class PrintMails:
    def __init__(self, refuse):
        self.refuse = refuse

    async def handle_RCPT(self, server, session, envelope, address, options):
        """Two kinds of mailboxes cannot be reached: gone…@ never again, full…@ not now, or as every mail."""
        if address.startswith("gone"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("full"):
            return self.refuse or "452 4.2.2 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            return self.refuse
        mail = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        received = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": server.transport.get_extra_info("ssl_object") is not None,
            "login": session.auth_data,
            "headers": [[name, str(value)] for name, value in mail.items()],
            "text": part_of(mail, "plain"),
            "html": part_of(mail, "html"),
            "raw": envelope.original_content.decode("utf-8", "replace"),
        }
        print(json.dumps(received), flush=True)
        return "250 taken"


def authenticator(username, password):
    def authenticate(server, session, envelope, mechanism, data):
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (username.encode(), password.encode())
        return AuthResult(success=good, handled=False, auth_data=username if good else None)

    return authenticate


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
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
            # aiosmtpd only knows the TLS that STARTTLS made.
            "auth_require_tls": options.tls == "starttls",
        }
    handler = PrintMails(options.refuse)
    await loop.create_server(
        lambda: SMTP(handler, loop=loop, **smtp_options),
        host="127.0.0.1",
        port=options.port,
        ssl=tls if options.tls == "implicit" else None,
    )
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(arguments()))
