"""A mail server (aiosmtpd) on loopback, in a thread of the test's.

    server = mail_server(tls="starttls", user=("ops", "secret"))
    ... server.url ...
    assert [m["subject"] for m in server.mails] == [...]

TLS is "starttls", "implicit" or None.  ANSWERS: {"RCPT": "550 ...", "DATA": "451 ...", ...} instead of
taking it; "hang" as an answer stays silent.
"""
import asyncio
import email
import email.policy
import ssl
from contextlib import ExitStack

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Handler:
    """What the server does with what it is told."""

    def __init__(self, answers, implicit):
        self.answers, self.implicit = answers, implicit
        self.mails, self.logins, self.commands = [], [], []

    async def answer(self, command, usual):
        self.commands.append(command)
        answer = self.answers.get(command, usual)
        if answer == "hang":
            await asyncio.sleep(120)
        return answer

    async def handle_MAIL(self, server, session, envelope, address, options):
        envelope.mail_from = address
        return await self.answer("MAIL", "250 OK")

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = await self.answer(f"RCPT {address}", None) or await self.answer("RCPT", "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        answer = await self.answer("DATA", "250 OK")
        if answer.startswith("250"):
            mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
            self.mails.append({
                "from": envelope.mail_from, "to": envelope.rcpt_tos, "subject": mail["subject"],
                "text": mail.get_content().replace("\r\n", "\n"), "id": mail["message-id"], "mail": mail,
                "raw": envelope.content, "tls": self.implicit or session.ssl is not None, "login": session.auth_data})
        return answer

    async def handle_QUIT(self, server, session, envelope):
        return await self.answer("QUIT", "221 Bye")


class MailServer(Controller):
    def __init__(self, certificate=None, tls=None, user=None, answers=None, **options):
        context = None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
        self.tls, self.user, self.options = tls, user, options
        self.context = context if tls == "starttls" else None
        super().__init__(Handler(answers or {}, tls == "implicit"), hostname="127.0.0.1", port=0,
                         ssl_context=context if tls == "implicit" else None)

    def factory(self):
        auth = {}
        if self.user:
            auth = {"authenticator": self.authenticate, "auth_required": True,
                    "auth_require_tls": self.tls == "starttls"}
        return SMTP(self.handler, hostname="mail.test", tls_context=self.context,
                    require_starttls=self.context is not None, timeout=120, **auth, **self.options)

    def authenticate(self, server, session, envelope, mechanism, data):
        assert isinstance(data, LoginPassword)
        login = (data.login.decode(), data.password.decode())
        self.handler.logins.append((mechanism, *login))
        return AuthResult(success=login == self.user, handled=False, message=self.handler.answers.get("AUTH"),
                          auth_data=login[0])

    def _trigger_server(self):
        """aiosmtpd connects to itself to see whether it works, by the port it was given: 0."""
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()

    @property
    def url(self):
        return f"{'smtps' if self.tls == 'implicit' else 'smtp'}://127.0.0.1:{self.port}"

    @property
    def mails(self):
        return self.handler.mails


@pytest.fixture
def mail_server(certificates):
    """mail_server(tls=..., user=(name, password), answers={...}, certificate=...)"""
    with ExitStack() as servers:
        def make(tls=None, certificate=None, **options):
            server = MailServer(tls=tls, certificate=certificate or (tls and certificates.good),
                                **options)
            server.start()
            servers.callback(server.stop)
            return server
        yield make
