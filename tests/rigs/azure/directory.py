"""A directory of Azure on this machine, over TLS, which gives service principals their tokens.

azure-identity goes there where `AZURE_AUTHORITY_HOST` names it.
"""

import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

import trustme

from tests.rigs.azure.identity import LIFETIME_SECONDS, TENANT, token

CLIENT = "44444444-4444-4444-4444-444444444444"
SECRET = "directory-canary-0123456789"


class Certificates:
    """Certificates of this machine's servers, by an authority of their own.

    Args:
        directory: Where they lie.
    """

    def __init__(self, directory: Path) -> None:
        authority = trustme.CA()
        self.authority = directory / "authority.pem"
        self.certificate = directory / "server.pem"
        self.key = directory / "server.key"
        issued = authority.issue_cert("127.0.0.1", "localhost")
        authority.cert_pem.write_to_path(self.authority)
        issued.private_key_pem.write_to_path(self.key)
        for at, part in enumerate(issued.cert_chain_pems):
            part.write_to_path(self.certificate, append=at > 0)

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which clients trust them: those of OpenSSL and Rust, and of requests."""
        return {"SSL_CERT_FILE": str(self.authority), "REQUESTS_CA_BUNDLE": str(self.authority)}


class Directory:
    """Serves the tokens of one service principal on a free port; a context manager.

    Attributes:
        endpoint: Its address.
        scopes: What tokens were asked for, in order.
    """

    def __init__(self, certificates: Certificates) -> None:
        self.scopes: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                """Tell where tokens are."""
                root = f"{outer.endpoint}/{TENANT}"
                self._answer(
                    200,
                    {
                        "issuer": f"{root}/v2.0",
                        "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
                        "token_endpoint": f"{root}/oauth2/v2.0/token",
                    },
                )

            def do_POST(self) -> None:
                """Give a token to whoever has the secret."""
                size = int(self.headers.get("Content-Length") or 0)
                asked = {k: v[0] for k, v in parse_qs(self.rfile.read(size).decode()).items()}
                if (asked.get("client_id"), asked.get("client_secret")) != (CLIENT, SECRET):
                    told = "AADSTS7000215: Invalid client secret provided."
                    self._answer(401, {"error": "invalid_client", "error_description": told})
                    return
                outer.scopes.append(asked["scope"])
                audience = asked["scope"].removesuffix("/.default")
                expires = int(time.time()) + LIFETIME_SECONDS
                self._answer(
                    200,
                    {
                        "access_token": token(audience, expires, CLIENT),
                        "expires_in": LIFETIME_SECONDS,
                        "token_type": "Bearer",
                    },
                )

            def _answer(self, status: int, content: dict[str, Any]) -> None:
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.certificate, certificates.key)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.endpoint = f"https://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
