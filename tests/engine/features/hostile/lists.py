"""Texts that tell a player to open other files and addresses, and names that mean something to one.

``{url}`` is an address on this machine, ``{port}`` its port, ``{file}`` a real film elsewhere on the disk.
"""

from __future__ import annotations

LISTS: dict[str, str] = {
    "ffconcat": "ffconcat version 1.0\nfile '{file}'\nfile '{url}'\n",
    "concat with options": "ffconcat version 1.0\nfile '{file}'\noption safe 0\n"
    "file 'subfile,,start,0,end,0,,:{file}'\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\n{url}\n#EXTINF:9,\nfile://{file}\n#EXT-X-ENDLIST\n",
    "hls with a key": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{url}"\n#EXTINF:9,\n{file}\n#EXT-X-ENDLIST\n',
    "hls of lists": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{url}\n#EXT-X-STREAM-INF:BANDWIDTH=2\n{file}\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n",
    "dash": "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='static'><Period><AdaptationSet>"
    "<Representation id='1'><BaseURL>{url}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "smooth streaming": "<SmoothStreamingMedia><StreamIndex Url='{url}'/></SmoothStreamingMedia>",
    "playlist": "[playlist]\nNumberOfEntries=1\nFile1={url}\n",
    "advanced stream redirector": "<asx version='3.0'><entry><ref href='{url}'/></entry></asx>",
    "wpl": "<?wpl version='1.0'?><smil><body><seq><media src='{url}'/></seq></body></smil>",
    "image list": "Image2\n{file}\n",
    "concat protocol": "concat:{file}|{url}",
    "subfile protocol": "subfile,,start,0,end,100,,:{file}",
    "real": "rtsp://127.0.0.1:{port}/a.rm\n",
    "reference movie": "[Reference]\nRef1={url}\n",
    "avisynth": 'FFmpegSource2("{file}")\n',
    "script": "#!/bin/sh\ncurl {url}\n",
    "shortcut": "[InternetShortcut]\nURL={url}\nIconFile={file}\n",
    "desktop entry": "[Desktop Entry]\nType=Link\nURL={url}\n",
    "cue": 'FILE "{file}" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n',
    "magick vector": "push graphic-context\nviewbox 0 0 9 9\nfill 'url({url})'\npop graphic-context\n",
    "postscript": "%!PS\n({file}) (r) file\n",
    "html": "<html><video src='{url}'></video><img src='file://{file}'></html>",
    "svg": "<svg xmlns='http://www.w3.org/2000/svg'><image href='{url}'/><image href='file://{file}'/></svg>",
    "collada": "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x SYSTEM '{url}'>]><a>&x;</a>",
}

ENDINGS = (".mp4", ".mp3", ".m3u8", ".sdp", ".avi", ".mpd", ".png", ".ffconcat", "")

NAMES: tuple[bytes, ...] = (
    b"seq_%03d.png",
    b"seq_*.png",
    b"http:",
    b"http:%2f%2f127.0.0.1%2fa.mp4",
    b"concat:a.mp4|b.mp4",
    b"subfile,,start,0,end,0,,:a.mp4",
    b"data:image%2fpng;base64,AAAA",
    b"pipe:0",
    b"file:a.png",
    b"-i",
    b"--help",
    b"-",
    b"$(touch owned).png",
    b"`id`;ls|more&.png",
    b"'; DROP TABLE artifacts; --.png",
    b"=cmd|' c calc'!A1.png",
    b"two\nlines.png",
    b"tab\there.png",
    b"bell\x07.png",
    b"\x1b[31mred.png",
    "gnp.\u202eexe.png".encode(),
    "zero\u200bwidth\ufeff.png".encode(),
    "e\u0301 and \u00e9.png".encode(),
    "\U0001f4a9.png".encode(),
    b"no utf-8 \xff\xfe.png",
    b"lone surrogate \xed\xa0\x80.png",
    b"<img src=x onerror=alert(1)>.png",
    b"{0}.{name}%s%n%x.png",
    b" leading and trailing ",
    b"...",
    b"CON.png",
    b"C:\\windows\\system32.png",
    b"..\\..\\up.png",
    b"a" * 250 + b".png",
    b"no ending",
    b".hidden.png",
    b"wrong ending.mp3",
    b"wrong ending.txt",
    b"double.jpg.exe",
)
"""Of files in a folder, all holding a good picture."""


def filled(text: str, *, port: int, file: str) -> bytes:
    """The text with its addresses."""
    return (
        text.replace("{url}", f"http://127.0.0.1:{port}/a.ts")
        .replace("{port}", str(port))
        .replace("{file}", file)
        .encode()
    )
