"""Access tokens: what flask-jwt-extended is used for, and the checks it leaves to us.

ES256, ten minutes, a `kid` from our ring, and every claim required: the library itself accepts a
token without `exp`, `jti` or `type` when the signature is right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask_jwt_extended import JWTManager, create_access_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import InvalidTokenError, PyJWTError

from hub_api.errors import Unauthenticated

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec
    from flask import Flask

    from hub_api.crypto import TokenKeys
    from hub_api.settings import Settings

ISSUER = "mockingbird-hub"
AUDIENCE = "mockingbird-hub-api"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - the media type of RFC 9068
REQUIRED_CLAIMS = ("exp", "iat", "nbf", "iss", "aud", "sub", "sid", "jti", "type")


def init_app(app: Flask, settings: Settings, keys: TokenKeys) -> None:
    """Set the library up for one algorithm, one issuer, one audience and our key ring."""
    app.config.update(
        JWT_ALGORITHM="ES256",
        JWT_DECODE_ALGORITHMS=["ES256"],
        JWT_ENCODE_ISSUER=ISSUER,
        JWT_DECODE_ISSUER=ISSUER,
        JWT_ENCODE_AUDIENCE=AUDIENCE,
        JWT_DECODE_AUDIENCE=AUDIENCE,
        JWT_ACCESS_TOKEN_EXPIRES=settings.access_token_lifetime,
    )
    manager = JWTManager(app)

    @manager.encode_key_loader
    def _signing_key(_identity: str) -> ec.EllipticCurvePrivateKey:
        return keys.signing_key

    @manager.additional_headers_loader
    def _headers(_identity: str) -> dict[str, str]:
        return {"kid": keys.current, "typ": TOKEN_TYPE}

    @manager.decode_key_loader
    def _verifying_key(header: dict[str, Any], claims: dict[str, Any]) -> ec.EllipticCurvePublicKey:
        """Runs on the token as it was sent, before the library fills in what is missing."""
        if header.get("typ") != TOKEN_TYPE or any(claims.get(c) is None for c in REQUIRED_CLAIMS):
            raise InvalidTokenError("not an access token of this hub")
        if claims["type"] != "access":
            raise InvalidTokenError("not an access token")
        key = keys.verifying_key(header.get("kid"))
        if key is None:
            raise InvalidTokenError("unknown key")
        return key


def issue_access_token(account_id: UUID, session_id: UUID) -> str:
    """A signed access token for one session of one account."""
    token: str = create_access_token(
        identity=str(account_id), additional_claims={"sid": str(session_id)}
    )
    return token


def read_access_token(authorization: str) -> tuple[UUID, UUID]:
    """The account and session named by an `Authorization` header.

    The header is read here because the library accepts lists of schemes and stumbles over odd ones.
    Raises `Unauthenticated` whatever is wrong, without saying what.
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated
    try:
        claims = decode_token(token)
        return UUID(claims["sub"]), UUID(claims["sid"])
    except (
        JWTExtendedException,
        PyJWTError,
        ValueError,
        AttributeError,
        TypeError,
        RecursionError,
    ):
        raise Unauthenticated from None
