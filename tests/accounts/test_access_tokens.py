"""Access tokens: forged, altered and misplaced ones are refused, all in the same words.

Every attack changes one thing about a token that would have been accepted.
"""

import hashlib
import hmac
import json
import random
import string
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm, get_default_algorithms
from jwt.utils import base64url_decode, base64url_encode
from uuid_utils.compat import uuid7

from hub_api import clock, token_keys, tokens
from tests.phone import Phone

ALPHABET = string.ascii_letters + string.digits + "-_"
FOREIGN_KEY = ec.generate_private_key(ec.SECP256R1())
_es256: ECAlgorithm = get_default_algorithms()["ES256"]


def public_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def public_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    return json.loads(_es256.to_jwk(key.public_key()))


def segment(part: Any) -> str:
    written = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64url_encode(written).decode()


@dataclass
class Forge:
    """Makes tokens with the hub's own keys, and with others."""

    keys: token_keys.TokenKeys
    account_id: UUID
    session_id: UUID
    other_account_id: UUID
    other_session_id: UUID
    refresh_token: str

    def header(self, **changes: Any) -> dict[str, Any]:
        return {"alg": "ES256", "typ": tokens.TOKEN_TYPE, "kid": self.keys.current, **changes}

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(clock.now().timestamp())
        return {
            "exp": now + 600,
            "iat": now,
            "nbf": now,
            "iss": tokens.ISSUER,
            "aud": tokens.AUDIENCE,
            "sub": str(self.account_id),
            "sid": str(self.session_id),
            "jti": str(uuid7()),
            "type": "access",
            "fresh": False,
            **changes,
        }

    def token(self, **changes: Any) -> str:
        return self.compact(self.header(), self.claims(**changes))

    def headed(self, **changes: Any) -> str:
        return self.compact(self.header(**changes), self.claims())

    def without(self, claim: str) -> str:
        claims = self.claims()
        del claims[claim]
        return self.compact(self.header(), claims)

    def headed_without(self, name: str) -> str:
        header = self.header()
        del header[name]
        return self.compact(header, self.claims())

    def compact(self, header: Any, claims: Any, key: Any = None) -> str:
        content = f"{segment(header)}.{segment(claims)}"
        signature = _es256.sign(content.encode(), key or self.keys.signing_key)
        return f"{content}.{base64url_encode(signature).decode()}"

    def foreign(self, **changes: Any) -> str:
        return self.compact(self.header(**changes), self.claims(), FOREIGN_KEY)

    def hmac(self, secret: bytes, **changes: Any) -> str:
        content = f"{segment(self.header(alg='HS256', **changes))}.{segment(self.claims())}"
        signature = hmac.digest(secret, content.encode(), hashlib.sha256)
        return f"{content}.{base64url_encode(signature).decode()}"

    def unsigned(self, alg: str) -> str:
        return f"{segment(self.header(alg=alg))}.{segment(self.claims())}."

    def swapped(self, **changes: Any) -> str:
        """A good token's signature under other claims."""
        header, _, signature = self.token().split(".")
        return f"{header}.{segment(self.claims(**changes))}.{signature}"


@pytest.fixture
def forge(world, settings, rows) -> Forge:
    mine, _other = world.hub_carer, world.carer
    session_of = dict(tuple(row) for row in rows("select account_id, id from sessions"))
    return Forge(
        keys=token_keys.load_token_keys(settings.keys_path),
        account_id=world.here.hub_carer,
        session_id=session_of[world.here.hub_carer],
        other_account_id=world.here.family.carer,
        other_session_id=session_of[world.here.family.carer],
        refresh_token=mine.tokens["refresh_token"],
    )


def in_seconds(seconds: int) -> int:
    return int(clock.now().timestamp()) + seconds


CLAIMS = ("exp", "iat", "nbf", "iss", "aud", "sub", "sid", "jti", "type")

