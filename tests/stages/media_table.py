"""Files as people have them, made by ffmpeg: what each is, and what must come of it."""

from __future__ import annotations

import functools
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rendering import media

COLOURS = {"a": (192, 64, 48), "b": (48, 160, 80), "c": (48, 80, 192), "d": (224, 224, 224)}
"""Quarters of a picture, from the upper left in lines: all different, so that a turn or a flip shows."""
LONG = 0.6  # seconds of a video
TUNE = "aevalsrc=0.3*sin(660*t)+0.2*sin(1800*t)|0.3*sin(880*t):s=44100:d=1.2"


@dataclass(frozen=True)
class Case:
    """A file. make: writes it into a folder. quarters: the colours seen, "abcd" as made; "" where they are not checked.

    steps: words that the filters must have. not_steps: words that they must not have. whole: also encoded in `make test`.
    """

    name: str
    make: Callable[[Path], Path]
    kind: str = "video"
    size: tuple[int, int] = (160, 88)
    seconds: float = LONG
    quarters: str = "abcd"
    near: float = 8.0
    steps: tuple[str, ...] = ()
    not_steps: tuple[str, ...] = ("bwdif", "tonemap", "premultiply")
    whole: bool = False


def ffmpeg(*arguments: str | Path) -> None:
    command = [media.program(), "-y", "-loglevel", "error", *map(str, arguments)]
    subprocess.run(command, check=True)


def quarters(width: int = 160, height: int = 88, order: str = "abcd", rate: int = 25) -> str:
    """A lavfi graph of four colours."""
    w, h = width // 2, height // 2
    sizes = {"a": (w, h), "b": (width - w, h), "c": (w, height - h), "d": (width - w, height - h)}
    made = []
    for corner, colour in zip("abcd", order, strict=True):
        red, green, blue = COLOURS[colour]
        size = "x".join(map(str, sizes[corner]))
        made.append(
            f"color=0x{red:02x}{green:02x}{blue:02x}:s={size}:r={rate}:d={LONG},format=gbrp[{corner}]"
        )
    return ";".join([*made, "[a][b]hstack[t]", "[c][d]hstack[u]", "[t][u]vstack"])


LOSSLESS = "-c:v libx264 -preset ultrafast -crf 8"


def coded(
    name: str,
    codec: str = LOSSLESS,
    *,
    filters: str = "format=yuv420p",
    source: str = "",
    more: str = "",
) -> Callable[[Path], Path]:
    """A video of the quarters, or of another lavfi source, after `filters`, with ffmpeg's words for its codec."""

    def make(folder: Path) -> Path:
        path = folder / name
        graph = ["-f", "lavfi", "-i", source or quarters()]
        ffmpeg(*graph, *more.split(), "-vf", filters, *codec.split(), path)
        return path

    return make


def matrix(name: str, full: bool = False, pixels: str = "yuv420p") -> str:
    """Filters to a matrix and range, as a camera would write it, with or without the tags."""
    reach = "pc" if full else "tv"
    return f"scale=out_color_matrix={name}:out_range={reach},format={pixels}"


def tagged(space: str, range_: str = "tv") -> str:
    return f"{LOSSLESS} -colorspace {space} -color_primaries {space} -color_trc {space} -color_range {range_}"


