"""Manifests read with c2pa-python directly, and files changed byte by byte."""

import json
import random
import threading

import c2pa
import numpy as np
import pytest
from cryptography import x509

from rendering import provenance
from rendering.stages import delivery
from rendering.values import Segment, Timing, VideoFormat

MAYA = provenance.Ingredient("Maya", "avatar", "ab" * 32)
HEART = provenance.Ingredient("Heart", "voice", "cd" * 32)
ROOM = provenance.Ingredient("Background", "picture", "ef" * 32)
CONSENTS = [{"id": "consent_1", "kind": "licence", "sha256": "12" * 32}]


def said(**changes):
    return provenance.manifest(
        **{
            "title": "A film",
            "uploaded_pictures": False,
            "ingredients": [MAYA, HEART],
            "consents": CONSENTS,
            "script_sha256": "34" * 32,
            **changes,
        }
    )


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A video of a quarter of a second, not signed."""
    folder = tmp_path_factory.mktemp("film")
    video = VideoFormat(64, 64)
    parts = {"film": folder / "a.mp4", "sound": folder / "a.flac"}
    pictures = (np.full((64, 64, 3), 40 * n, np.uint8) for n in range(6))
    count = delivery.segment(pictures, np.zeros(10, np.float32), video=video, **parts)
    track = np.zeros(1, np.float32)
    timing = Timing((), (), count / 25, 0.01, track, track)
    segment = Segment("a", parts["film"], parts["sound"], timing, count / 25)
    return delivery.assemble([segment], video=video, folder=folder, title="A film").video


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("data") / "c2pa"


@pytest.fixture
def signed(film, folder, tmp_path):
    out = tmp_path / "signed.mp4"
    provenance.sign(film, out, authority=provenance.authority(folder), manifest=said())
    return out


def read_elsewhere(path, anchors):
    """The validation state and the manifest, read as by any other reader that trusts the root."""
    settings = {
        "verify": {"verify_trust": True},
        "trust": {"user_anchors": anchors, "trust_config": "1.3.6.1.4.1.62558.2.1\n"},
    }
    context = c2pa.Context.from_dict(settings)
    with c2pa.Reader(str(path), context=context) as reader:
        return reader.get_validation_state(), json.loads(reader.json())


def test_a_signed_film_is_trusted_by_another_reader(signed, folder):
    state, whole = read_elsewhere(signed, provenance.authority(folder).anchors)
    assert state == "Trusted"
    active = whole["manifests"][whole["active_manifest"]]
    labels = [assertion["label"] for assertion in active["assertions"]]
    assert labels.count("c2pa.hash.bmff.v3") == 1
    assert not {"c2pa.soft-binding", "c2pa.watermarked"} & set(labels)
    actions = next(a for a in active["assertions"] if a["label"] == "c2pa.actions.v2")
    first, *others = actions["data"]["actions"]
    assert first["action"] == "c2pa.created"
    assert first["digitalSourceType"].endswith("/trainedAlgorithmicMedia")
    assert [action["action"] for action in others] == ["c2pa.placed", "c2pa.placed"]
    assert [part["title"] for part in active["ingredients"]] == ["Maya", "Heart"]


def test_a_manifest_is_read_back_as_it_was_written(signed, folder):
    found = provenance.read(signed, folder)
    assert found["state"] == "valid"
    assert found["problems"] == []
    assert found["issuer"] == "Likeness Studio (development)"
    assert found["source_type"] == "trainedAlgorithmicMedia"
    assert found["ai_label"] == "AI-generated video"
    assert found["consents"] == CONSENTS
    assert found["script_sha256"] == "34" * 32
    assert found["ingredients"] == [
        {"title": "Maya", "kind": "avatar", "sha256": "ab" * 32},
        {"title": "Heart", "kind": "voice", "sha256": "cd" * 32},
    ]
    assert found["created_at"].endswith("Z")


def test_an_uploaded_picture_makes_a_film_composite(film, folder, tmp_path):
    out = tmp_path / "signed.mp4"
    manifest = said(uploaded_pictures=True, ingredients=[MAYA, HEART, ROOM], burnt_captions=True)
    provenance.sign(film, out, authority=provenance.authority(folder), manifest=manifest)
    found = provenance.read(out, folder)
    assert found["source_type"] == "compositeSynthetic"
    assert found["actions"] == ["c2pa.created", *3 * ["c2pa.placed"], "c2pa.edited"]


def test_a_changed_byte_is_noticed_wherever_it_stands(signed, folder, tmp_path):
    data = signed.read_bytes()
    copy = tmp_path / "copy.mp4"
    positions = random.Random(5).sample(range(len(data)), 250)
    for position in [0, 3, 7, 20, 36, 40, len(data) - 48, len(data) - 1, *positions]:
        changed = bytearray(data)
        changed[position] ^= 0x20
        copy.write_bytes(changed)
        assert provenance.read(copy, folder)["state"] == "changed", position


def test_a_cut_or_longer_file_is_noticed(signed, folder, tmp_path):
    copy = tmp_path / "copy.mp4"
    for data in (signed.read_bytes()[:-500], signed.read_bytes() + b"\0" * 9):
        copy.write_bytes(data)
        assert provenance.read(copy, folder)["state"] == "changed"


def test_another_signer_is_not_trusted(film, folder, tmp_path):
    provenance.authority(folder)
    stranger = provenance.authority(tmp_path / "stranger")
    out = tmp_path / "signed.mp4"
    provenance.sign(film, out, authority=stranger, manifest=said())
    assert provenance.read(out, folder)["state"] == "untrusted"
    assert provenance.read(out, tmp_path / "stranger")["state"] == "valid"
    assert provenance.read(out)["state"] == "untrusted"


def test_a_file_without_credentials_has_the_state_none(film, folder, tmp_path):
    assert provenance.read(film, folder)["state"] == "none"
    other = tmp_path / "notes.mp4"
    other.write_text("no film")
    found = provenance.read(other, folder)
    assert found["state"] == "none"
    assert found["problems"]
    empty = tmp_path / "empty.mp4"
    empty.touch()
    assert provenance.read(empty, folder)["state"] == "none"


def test_processes_that_start_at_once_get_one_authority(tmp_path):
    ready = threading.Barrier(6)
    found = []

    def ask():
        ready.wait()
        found.append(provenance.authority(tmp_path / "deep" / "c2pa"))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["c2pa"]


def test_the_key_is_private_and_the_certificate_is_for_signing_only(folder):
    made = provenance.authority(folder)
    assert (folder / "key.pem").stat().st_mode & 0o077 == 0
    leaf, root = x509.load_pem_x509_certificates(made.chain.encode())
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [purpose.dotted_string for purpose in purposes] == ["1.3.6.1.4.1.62558.2.1"]
    leaf.verify_directly_issued_by(root)


def test_a_failed_signing_leaves_nothing(folder, tmp_path):
    source = tmp_path / "notes.mp4"
    source.write_text("no film")
    with pytest.raises(c2pa.C2paError):
        provenance.sign(
            source, tmp_path / "out.mp4", authority=provenance.authority(folder), manifest=said()
        )
    assert [path.name for path in tmp_path.iterdir()] == ["notes.mp4"]
