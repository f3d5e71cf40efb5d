"""A mail server for tests: smtpd.py PORT MODE CERTIFICATE KEY FILE.

MODE is starttls, tls or plain. With starttls and tls a login is required: user `twinseal`, password `the password`. It
writes each mail as a line of JSON to FILE, and every login that was tried. Recipients at nobody.example are refused.
"""

import json
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

port, mode, certificate, key, file = sys.argv[1:]


def write(**what):
    with open(file, "a", encoding="utf-8") as out:
        out.write(json.dumps(what) + "\n")


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.endswith("@nobody.example"):
            return "550 5.1.1 no such user"
        if address.endswith("@later.example"):
            return "450 4.2.0 greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        write(to=envelope.rcpt_tos, mail=envelope.content.decode("utf-8"), tls=session.ssl is not None or mode == "tls")
        return "250 OK"


def login(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"twinseal", b"the password")
    write(login=mechanism, good=good)
    return AuthResult(success=good, handled=good)


context = None
if mode != "plain":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
options = {"authenticator": login, "auth_required": mode != "plain"}
if mode == "starttls":
    options |= {"tls_context": context, "require_starttls": True}
elif mode == "tls":
    options |= {"ssl_context": context, "auth_require_tls": False}
else:
    options |= {"auth_require_tls": False}
controller = Controller(Handler(), hostname="127.0.0.1", port=int(port), **options)
controller.start()
print("ready", flush=True)
sys.stdin.read()
controller.stop()