def turned(name: str, *options: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        plain = coded(f"plain of {name}")(folder)
        ffmpeg(*options, "-i", plain, "-c", "copy", folder / name)
        return folder / name

    return make


def hdr(name: str, transfer: str, codec: str = "libx265") -> Callable[[Path], Path]:
    """The quarters with white at 203 cd/m², made by zscale, as they are read in rendering/tracks.py."""
    chain = (
        "scale=out_color_matrix=bt709:out_range=tv,format=yuv444p,setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709,"
        "zscale=tin=bt709:min=bt709:pin=bt709:t=linear:npl=203,format=gbrpf32le,"
        f"zscale=p=bt2020:t={transfer}:m=2020_ncl:npl=203:r=tv,format=yuv420p10le"
    )
    tags = f"colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc"
    return coded(name, f"-c:v libx265 -crf 8 -x265-params log-level=none:{tags}", filters=chain)


def two_tracks(name: str, default: int) -> Callable[[Path], Path]:
    """Two video tracks, the quarters in the one that is marked as default."""

    def make(folder: Path) -> Path:
        sources = ["color=black:s=96x64:r=25:d=0.6", "color=black:s=96x64:r=25:d=0.6"]
        sources[default] = quarters()
        opened = [word for source in sources for word in ("-f", "lavfi", "-i", source)]
        marked = [f"-disposition:v:{n}" for n in (default, 1 - default)]
        tracks = ["-map", "0:v", "-map", "1:v", marked[0], "default", marked[1], "0"]
        ffmpeg(*opened, *tracks, "-pix_fmt", "yuv420p", *LOSSLESS.split(), folder / name)
        return folder / name

    return make


def fields(
    name: str, codec: str, first: str = "top", declared: bool = True
) -> Callable[[Path], Path]:
    """A bar that moves between the two fields of a picture."""
    moving = (
        "color=0x202020:s=160x96:r=50:d=0.8[g];color=0xe0e0e0:s=24x96:r=50:d=0.8[b];"
        f"[g][b]overlay=x='mod(t*250,136)',tinterlace=interleave_{first}"
    )
    tag = f",setfield={'tff' if first == 'top' else 'bff'}" if declared else ",setfield=prog"
    return coded(name, codec, source=moving + tag, filters="format=yuv420p")


def patched(
    name: str, first: Callable[[Path], Path], change: Callable[[bytes], bytes]
) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(change(first(folder).read_bytes()))
        return folder / name

    return make


def tune(name: str, words: str = "") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        ffmpeg("-f", "lavfi", "-i", TUNE, *words.split(), folder / name)
        return folder / name

    return make


def covered(name: str, codec: str = "-c:a libmp3lame -id3v2_version 3") -> Callable[[Path], Path]:
    """Sound with a cover picture."""

    def make(folder: Path) -> Path:
        ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", "1", folder / "cover.jpg")
        opened = ["-f", "lavfi", "-i", TUNE, "-i", folder / "cover.jpg", "-map", "0", "-map", "1"]
        ffmpeg(*opened, *codec.split(), "-c:v", "copy", "-disposition:v", "attached_pic", folder / name)  # fmt: skip
        return folder / name

    return make


def sized(value: int) -> Callable[[bytes], bytes]:
    """A WAV as written by a programme that does not know its length in advance."""

    def change(data: bytes) -> bytes:
        at, size = data.index(b"data"), struct.pack("<I", value)
        return data[:4] + size + data[8 : at + 4] + size + data[at + 8 :]

    return change


@functools.cache
def another_kind() -> bytes:
    """An MP3 of one channel at another rate."""
    made = [
        media.program(),
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "sine=d=1:r=22050",
        "-f",
        "mp3",
        "-",
    ]
    return subprocess.run(made, capture_output=True, check=True).stdout


def video_cases() -> list[Case]:
    hevc = "-c:v libx265 -crf 8 -x265-params log-level=none"
    apple = "-c:v prores_ks -profile:v"
    x264_fields = "-c:v libx264 -crf 8 -flags +ilme+ildct -x264-params"
    case = Case
    found = [
        case("H.264", coded("v.mp4"), whole=True),
        case("H.264, 10 bit", coded("v.mp4", filters="format=yuv420p10le")),
        case("H.264, 4:2:2", coded("v.mp4", filters="format=yuv422p")),
        case("H.264, 4:4:4", coded("v.mp4", filters="format=yuv444p")),
        case("H.264, RGB", coded("v.mp4", "-c:v libx264rgb -crf 8", filters="format=rgb24")),
        case("H.264, grey", coded("v.mp4", filters="format=gray"), quarters=""),
        case("HEVC", coded("v.mp4", hevc)),
        case("HEVC, 10 bit 4:2:2", coded("v.mov", hevc, filters="format=yuv422p10le")),
        case("VP8", coded("v.webm", "-c:v libvpx -b:v 2M -deadline realtime -cpu-used 8"), near=12),
        case("VP9", coded("v.webm", "-c:v libvpx-vp9 -b:v 2M -deadline realtime -cpu-used 8")),
        case("AV1", coded("v.mp4", "-c:v libsvtav1 -preset 12 -crf 20")),
        case("MPEG-4", coded("v.mp4", "-c:v mpeg4 -q:v 2")),
        case("MPEG-2", coded("v.mov", "-c:v mpeg2video -q:v 2")),
        case("ProRes 422", coded("v.mov", f"{apple} 2", filters="format=yuv422p10le")),
        case(
            "Motion JPEG",
            coded("v.mov", "-c:v mjpeg -q:v 2", filters="format=yuvj420p"),
            whole=True,
        ),
        case("Cinepak", coded("v.mov", "-c:v cinepak", filters="format=rgb24"), near=24),
        case("Animation", coded("v.mov", "-c:v qtrle", filters="format=rgb24")),
        case("Sorenson", coded("v.mov", "-c:v svq1 -q:v 2", filters="format=yuv410p"), near=30),
        case("PNG", coded("v.mov", "-c:v png", filters="format=rgb24")),
        case("FFV1", coded("v.mkv", "-c:v ffv1")),
        case("not compressed", coded("v.mov", "-c:v rawvideo", filters="format=uyvy422")),
        case(
            "before ftyp",
            patched(
                "old.mov",
                coded("v.mov", "-c:v mjpeg -q:v 2", filters="format=yuvj420p"),
                lambda data: data.replace(b"ftyp", b"wide", 1),
            ),
            whole=True,
        ),
        case(
            "full range",
            coded("v.mp4", tagged("bt709", "pc"), filters=matrix("bt709", True)),
            whole=True,
        ),
        case("BT.601", coded("v.mp4", tagged("smpte170m"), filters=matrix("smpte170m"))),
        case("BT.601 of PAL", coded("v.mp4", tagged("bt470bg"), filters=matrix("bt470bg"))),
        case("BT.709", coded("v.mp4", tagged("bt709"), filters=matrix("bt709"))),
        case("small, without tags", coded("v.mp4", filters=matrix("smpte170m"))),
        case(
            "large, without tags",
            coded("v.mp4", source=quarters(320, 720), filters=matrix("bt709")),
            size=(320, 720),
        ),
        case(
            "BT.2020 without HDR",
            coded(
                "v.mp4",
                f"{LOSSLESS} -colorspace bt2020nc -color_primaries bt2020 -color_trc bt2020-10",
                filters="scale=out_color_matrix=bt709:out_range=tv,format=yuv444p,zscale=tin=bt709:min=bt709:pin=bt709:p=bt2020:m=2020_ncl:t=2020_10,format=yuv420p10le",
            ),
            near=12,
            steps=("zscale=p=bt709",),
        ),
        case("HLG", hdr("v.mov", "arib-std-b67"), near=12, steps=("zscale=p=bt709",), whole=True),
        case("PQ", hdr("v.mp4", "smpte2084"), near=12, steps=("zscale=p=bt709",), whole=True),
        case("PQ in Matroska", hdr("v.mkv", "smpte2084"), near=12, steps=("zscale=p=bt709",)),
        case(
            "wide pixels",
            coded("v.mp4", filters="format=yuv420p,setsar=2"),
            size=(320, 88),
            whole=True,
        ),
        case(
            "PAL, wide",
            coded("v.mp4", filters="scale=180:144,setsar=64/45,format=yuv420p"),
            size=(256, 144),
        ),
        case("tall pixels", coded("v.mp4", filters="format=yuv420p,setsar=1/2"), size=(80, 88)),
        case(
            "wide pixels in Matroska",
            coded("v.mkv", filters="format=yuv420p,setsar=4/3"),
            size=(214, 88),
        ),
        case(
            "odd sizes",
            coded("v.mkv", "-c:v ffv1", source=quarters(161, 91), filters="format=yuv444p"),
            size=(162, 92),
        ),
        case(
            "turned by 90",
            turned("v.mp4", "-display_rotation", "90"),
            size=(88, 160),
            quarters="bdac",
            whole=True,
        ),
        case("turned by 180", turned("v.mp4", "-display_rotation", "180"), quarters="dcba"),
        case(
            "turned by 270",
            turned("v.mov", "-display_rotation", "270"),
            size=(88, 160),
            quarters="cadb",
        ),
        case("flipped", turned("v.mp4", "-display_hflip"), quarters="badc", whole=True),
        case("upside down", turned("v.mp4", "-display_vflip"), quarters="cdab"),
        case("second track is default", two_tracks("v.mp4", 1), whole=True),
        case("first track is default", two_tracks("v.mkv", 0)),
        case("second track is default, Matroska", two_tracks("v.mkv", 1)),
        case(
            "transparent, Animation",
            coded("v.mov", "-c:v qtrle", filters="format=argb,colorchannelmixer=aa=0.5"),
            quarters="half",
            not_steps=("bwdif",),
            steps=("premultiply",),
            whole=True,
        ),
        case(
            "transparent, ProRes",
            coded("v.mov", f"{apple} 4", filters="format=yuva444p10le"),
            not_steps=("bwdif",),
            steps=("premultiply",),
        ),
        case(
            "transparent, VP9",
            coded(
                "v.webm",
                "-c:v libvpx-vp9 -b:v 2M -deadline realtime -cpu-used 8 -auto-alt-ref 0",
                filters="format=rgba,colorchannelmixer=aa=0.5,format=yuva420p",
            ),
            quarters="half",
            near=12,
            not_steps=("bwdif",),
            steps=("premultiply",),
        ),
        case(
            "pictures of uneven length",
            coded(
                "v.mp4",
                f"{LOSSLESS} -fps_mode vfr",
                filters="select='not(mod(n,3))+lt(n,5)',format=yuv420p",
            ),
            seconds=0.55,
        ),
        case(
            "one picture a second",
            coded("v.mp4", source="color=0xC04030:s=160x88:r=1:d=3"),
            seconds=3,
            quarters="aaaa",
        ),
        case("60 a second", coded("v.mp4", source=quarters(rate=60))),
        case(
            "a telephone's, with data beside", coded("v.mov", f"{LOSSLESS} -timecode 00:00:00:00")
        ),
    ]
    for name, first in (("top field first", "top"), ("bottom field first", "bottom")):
        order = "tff" if first == "top" else "bff"
        steps = ("bwdif", f"parity={order}")
        combs = {"size": (160, 96), "seconds": 0.8, "quarters": "combs", "not_steps": ("tonemap",)}
        found.append(
            case(
                name,
                fields("v.mp4", f"{x264_fields} {order}=1", first),
                steps=steps,
                whole=True,
                **combs,
            )
        )  # type: ignore[arg-type]
        found.append(
            case(
                f"{name}, not declared",
                fields("v.mp4", LOSSLESS, first, declared=False),
                steps=steps,
                whole=first == "top",
                **combs,
            )
        )  # type: ignore[arg-type]
    found.append(case("MPEG-2 of fields", fields("v.mov", "-c:v mpeg2video -q:v 2 -flags +ilme+ildct -field_order tt"), steps=("bwdif",), size=(160, 96), seconds=0.8, quarters="combs", not_steps=()))  # fmt: skip
    return found


def music_cases() -> list[Case]:
    mp3 = tune("t.mp3")
    wav = tune("t.wav")

    def case(
        name: str, make: Callable[[Path], Path], seconds: float = 1.2, whole: bool = False
    ) -> Case:
        return Case(name, make, kind="music", seconds=seconds, whole=whole)

    return [
        case("WAV", wav),
        case("WAV, 24 bit", tune("t.wav", "-c:a pcm_s24le")),
        case("WAV, floats", tune("t.wav", "-c:a pcm_f32le")),
        case("WAV, telephone", tune("t.wav", "-c:a pcm_mulaw -ar 8000")),
        case("WAV, ADPCM", tune("t.wav", "-c:a adpcm_ima_wav")),
        case("WAV of size 0", patched("s.wav", wav, sized(0)), whole=True),
        case("WAV of size FFFFFFFF", patched("s.wav", wav, sized(0xFFFFFFFF)), whole=True),
        case("WAV that breaks off in a sample", patched("s.wav", wav, lambda data: sized(0)(data)[:-3])),
        case("RF64", tune("t.wav", "-rf64 always"), whole=True),
        case("Wave64", tune("t.w64"), whole=True),
        case("AIFF", tune("t.aiff"), whole=True),
        case("AIFC", tune("t.aifc", "-c:a pcm_mulaw -f aiff")),
        case("CAF", tune("t.caf", "-c:a alac")),
        case("AU", tune("t.au")),
        case("FLAC", tune("t.flac")),
        case("Vorbis", tune("t.ogg", "-c:a libvorbis")),
        case("Opus", tune("t.webm", "-c:a libopus")),
        case("AAC", tune("t.m4a", "-c:a aac")),
        case("AAC without a container", tune("t.aac")),
        case("ALAC", tune("t.m4a", "-c:a alac")),
        case("old QuickTime sound", patched("o.mov", tune("t.mov", "-c:a adpcm_ima_qt"), lambda data: data.replace(b"ftyp", b"wide", 1)), whole=True),
        case("MP3", mp3),
        case("MP3 with a cover", covered("t.mp3"), whole=True),
        case("M4A with a cover", covered("t.m4a", "-c:a aac")),
        case("two MP3s", patched("j.mp3", mp3, lambda data: data + data), seconds=2.4, whole=True),
        case("two MP3s with covers", patched("j.mp3", covered("t.mp3"), lambda data: data + data), seconds=2.4),
        case("two kinds of MP3", patched("j.mp3", mp3, lambda data: data + another_kind()), seconds=2.2, whole=True),
        case("zeros before an MP3", patched("z.mp3", mp3, lambda data: bytes(5000) + data), whole=True),
        case("many zeros before an MP3", patched("z.mp3", covered("t.mp3"), lambda data: bytes(300_000) + data)),
        case("zeros after an MP3", patched("z.mp3", mp3, lambda data: data + bytes(300_000)), whole=True),
        case("an MP3 with an old tag", patched("t1.mp3", mp3, lambda data: data + b"TAG" + b" " * 125)),
        case("a FLAC with a tag of an MP3", patched("i.flac", tune("t.flac"), lambda data: b"ID3\x03\0\0\0\0\0\x0a" + bytes(10) + data)),
        case("a film", coded("v.mp4", LOSSLESS + " -c:a aac", more=f"-f lavfi -i {TUNE}"), seconds=1.2),
    ]  # fmt: skip


CASES = video_cases() + music_cases()
