"""A mail server with STARTTLS, TLS and AUTH:
smtpd.py ADDRESS PORT [--starttls CERT KEY | --tls CERT KEY]
    [--auth USER PASSWORD]

Says "ready" when it can be asked, then of each mail "TO HOW[ as USER]: SUBJECT"
with HOW one of "clear" and "tls"."""
import argparse
import asyncio
import email
import ssl

from aiosmtpd.smtp import SMTP, AuthResult

parser = argparse.ArgumentParser()
parser.add_argument("address")
parser.add_argument("port", type=int)
parser.add_argument("--starttls", nargs=2)
parser.add_argument("--tls", nargs=2)
parser.add_argument("--auth", nargs=2)
options = parser.parse_args()


def context(files):
    if not files:
        return None
    ret = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ret.load_cert_chain(*files)
    return ret


def authenticate(server, session, envelope, mechanism, data):
    given = [data.login.decode(), data.password.decode()]
    return AuthResult(success=given == options.auth, handled=False,
                      auth_data=given[0])


class Handler:
    async def handle_DATA(self, server, session, envelope):
        how = "tls" if session.ssl or options.tls else "clear"
        if session.authenticated:
            how += f" as {session.auth_data}"
        subject = email.message_from_bytes(envelope.content)["Subject"]
        for to in envelope.rcpt_tos:
            print(f"{to} {how}: {subject}", flush=True)
        return "250 2.0.0 Ok: queued as 1234"


def make_session():
    return SMTP(Handler(), tls_context=context(options.starttls),
                authenticator=authenticate if options.auth else None,
                auth_required=bool(options.auth),
                auth_require_tls=bool(options.starttls))


async def serve():
    server = await asyncio.get_running_loop().create_server(
        make_session, options.address, options.port, ssl=context(options.tls))
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(serve())
