"""Recognise audio formats by content and by file name, and choose the reader for each."""

import os
from dataclasses import dataclass
from pathlib import Path

from wavegan import file_kinds

NO_RATE = "raw samples have no sample rate or format; convert it to .wav"


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        name: its common name.
        demuxer: its name in FFmpeg, or "" if FFmpeg cannot read it.
        own: libsndfile reads it; FFmpeg is used only if that fails.
        why: why it cannot be read at all, and what to do; "" if it can.
    """

    name: str
    demuxer: str = ""
    own: bool = False
    why: str = ""


MP4, MATROSKA, ASF = Kind("MP4", "mov"), Kind("Matroska", "matroska"), Kind("Windows Media", "asf")
WAV, AIFF, OGG = (
    Kind("WAV", "wav", own=True),
    Kind("AIFF", "aiff", own=True),
    Kind("Ogg", "ogg", own=True),
)
MP3, AAC, REAL = Kind("MP3", own=True), Kind("AAC", "aac"), Kind("RealAudio", "rm")
FLAC, CAF, OTHER = Kind("FLAC", "flac", own=True), Kind("CAF", "caf", own=True), Kind("", own=True)
MPEG, TRANSPORT = Kind("MPEG", "mpeg"), Kind("MPEG transport stream", "mpegts")
MIDI = Kind("MIDI", why="MIDI holds notes, not sound; render it with a synthesizer to .wav")
LOCKED = Kind("encrypted", why="it is encrypted and cannot be decoded; get it without protection")
RAW = Kind("raw samples", why=NO_RATE)
WEB_PAGE = Kind("web page", why="it is a web page, not audio; download it again")
LFS_POINTER = Kind(
    "Git LFS pointer", why="it is a Git LFS pointer, not audio; fetch the audio (git lfs pull)"
)

_OWN = {
    **dict.fromkeys((".wav", ".wave", ".bwf", ".rf64"), WAV),
    **dict.fromkeys((".aif", ".aiff", ".aifc"), AIFF),
    **dict.fromkeys((".ogg", ".oga", ".opus"), OGG),
    **dict.fromkeys((".mp3", ".mp2", ".mpga"), MP3),
    **dict.fromkeys((".w64", ".au", ".snd", ".nist", ".sph", ".voc"), OTHER),
    **dict.fromkeys(
        (".ircam", ".paf", ".svx", ".8svx", ".avr", ".pvf", ".sd2", ".gsm", ".vox"), OTHER
    ),
    **{".flac": FLAC, ".caf": CAF},
}
_DECODED = {
    **dict.fromkeys((".m4a", ".m4b", ".m4r", ".mp4", ".m4v", ".mov", ".f4a", ".f4v"), MP4),
    **dict.fromkeys((".3gp", ".3gpp", ".3g2", ".3ga"), MP4),
    **dict.fromkeys((".webm", ".weba", ".mkv", ".mka"), MATROSKA),
    **dict.fromkeys((".wma", ".wmv", ".asf"), ASF),
    **dict.fromkeys((".aac", ".adts"), AAC),
    **dict.fromkeys((".ra", ".rm", ".rmvb"), REAL),
    **dict.fromkeys((".spx", ".ogv", ".ogx"), OGG),
    **dict.fromkeys((".amr", ".awb"), Kind("AMR", "amr")),
    **dict.fromkeys((".ac3",), Kind("AC-3", "ac3")),
    **dict.fromkeys((".eac3", ".ec3"), Kind("E-AC-3", "eac3")),
    **dict.fromkeys((".mpc", ".mp+"), Kind("Musepack", "mpc")),
    **dict.fromkeys((".dts", ".dtshd"), Kind("DTS", "dts")),
    **dict.fromkeys((".oma", ".aa3", ".at3"), Kind("ATRAC", "oma")),
    **dict.fromkeys((".mpg", ".mpeg", ".vob"), MPEG),
    **dict.fromkeys((".mts", ".m2ts"), TRANSPORT),
    ".ape": Kind("Monkey's Audio", "ape"),
    ".wv": Kind("WavPack", "wv"),
    ".tta": Kind("True Audio", "tta"),
    ".tak": Kind("TAK", "tak"),
    ".shn": Kind("Shorten", "shn"),
    ".dsf": Kind("DSD", "dsf"),
    ".dff": Kind("DSD", "iff"),
    ".thd": Kind("TrueHD", "truehd"),
    ".mlp": Kind("MLP", "mlp"),
    ".g722": Kind("G.722", "g722"),
    ".qcp": Kind("QCELP", "qcp"),
    ".vqf": Kind("TwinVQ", "vqf"),
    ".flv": Kind("Flash video", "flv"),
    ".avi": Kind("AVI", "avi"),
}
_SILENT = {
    **dict.fromkeys((".mid", ".midi", ".kar", ".rmi"), MIDI),
    **dict.fromkeys((".m4p", ".aax", ".aa"), LOCKED),
    **dict.fromkeys((".raw", ".pcm", ".sln"), RAW),
    ".ofr": Kind("OptimFROG", why="only OptimFROG's own program decodes it; use ofr --decode"),
    ".cda": Kind("CD track", why="it only points to a track of a CD; rip the CD"),
    ".aup3": Kind("Audacity", why="it is an Audacity project; export it as .wav"),
}
_BY_NAME = {**_OWN, **_DECODED, **_SILENT}

READABLE = frozenset((*_OWN, *_DECODED))
"""Extensions of files that can be read."""
UNREADABLE = frozenset(_SILENT)
"""Extensions of files that look like audio but hold none, or that no library reads."""
OWN = frozenset(_OWN)
"""Extensions of files that need only libsndfile."""

OTHER_NAMES = frozenset(
    (
        *(".txt", ".lab", ".textgrid", ".ctm", ".scp", ".lst", ".list", ".csv", ".tsv", ".trn"),
        *(".json", ".jsonl", ".yaml", ".yml", ".toml", ".xml", ".html", ".md", ".ini", ".log"),
        *(".npy", ".npz", ".pt", ".pth", ".ckpt", ".safetensors", ".h5", ".pkl", ".parquet"),
        *(".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".pdf", ".srt", ".vtt", ".cue"),
        *(".m3u", ".m3u8", ".pls", ".py", ".sh", ".zip", ".gz", ".tar", ".tgz", ".bz2", ".xz"),
        *(".7z", ".rar", ".ts", ".js", ".css", ".c", ".h", ".cpp", ".db", ".nfo", ".f0", ".mel"),
    )
)
"""Extensions of files that are often found next to audio: their content is not checked."""

_BEGINNINGS = (
    (b"RF64", WAV),
    (b"BW64", WAV),
    (b"RIFX", WAV),
    (b"fLaC", FLAC),
    (b"OggS", OGG),
    (b"caff", CAF),
    (b".snd", Kind("AU", "au", own=True)),
    (b"riff\x2e\x91\xcf\x11", Kind("W64", "w64", own=True)),
    (b"NIST_1A", Kind("NIST", "nistsphere", own=True)),
    (b"Creative Voice File", Kind("VOC", "voc", own=True)),
    (b"\x1a\x45\xdf\xa3", MATROSKA),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", ASF),
    (b"MAC ", _DECODED[".ape"]),
    (b"wvpk", _DECODED[".wv"]),
    (b"TTA1", _DECODED[".tta"]),
    (b"tBaK", _DECODED[".tak"]),
    (b"ajkg", _DECODED[".shn"]),
    (b"DSD ", _DECODED[".dsf"]),
    (b"FRM8", _DECODED[".dff"]),
    (b"#!AMR", _DECODED[".amr"]),
    (b".RMF", REAL),
    (b".ra\xfd", REAL),
    (b"MPCK", Kind("Musepack", "mpc8")),
    (b"MP+", _DECODED[".mpc"]),
    (b"FLV\x01", _DECODED[".flv"]),
    (b"\x00\x00\x01\xba", MPEG),
    (b"MThd", MIDI),
)
_MP4_ATOMS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_HEAD = 16384


def by_name(path: str | os.PathLike[str]) -> Kind | None:
    """The kind of a file by its extension, or None."""
    return _BY_NAME.get(Path(path).suffix.lower())


def content_of(path: str | os.PathLike[str]) -> Kind | None:
    """The kind of a file by its first bytes; None if they are unknown.

    Raises:
        OSError: it cannot be opened.
    """
    with open(path, "rb") as file:
        head = file.read(_HEAD)
        if head[:3] == b"ID3" and len(head) > 10:
            size = sum(
                (byte & 127) << shift
                for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True)
            )
            file.seek(10 + size)
            head = file.read(_HEAD)
            return _kind(head) or (MP3 if _is_mpeg(head) else None)
    return _kind(head)


def unnamed(path: str | os.PathLike[str]) -> str:
    """Why a file that is audio by content but not by name is skipped; "" for other files."""
    suffix = Path(path).suffix.lower()
    if suffix in OTHER_NAMES or suffix in _BY_NAME:
        return ""
    try:
        kind = content_of(path)
    except OSError:
        return ""
    if kind is None or kind.why:
        return ""
    wrong = f"with the extension {suffix}" if suffix else "without an extension"
    return f"{kind.name} audio {wrong}: rename it with the right extension to use it"


def _kind(head: bytes) -> Kind | None:
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head[4:8] in _MP4_ATOMS:
        return MP4
    if head[:4] == b"RIFF":
        return {b"WAVE": WAV, b"AVI ": _DECODED[".avi"], b"RMID": MIDI}.get(head[8:12])
    if head[:4] == b"FORM":
        return AIFF if head[8:12] in (b"AIFF", b"AIFC") else None
    return AAC if _is_adts(head) else _placeholder(head)


def _placeholder(head: bytes) -> Kind | None:
    """The kind of file that a failed download or checkout leaves instead of audio."""
    if file_kinds.is_web_page(head):
        return WEB_PAGE
    return LFS_POINTER if file_kinds.is_lfs_pointer(head) else None


def _is_adts(head: bytes) -> bool:
    """Whether there are three AAC frames, each at the position that the one before gives."""
    at = 0
    for _ in range(3):
        if len(head) < at + 7 or head[at] != 0xFF or head[at + 1] & 0xF6 != 0xF0:
            return False
        at += (head[at + 3] & 3) << 11 | head[at + 4] << 3 | head[at + 5] >> 5
    return True


def _is_mpeg(head: bytes) -> bool:
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0
