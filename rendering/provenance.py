"""Content Credentials (C2PA): what a video is made of and who agreed, signed into the file and read back.

Signing comes last; a byte that changes afterwards is noticed. A manifest holds no name of a person, no
e-mail and no word of the script, only hashes and the ids of records.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
import struct
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rendering import media

GENERATOR = "Likeness Studio"
GENERATOR_VERSION = "0.1.0"
AI_LABEL = "AI-generated video"
OWN = "org.likenessstudio.provenance"
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
CLAIM_SIGNING = "1.3.6.1.4.1.62558.2.1"
PURPOSES = [CLAIM_SIGNING, "1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.36", "1.3.6.1.5.5.7.3.8"]
"""Claim signing, e-mail, document signing, time stamping: the purposes that a reader accepts in a certificate."""

C2PA_BOX = uuid.UUID("d8fec3d6-1b0e-483c-9297-5828877ec481").bytes

SEAL = b"likeness"
"""How our own checksum of a file begins."""

LIFETIME = timedelta(days=3650)
CHAIN, KEY, ANCHORS = "chain.pem", "key.pem", "anchors.pem"


@dataclass(frozen=True, slots=True)
class Authority:
    """chain: the signing certificate and those above it, PEM; key: its ES256 key; anchors: who is trusted."""

    chain: str
    key: str
    anchors: str


@dataclass(frozen=True, slots=True)
class Ingredient:
    """Something a video is made of."""

    title: str
    kind: str  # "avatar" | "voice" | "picture" | "video" | "music"
    sha256: str


def authority(folder: Path) -> Authority:
    """The signer stored in `folder` as chain.pem, key.pem and anchors.pem.

    A folder that is absent or empty gets a development authority. Its root signs one certificate, and
    the root's key is thrown away. Processes that ask at the same moment get the same authority.
    """
    if not (folder / CHAIN).is_file():
        _develop(folder)
    return Authority(*((folder / name).read_text() for name in (CHAIN, KEY, ANCHORS)))


def _develop(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.parent / f".{folder.name}.{secrets.token_hex(8)}"
    draft.mkdir(mode=0o700)
    try:
        made = _issued()
        for name, text in zip((CHAIN, KEY, ANCHORS), made, strict=True):
            with open(os.open(draft / name, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
                file.write(text)
        os.rename(draft, folder)  # replaces an empty folder, and no other
    except OSError:
        if not (folder / CHAIN).is_file():  # otherwise another process was first
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _issued() -> tuple[str, str, str]:
    """(chain, key, root) of a new development authority, as PEM."""
    from cryptography import x509  # large: loaded when it is needed
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec  # large: loaded when it is needed
    from cryptography.x509.oid import NameOID, ObjectIdentifier

    now = datetime.now(UTC) - timedelta(hours=1)

    def name(common: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"{GENERATOR} (development)"),
                x509.NameAttribute(NameOID.COMMON_NAME, common),
            ]
        )

    def usage(**granted: bool) -> x509.KeyUsage:
        names = (
            "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
            "key_cert_sign crl_sign encipher_only decipher_only"
        )
        return x509.KeyUsage(**{key: granted.get(key, False) for key in names.split()})

    root_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name, leaf_name = name("Development root"), name("Development signer")

    def certificate(
        subject: x509.Name, key: ec.EllipticCurvePrivateKey, is_root: bool
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(root_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + LIFETIME)
            .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), False
            )
        )
        if is_root:
            builder = builder.add_extension(usage(key_cert_sign=True, crl_sign=True), True)
        else:
            builder = builder.add_extension(usage(digital_signature=True), True).add_extension(
                x509.ExtendedKeyUsage([ObjectIdentifier(CLAIM_SIGNING)]), False
            )
        return builder.sign(root_key, hashes.SHA256())

    pem = serialization.Encoding.PEM
    root = certificate(root_name, root_key, True).public_bytes(pem).decode()
    leaf = certificate(leaf_name, leaf_key, False).public_bytes(pem).decode()
    key = leaf_key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return leaf + root, key.decode(), root


def _context(anchors: str | None = None) -> Any:
    import c2pa  # large: loaded when it is needed

    settings: dict[str, Any] = {
        "verify": {
            "verify_after_sign": False,
            "ocsp_fetch": False,
            "remote_manifest_fetch": False,
            "verify_trust": True,
        },
        "builder": {"thumbnail": {"enabled": False}},
        "trust": {"trust_config": "\n".join(PURPOSES) + "\n"},
    }
    if anchors:
        settings["trust"]["user_anchors"] = anchors
    return c2pa.Context.from_dict(settings)


def manifest(
    *,
    title: str,
    uploaded_pictures: bool,
    ingredients: Sequence[Ingredient],
    consents: Sequence[dict[str, str]],
    script_sha256: str,
    burnt_captions: bool = False,
    created_at: datetime | None = None,
) -> dict[str, Any]:
    """What is signed, except the hash of the file, which the library adds.

    consents: {"id", "kind", "sha256"} of the records that allow the likenesses. A picture that
    somebody uploaded makes the source type compositeSynthetic, else it is trainedAlgorithmicMedia.
    """
    agent = {"name": GENERATOR, "version": GENERATOR_VERSION}
    source = "compositeSynthetic" if uploaded_pictures else "trainedAlgorithmicMedia"
    when = (created_at or datetime.now(UTC)).isoformat(timespec="seconds").replace("+00:00", "Z")
    labels = [f"ingredient-{number}" for number in range(1, len(ingredients) + 1)]
    actions: list[dict[str, Any]] = [
        {
            "action": "c2pa.created",
            "when": when,
            "digitalSourceType": SOURCE_TYPES + source,
            "softwareAgent": agent,
        }
    ]
    for label in labels:
        actions.append({"action": "c2pa.placed", "parameters": {"ingredientIds": [label]}})
    if burnt_captions:
        actions.append({"action": "c2pa.edited", "description": "Captions burnt in"})
    return {
        "claim_generator_info": [agent],
        "title": title,
        "format": "video/mp4",
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": actions}},
            {
                "label": OWN,
                "data": {
                    "ai_label": AI_LABEL,
                    "script_sha256": script_sha256,
                    "sealed": True,
                    "consents": [dict(consent) for consent in consents],
                },
            },
        ],
        "ingredients": [
            {
                "label": label,
                "title": part.title,
                "relationship": "componentOf",
                "description": f"{part.kind}, sha256 {part.sha256}",
            }
            for label, part in zip(labels, ingredients, strict=True)
        ],
    }


def sign(source: Path, out: Path, *, authority: Authority, manifest: dict[str, Any]) -> Path | None:
    """Writes the MP4 `source` to `out` with the signed manifest inside; `out` is whole or absent.

    A WebM cannot hold a manifest: it stays as it is, and the manifest is the file beside `out` that is returned.
    """
    import c2pa  # large: loaded when it is needed

    info = c2pa.C2paSignerInfo(
        alg=b"es256",
        sign_cert=authority.chain.encode(),
        private_key=authority.key.encode(),
        ta_url=None,
    )
    draft = out.with_name(f"{out.stem}.{secrets.token_hex(4)}{out.suffix}")
    try:
        with (
            c2pa.Signer.from_info(info) as signer,
            c2pa.Builder(manifest, context=_context()) as builder,
        ):
            if out.suffix == ".webm":
                builder.set_no_embed()
                with source.open("rb") as film, draft.open("w+b") as same:
                    signed = builder.sign(signer, WEBM, film, same)
                beside(out).write_bytes(signed)
                shutil.copyfile(source, draft)
            else:
                builder.sign_file(str(source), str(draft), signer)
                _seal(draft)
        os.replace(draft, out)
        return beside(out) if out.suffix == ".webm" else None
    except c2pa.C2paError as problem:
        if "No space left" in str(problem):
            raise OSError(errno.ENOSPC, "no room to sign") from problem
        raise
    finally:
        draft.unlink(missing_ok=True)


WEBM = "video/webm"


def beside(path: Path) -> Path:
    """The path of the manifest of a WebM."""
    return path.with_suffix(".c2pa")


def _parted(path: Path) -> bool:
    """Whether the manifest stands beside the file: only where it cannot be inside."""
    return beside(path) != path and beside(path).is_file() and not any(media.boxes(path))


def _reader(path: Path, anchors: str | None) -> Any:
    import c2pa  # large: loaded when it is needed

    if _parted(path):
        with path.open("rb") as film:
            data = beside(path).read_bytes()
            return c2pa.Reader(WEBM, film, manifest_data=data, context=_context(anchors))
    return c2pa.Reader(str(path), context=_context(anchors))


def read(path: Path, folder: Path | None = None) -> dict[str, Any]:
    """What the file says about itself, checked. folder: the authority whose signatures are trusted.

    state: "valid" (whole, and signed by that authority), "untrusted" (whole, but signed by somebody
    else, or no authority was given), "changed" (not as it was signed), "none" (no credentials).
    problems: a sentence for each thing that is wrong. Never raises for what is in the file; OSError
    if it cannot be opened.
    """
    import c2pa  # large: loaded when it is needed

    with open(path, "rb"):
        pass
    anchors = authority(folder).anchors if folder else None
    found: dict[str, Any] = {
        "state": "none",
        "issuer": None,
        "created_at": None,
        "source_type": None,
        "title": None,
        "generator": None,
        "ai_label": None,
        "script_sha256": None,
        "actions": [],
        "consents": [],
        "ingredients": [],
        "manifest": None,
        "problems": [],
    }
    try:
        with _reader(path, anchors) as reader:
            whole = json.loads(reader.json())
        active = whole["manifests"][whole["active_manifest"]]
        claims, sealed = _claims(active), _own(active).get("sealed")
    except (c2pa.C2paError, ValueError, TypeError, KeyError, AttributeError) as problem:
        # Damaged credentials may hold anything where a text or a list should be.
        if _was_signed(path):
            found["state"] = "changed"
            found["problems"].append("The Content Credentials are damaged and cannot be read.")
        elif "ManifestNotFound" in str(problem):
            found["problems"].append("The file carries no Content Credentials.")
        else:
            found["problems"].append("The file is not a video that can carry Content Credentials.")
        return found
    found |= claims
    found["manifest"] = whole["active_manifest"]
    results = whole.get("validation_results", {})
    parts = [results.get("activeManifest", {})]
    parts += [delta["validationDeltas"] for delta in results.get("ingredientDeltas", [])]
    failures = {result["code"] for part in parts for result in part.get("failure", [])}
    if sealed and not _parted(path) and not _whole(path):
        failures.add("seal")
    distrusted = {code for code in failures if code.startswith("signingCredential.")}
    if failures - distrusted:
        found["state"] = "changed"
        found["problems"].append("The file was changed after it was signed.")
    elif distrusted or whole.get("validation_state") != "Trusted":
        found["state"] = "untrusted"
        found["problems"].append("The file is as it was signed, but the signer is not known here.")
    else:
        found["state"] = "valid"
    return found


def _assertion(active: dict[str, Any], label: str) -> dict[str, Any]:
    for assertion in active.get("assertions", []):
        if assertion["label"].startswith(label):
            return dict(assertion["data"])
    return {}


def _own(active: dict[str, Any]) -> dict[str, Any]:
    return _assertion(active, OWN)


def _claims(active: dict[str, Any]) -> dict[str, Any]:
    """What the manifest says, under the names of `read`."""
    own = _own(active)
    actions = _assertion(active, "c2pa.actions").get("actions", [])
    created = actions[0] if actions else {}
    signature = active.get("signature_info", {})
    generators = active.get("claim_generator_info") or [{}]
    ingredients = []
    for part in active.get("ingredients", []):
        kind, _, sha256 = part.get("description", "").partition(", sha256 ")
        ingredients.append({"title": part.get("title"), "kind": kind, "sha256": sha256})
    return {
        "issuer": signature.get("issuer"),
        "created_at": signature.get("time") or created.get("when"),
        "source_type": created.get("digitalSourceType", "").removeprefix(SOURCE_TYPES) or None,
        "title": active.get("title"),
        "generator": " ".join(
            filter(None, (generators[0].get("name"), generators[0].get("version")))
        ),
        "ai_label": own.get("ai_label"),
        "script_sha256": own.get("script_sha256"),
        "actions": [action["action"] for action in actions],
        "consents": own.get("consents", []),
        "ingredients": ingredients,
    }


def _digest(path: Path, size: int) -> bytes:
    """SHA-256 of the first `size` bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while size and (data := file.read(min(size, 1 << 20))):
            digest.update(data)
            size -= len(data)
    return digest.digest()