FORGED = {
    "alg none": lambda f: f.unsigned("none"),
    "alg None": lambda f: f.unsigned("None"),
    "alg ES256 without a signature": lambda f: f.unsigned("ES256"),
    "alg a number": lambda f: f.headed(alg=256),
    "alg a list": lambda f: f.headed(alg=["ES256"]),
    "alg missing": lambda f: f.headed_without("alg"),
    "alg ES384 with our signature": lambda f: f.headed(alg="ES384"),
    "HS256 with the public key": lambda f: f.hmac(public_pem(f.keys.signing_key)),
    "HS256 with the kid": lambda f: f.hmac(f.keys.current.encode()),
    "HS256 with nothing": lambda f: f.hmac(b""),
    "foreign key under our kid": lambda f: f.foreign(),
    "foreign key under its own kid": lambda f: f.foreign(kid=str(uuid7())),
    "foreign key without a kid": lambda f: f.compact(
        {"alg": "ES256", "typ": tokens.TOKEN_TYPE}, f.claims(), FOREIGN_KEY
    ),
    "foreign key in a jwk header": lambda f: f.foreign(jwk=public_jwk(FOREIGN_KEY)),
    "foreign key behind a jku header": lambda f: f.foreign(jku="https://example.org/jwks.json"),
    "foreign key behind an x5u header": lambda f: f.foreign(x5u="https://example.org/key.pem"),
    "signature of a token for other claims": lambda f: f.swapped(sub=str(f.other_account_id)),
    "signature of a token that ends earlier": lambda f: f.swapped(exp=in_seconds(6000)),
    "unknown kid": lambda f: f.headed(kid=str(uuid7())),
    "missing kid": lambda f: f.headed_without("kid"),
    "kid empty": lambda f: f.headed(kid=""),
    "kid null": lambda f: f.headed(kid=None),
    "kid a number": lambda f: f.headed(kid=0),
    "kid true": lambda f: f.headed(kid=True),
    "kid a list": lambda f: f.headed(kid=[f.keys.current]),
    "kid an object": lambda f: f.headed(kid={"$ne": ""}),
    "kid a path": lambda f: f.headed(kid="../../../../dev/null"),
    "kid a statement": lambda f: f.headed(kid="' or '1'='1"),
    "kid in capitals": lambda f: f.headed(kid=f.keys.current.upper()),
    "typ missing": lambda f: f.headed_without("typ"),
    "typ JWT": lambda f: f.headed(typ="JWT"),
    "typ a list": lambda f: f.headed(typ=[tokens.TOKEN_TYPE]),
    "crit header": lambda f: f.headed(crit=["b64"], b64=False),
    "crit header nobody knows": lambda f: f.headed(crit=["hub"], hub=True),
    **{f"without {claim}": lambda f, c=claim: f.without(c) for claim in CLAIMS},
    **{f"{claim} null": lambda f, c=claim: f.token(**{c: None}) for claim in CLAIMS},
    "wrong iss": lambda f: f.token(iss="mockingbird"),
    "iss a list": lambda f: f.token(iss=[tokens.ISSUER]),
    "wrong aud": lambda f: f.token(aud="mockingbird-hub-worker"),
    "aud an empty list": lambda f: f.token(aud=[]),
    "type refresh": lambda f: f.token(type="refresh"),
    "type in capitals": lambda f: f.token(type="ACCESS"),
    "expired": lambda f: f.token(exp=in_seconds(-1)),
    "expires now": lambda f: f.token(exp=in_seconds(0)),
    "exp a word": lambda f: f.token(exp="never"),
    "exp endless": lambda f: f.token(exp=float("inf")),
    "exp not a number": lambda f: f.token(exp=float("nan")),
    "not yet valid": lambda f: f.token(nbf=in_seconds(60)),
    "issued in the future": lambda f: f.token(iat=in_seconds(60)),
    "another account under my session": lambda f: f.token(sub=str(f.other_account_id)),
    "my account under another's session": lambda f: f.token(sid=str(f.other_session_id)),
    "an account nobody has": lambda f: f.token(sub=str(uuid7())),
    "a session nobody has": lambda f: f.token(sid=str(uuid7())),
    "sub a number": lambda f: f.token(sub=1),
    "sub not an id": lambda f: f.token(sub="admin"),
    "sid not an id": lambda f: f.token(sid="1 or 1=1"),
    "sid a number": lambda f: f.token(sid=1),
    "sid a list": lambda f: f.token(sid=[str(f.session_id)]),
    "claims a list": lambda f: f.compact(f.header(), [f.claims()]),
    "claims a word": lambda f: f.compact(f.header(), "admin"),
    "header a list": lambda f: f.compact([f.header()], f.claims()),
    "a refresh token": lambda f: f.refresh_token,
    "a word": lambda _: "token",
    "only dots": lambda _: "..",
    "many dots": lambda f: f.token() + "." * 1000,
    "four parts": lambda f: f.token() + ".e30",
    "not base64": lambda _: "!!!.???.***",
    "not JSON": lambda _: "AAAA.AAAA.AAAA",
    "not ASCII": lambda f: f.token()[:-1] + "é",
    "deep nesting": lambda f: f.compact(f.header(), b"[" * 50_000),
    "deep nesting in the header": lambda f: f.compact(b"[" * 50_000, f.claims()),
    "a number too long to read": lambda f: f.compact(f.header(), b'{"exp":%b}' % (b"9" * 5_000)),
    "huge": lambda f: f.compact(f.header(), f.claims(padding="x" * 1_000_000), FOREIGN_KEY),
    "huge garbage": lambda _: "A" * 1_000_000,
}  # fmt: skip

