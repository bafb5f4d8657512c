"""Access tokens: flask-jwt-extended writes them, PyJWT reads them under our stricter rules.

ES256, ten minutes, a `kid` from our ring, and every claim required: flask-jwt-extended itself would
accept a token without `exp`, `jti` or `type` when the signature is right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import jwt
from flask import current_app
from flask_jwt_extended import JWTManager, create_access_token
from jwt.exceptions import InvalidTokenError, PyJWTError

from hub_api.errors import Unauthenticated

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec
    from flask import Flask

    from hub_api.settings import Settings
    from hub_api.token_keys import TokenRing

ISSUER = "mockingbird-hub"
AUDIENCE = "mockingbird-hub-api"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - the media type of RFC 9068
ALGORITHM = "ES256"
REQUIRED_CLAIMS = ["exp", "iat", "nbf", "iss", "aud", "sub", "sid", "jti", "type"]


def init_app(app: Flask, settings: Settings, ring: TokenRing) -> None:
    """Set the library up for one algorithm, one issuer, one audience and our key ring."""
    app.config.update(
        JWT_ALGORITHM=ALGORITHM,
        JWT_ENCODE_ISSUER=ISSUER,
        JWT_ENCODE_AUDIENCE=AUDIENCE,
        JWT_ACCESS_TOKEN_EXPIRES=settings.access_token_lifetime,
    )
    app.extensions["hub-token-ring"] = ring
    manager = JWTManager(app)

    @manager.encode_key_loader
    def _signing_key(_identity: str) -> ec.EllipticCurvePrivateKey:
        return ring.current().signing_key

    @manager.additional_headers_loader
    def _headers(_identity: str) -> dict[str, str]:
        return {"kid": ring.current().current, "typ": TOKEN_TYPE}


def issue_access_token(account_id: UUID, session_id: UUID) -> str:
    """A signed access token for one session of one account."""
    token: str = create_access_token(
        identity=str(account_id), additional_claims={"sid": str(session_id)}
    )
    return token


def read_access_token(authorization: str) -> tuple[UUID, UUID]:
    """The account and session named by an `Authorization` header.

    Read by PyJWT alone: flask-jwt-extended accepts lists of schemes, fills in claims that are
    missing, and takes three times as long. Raises `Unauthenticated` whatever is wrong, without
    saying what.
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated
    try:
        found = _JWT.decode_complete(
            token,
            _key_of(token),
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={"require": REQUIRED_CLAIMS},
        )
        claims = found["payload"]
        if claims["type"] != "access" or found["header"].get("typ") != TOKEN_TYPE:
            raise Unauthenticated
        return UUID(claims["sub"]), UUID(claims["sid"])
    except (PyJWTError, ValueError, AttributeError, TypeError, RecursionError):
        raise Unauthenticated from None


_JWT = jwt.PyJWT()


def _key_of(token: str) -> ec.EllipticCurvePublicKey:
    """The public key of our ring that a token says it is signed with."""
    ring: TokenRing = current_app.extensions["hub-token-ring"]
    key = ring.verifying_key(jwt.get_unverified_header(token).get("kid"))
    if key is None:
        raise InvalidTokenError("unknown key")
    return key