def _seal(path: Path) -> None:
    """Adds a checksum of the whole file, in a box of free space, which the signature leaves out.

    The standard does not cover the file type, free space and the padding of the manifest itself: this
    notices a byte that changed there.
    """
    digest = _digest(path, path.stat().st_size)
    with path.open("ab") as file:
        file.write(struct.pack(">I4s", 8 + len(SEAL) + len(digest), b"free") + SEAL + digest)


def _whole(path: Path) -> bool:
    """Whether the file ends in the checksum of all that stands before it."""
    kind, at, size = list(media.boxes(path))[-1]
    with path.open("rb") as file:
        file.seek(at + 8)
        content = file.read(64)
    ends = at + size == path.stat().st_size
    return ends and kind == b"free" and content == SEAL + _digest(path, at)


def _was_signed(path: Path) -> bool:
    """Whether there is a manifest that cannot be read, or the checksum that we add to what we sign."""
    with path.open("rb") as file:
        tail = len(SEAL) + hashlib.sha256().digest_size
        file.seek(max(0, path.stat().st_size - tail))
        if file.read(len(SEAL)) == SEAL:
            return True
        for kind, at, size in media.boxes(path):
            if kind == b"uuid" and size > 24:
                file.seek(at + 8)
                if file.read(16) == C2PA_BOX:
                    return True
    return False