MISPLACED = {
    "no scheme": lambda t: {"Authorization": t},
    "scheme without a token": lambda _: {"Authorization": "Bearer"},
    "scheme and a space": lambda _: {"Authorization": "Bearer "},
    "Basic": lambda t: {"Authorization": f"Basic {t}"},
    "another scheme": lambda t: {"Authorization": f"Token {t}"},
    "joined to the scheme": lambda t: {"Authorization": f"Bearer{t}"},
    "two tokens": lambda t: {"Authorization": f"Bearer {t} {t}"},
    "two headers in one": lambda t: {"Authorization": f"Bearer {t}, Bearer {t}"},
    "only commas": lambda _: {"Authorization": ",,,"},
    "commas and spaces": lambda _: {"Authorization": ",  , Bearer"},
    "another header": lambda t: {"X-Access-Token": t},
    "a cookie": lambda t: {"Cookie": f"access_token_cookie={t}; access_token={t}"},
}


def refused(response: Any) -> bool:
    """Whether this is the one answer there is: it must not say what was wrong."""
    body = {name: value for name, value in response.json.items() if name != "instance"}
    return (
        response.status_code == 401
        and response.headers["WWW-Authenticate"] == "Bearer"
        and response.mimetype == "application/problem+json"
        and body
        == {
            "type": "/problems/not_logged_in",
            "title": "Please log in",
            "status": 401,
            "detail": "Please log in again to carry on.",
            "code": "not_logged_in",
        }
    )


class TestAToken:
    def test_made_like_the_hubs_own_is_accepted(self, world, forge):
        """The control: what the attacks below change one thing about."""
        for token in (forge.token(), forge.headed(), forge.token(exp=in_seconds(30))):
            response = world.phone().get("/me", Authorization=f"Bearer {token}")
            assert response.status_code == 200
            assert response.json["id"] == str(forge.account_id)

    @pytest.mark.parametrize("attack", FORGED)
    def test_forged_is_refused(self, world, forge, attack):
        token = FORGED[attack](forge)
        assert refused(world.phone().get("/me", Authorization=f"Bearer {token}"))

    @pytest.mark.parametrize("place", MISPLACED)
    def test_in_the_wrong_place_is_refused(self, world, forge, place):
        client = world.app.test_client()
        assert refused(client.get("/api/v1/me", headers=MISPLACED[place](forge.token())))

    @pytest.mark.parametrize("name", ["access_token", "jwt", "token", "Authorization"])
    def test_in_the_address_is_refused(self, world, forge, name):
        assert refused(world.phone().get(f"/me?{name}={forge.token()}"))

    def test_in_the_body_is_refused(self, world, forge):
        body = {"access_token": forge.token()}
        assert refused(world.phone().post("/auth/logout", body))

    def test_is_refused_before_the_body_is_read(self, world, forge):
        phone: Phone = world.phone()
        phone.headers["Authorization"] = f"Bearer {forge.foreign()}"
        assert refused(phone.post("/respite-requests", {"not": "a request"}))


def mutations(token: str, count: int) -> list[str]:
    """This token with one character changed, so many times, the same ones on every run."""
    chance = random.Random(20_261_204)
    made = set()
    while len(made) < count:
        at = chance.randrange(len(token))
        made.add(token[:at] + chance.choice(ALPHABET + ".=") + token[at + 1 :])
        made.discard(token)
    return sorted(made)


def says_the_same(token: str, original: str) -> bool:
    """Whether the signed text and the bytes of the signature are the original's.

    A signature is 64 bytes in 86 characters, so four bits of the last one mean nothing.
    """
    signed, _, signature = token.rpartition(".")
    original_signed, _, original_signature = original.rpartition(".")
    if signed != original_signed or "=" in signature:
        return False
    return base64url_decode(signature) == base64url_decode(original_signature)


class TestOneCharacterChanged:
    def test_anywhere_is_refused(self, world, forge):
        token = forge.token()
        changed = [m for m in mutations(token, 420) if not says_the_same(m, token)][:400]
        assert len(changed) == 400
        accepted = [
            mutation
            for mutation in changed
            if not refused(world.phone().get("/me", Authorization=f"Bearer {mutation}"))
        ]
        assert accepted == []

    def test_at_the_very_end_is_refused_unless_it_says_the_same(self, forge, status_with):
        token = forge.token()
        endings = [token[:-1] + character for character in ALPHABET]
        assert sum(says_the_same(ending, token) for ending in endings) == 16
        for ending in endings:
            allowed = {200, 401} if says_the_same(ending, token) else {401}
            assert status_with(ending) in allowed
        assert status_with(token) == 200
