"""DNS messages (RFC 1035, RFC 2782 SRV, RFC 3596 AAAA, RFC 6891 EDNS, RFC 8659 CAA).

A name is a tuple of labels, bytes without the root's empty one, in the case they were written in;
:func:`fold` makes what names are compared by. What a record says is a plain value, by type: an
address is an int, a name a tuple of labels, text a tuple of strings, anything else bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minios.net.wire.dnstext import (
    Name,
    class_text,
    fold,
    name_text,
    parse_name,
    rdata_text,
    type_text,
)
from minios.net.wire.malformed import Malformed

__all__ = ["Message", "Name", "Question", "Record", "fold", "name_text", "parse_name"]

HEADER = 12
NAME_MAX = 255
LABEL_MAX = 63
UDP_MAX = 512
"""Octets that a message over UDP may have without EDNS (RFC 1035 §4.2.1)."""

A, NS, CNAME, SOA, PTR, HINFO, MX, TXT, AAAA, SRV, OPT = 1, 2, 5, 6, 12, 13, 15, 16, 28, 33, 41
DS, RRSIG, NSEC, DNSKEY, CAA = 43, 46, 47, 48, 257
IXFR, AXFR, ANY = 251, 252, 255
IN, CHAOS, CLASS_ANY = 1, 3, 255

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = 0, 1, 2, 3, 4, 5
NOTAUTH, BADVERS = 9, 16
QUERY, IQUERY, STATUS, NOTIFY, UPDATE = 0, 1, 2, 4, 5

QR, AA, TC, RD, RA, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010
DO = 0x8000
"""Of an OPT record's flags: the asker understands DNSSEC (RFC 3225)."""

_ONE_NAME = frozenset({NS, CNAME, PTR})
_OPS = ("", " inv_q", " stat", " op3", " notify", " update", *(f" op{n}" for n in range(6, 16)))
_RCODES = (
    "", " FormErr", " ServFail", " NXDomain", " NotImp", " Refused", " YXDomain", " YXRRSet",
    " NXRRSet", " NotAuth", " NotZone", *(f" Resp{n}" for n in range(11, 16)),
)  # fmt: skip


class Question:
    """What is asked for: a name, a type and a class."""

    __slots__ = ("cls", "name", "type")

    def __init__(self, name: Name, type: int, cls: int = IN) -> None:
        self.name = name
        self.type = type
        self.cls = cls

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Question) and (
            (fold(self.name), self.type, self.cls) == (fold(other.name), other.type, other.cls)
        )

    def __repr__(self) -> str:
        return f"Question({name_text(self.name)!r}, {type_text(self.type)})"


class Record:
    """A resource record. ``ttl`` in seconds; ``data`` by type, see the module's docstring.

    SOA is ``(mname, rname, serial, refresh, retry, expire, minimum)``, MX ``(preference, name)``,
    SRV ``(priority, weight, port, target)``, CAA ``(flags, tag, value)``. In OPT ``cls`` is the
    size of UDP messages and ``ttl`` is extended rcode, version and flags.
    """

    __slots__ = ("cls", "data", "name", "ttl", "type")

    def __init__(self, name: Name, type: int, ttl: int, data: Any, cls: int = IN) -> None:
        self.name = name
        self.type = type
        self.ttl = ttl
        self.data = data
        self.cls = cls

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and all(
            getattr(self, slot) == getattr(other, slot) for slot in Record.__slots__
        )

    def __repr__(self) -> str:
        return f"Record({self.text()!r})"

    def copy(self, ttl: int | None = None) -> Record:
        return Record(self.name, self.type, self.ttl if ttl is None else ttl, self.data, self.cls)

    def text(self) -> str:
        """A line of a master file: name, TTL, class, type and data."""
        return (
            f"{name_text(self.name)} {self.ttl} {class_text(self.cls)} {type_text(self.type)} "
            f"{rdata_text(self.type, self.data)}"
        )


class Message:
    """A query or a response. ``flags`` has the bits QR … CD without opcode and rcode.

    ``rcode`` is the whole of it: what goes beyond 15 travels in an OPT record (RFC 6891).
    """

    __slots__ = (
        "additionals", "answers", "authorities", "flags", "id", "opcode", "questions", "rcode",
    )  # fmt: skip

    def __init__(
        self,
        id: int,
        flags: int = 0,
        questions: Sequence[Question] = (),
        answers: Sequence[Record] = (),
        authorities: Sequence[Record] = (),
        additionals: Sequence[Record] = (),
        *,
        opcode: int = QUERY,
        rcode: int = NOERROR,
    ) -> None:
        self.id = id
        self.flags = flags
        self.opcode = opcode
        self.rcode = rcode
        self.questions = list(questions)
        self.answers = list(answers)
        self.authorities = list(authorities)
        self.additionals = list(additionals)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and all(
            getattr(self, slot) == getattr(other, slot) for slot in Message.__slots__
        )

    def __repr__(self) -> str:
        return f"Message({self.summary()!r})"

    def copy(self) -> Message:
        return Message(
            self.id, self.flags, self.questions, self.answers, self.authorities, self.additionals,
            opcode=self.opcode, rcode=self.rcode,
        )  # fmt: skip

    @property
    def length(self) -> int:
        return len(self.pack())

    @property
    def opt(self) -> Record | None:
        """The OPT record of EDNS, if there is one."""
        return next((record for record in self.additionals if record.type == OPT), None)

    # -- bytes -----------------------------------------------------------------------------------

    def pack(self, limit: int = 65535) -> bytes:
        """The message in at most ``limit`` octets, names compressed (RFC 1035 §4.1.4).

        What does not fit is left out from the end. A missing answer or authority sets TC
        (RFC 2181 §9); additional records may be missing silently, but for OPT, which has its place
        kept.
        """
        opt = self.opt
        reserve = len(_Packer().record(opt)) if opt is not None else 0
        packer = _Packer()
        packer.out += bytes(HEADER)
        for question in self.questions:
            packer.name(question.name)
            packer.out += question.type.to_bytes(2) + question.cls.to_bytes(2)
        flags, counts, full = self.flags, [len(self.questions), 0, 0, 0], False
        for section, records in enumerate((self.answers, self.authorities, self.additionals), 1):
            for record in records:
                if record is opt or full:
                    continue
                mark = len(packer.out)
                packer.record(record)
                if len(packer.out) + reserve > limit:
                    packer.cut(mark)
                    full = True
                    if section < 3:
                        flags |= TC
                else:
                    counts[section] += 1
        if opt is not None:
            packer.record(opt)
            counts[3] += 1
        out = packer.out
        word = flags | self.opcode << 11 | self.rcode & 0xF
        out[:HEADER] = b"".join(n.to_bytes(2) for n in (self.id, word, *counts))
        return bytes(out)

    @classmethod
    def parse(cls, data: bytes) -> Message:
        """Read a message. Malformed for anything that breaks off, loops or does not add up."""
        return _Parser(data).message()

    # -- text ------------------------------------------------------------------------------------

    def summary(self) -> str:
        """In tcpdump's words, with the length in parentheses."""
        length = self.length
        counts = len(self.answers), len(self.authorities), len(self.additionals)
        if self.flags & QR:
            marks = "".join(
                mark
                for mark, shown in (
                    ("*", self.flags & AA), ("-", not self.flags & RA), ("|", self.flags & TC),
                    ("$", self.flags & AD),
                )
                if shown
            )  # fmt: skip
            text = f"{self.id}{_OPS[self.opcode]}{_RCODES[self.rcode & 15]}{marks}"
            if len(self.questions) != 1:
                text += f" [{len(self.questions)}q]"
            text += " {}/{}/{}".format(*counts)
            text += ",".join(" " + _brief(record) for record in self.answers)
            return f"{text} ({length})"
        text = f"{self.id}{_OPS[self.opcode]}"
        text += ("+" if self.flags & RD else "") + ("%" if self.flags & CD else "")
        for count, mark, usual in zip(
            (counts[0], len(self.questions), counts[1], counts[2]), ("a", "q", "n", "au"),
            (0, 1, 0, 0), strict=True,
        ):  # fmt: skip
            if count != usual:
                text += f" [{count}{mark}]"
        for question in self.questions[:1]:
            text += f" {type_text(question.type)}? {name_text(question.name)}"
        return f"{text} ({length})"

    def fields(self) -> list[tuple[str, str, int, int]]:
        """(name, value, bit offset, bit length) of everything, for the packet lens."""
        found: list[tuple[str, str, int, int]] = [("id", f"0x{self.id:04x}", 0, 16)]
        at = 16
        for name, value, width in (
            ("qr", "response" if self.flags & QR else "query", 1),
            ("opcode", str(self.opcode), 4),
            ("aa", str(int(bool(self.flags & AA))), 1),
            ("tc", str(int(bool(self.flags & TC))), 1),
            ("rd", str(int(bool(self.flags & RD))), 1),
            ("ra", str(int(bool(self.flags & RA))), 1),
            ("z", str(self.flags >> 6 & 1), 1),
            ("ad", str(int(bool(self.flags & AD))), 1),
            ("cd", str(int(bool(self.flags & CD))), 1),
            ("rcode", str(self.rcode & 15), 4),
            ("qdcount", str(len(self.questions)), 16),
            ("ancount", str(len(self.answers)), 16),
            ("nscount", str(len(self.authorities)), 16),
            ("arcount", str(len(self.additionals)), 16),
        ):
            found.append((name, value, at, width))
            at += width
        parser = _Parser(self.pack())
        parser.message()
        for what, start, end in parser.marks:
            found.append((*what, start * 8, (end - start) * 8))
        return found


def _brief(record: Record) -> str:
    return f"{type_text(record.type)} {rdata_text(record.type, record.data)}"


class _Packer:
    """The octets so far, and where each name that was written begins."""

    __slots__ = ("_seen", "out")

    def __init__(self) -> None:
        self.out = bytearray()
        self._seen: dict[Name, int] = {}

    def cut(self, mark: int) -> None:
        """Take back what was written since ``mark``."""
        del self.out[mark:]
        self._seen = {name: at for name, at in self._seen.items() if at < mark}

    def name(self, name: Name, compress: bool = True) -> None:
        out = self.out
        for at in range(len(name)):
            rest = fold(name[at:])
            if compress and rest in self._seen:
                out += (0xC000 | self._seen[rest]).to_bytes(2)
                return
            if len(out) < 0x4000:
                self._seen.setdefault(rest, len(out))
            out.append(len(name[at]))
            out += name[at]
        out.append(0)

    def record(self, record: Record) -> bytearray:
        out = self.out
        self.name(record.name)
        out += record.type.to_bytes(2) + record.cls.to_bytes(2) + record.ttl.to_bytes(4)
        mark = len(out)
        out += b"\0\0"
        self._data(record.type, record.data)
        out[mark : mark + 2] = (len(out) - mark - 2).to_bytes(2)
        return out

    def _data(self, type: int, data: Any) -> None:
        out = self.out
        if isinstance(data, bytes):
            out += data
        elif type == A:
            out += data.to_bytes(4)
        elif type == AAAA:
            out += data.to_bytes(16)
        elif type in _ONE_NAME:
            self.name(data)
        elif type == SOA:
            self.name(data[0])
            self.name(data[1])
            for number in data[2:]:
                out += number.to_bytes(4)
        elif type == MX:
            out += data[0].to_bytes(2)
            self.name(data[1])
        elif type == SRV:
            out += b"".join(number.to_bytes(2) for number in data[:3])
            self.name(data[3], compress=False)
        elif type == CAA:
            out += bytes((data[0], len(data[1]))) + data[1] + data[2]
        else:
            for text in data:
                out.append(len(text))
                out += text


class _Parser:
    """Reads a message from the front; every length is checked before it is believed."""

    __slots__ = ("_at", "_data", "marks")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self.marks: list[tuple[tuple[str, str], int, int]] = []

    def _take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise Malformed("message breaks off")
        piece = self._data[self._at : end]
        self._at = end
        return piece

    def _number(self, count: int) -> int:
        return int.from_bytes(self._take(count))

    def message(self) -> Message:
        if len(self._data) < HEADER:
            raise Malformed("header breaks off")
        id, word, *counts = (self._number(2) for _ in range(6))
        message = Message(id, word & 0x87F0, opcode=word >> 11 & 15, rcode=word & 15)
        for _ in range(counts[0]):
            start = self._at
            question = Question(self._name(), self._number(2), self._number(2))
            message.questions.append(question)
            text = f"{name_text(question.name)} {type_text(question.type)}"
            self.marks.append((("question", text), start, self._at))
        for what, records, count in (
            ("answer", message.answers, counts[1]),
            ("authority", message.authorities, counts[2]),
            ("additional", message.additionals, counts[3]),
        ):
            for _ in range(count):
                start = self._at
                record = self._record()
                records.append(record)
                self.marks.append(((what, record.text()), start, self._at))
        if (opt := message.opt) is not None:
            message.rcode |= opt.ttl >> 24 << 4
        return message

    def _name(self) -> Name:
        """A name; a pointer leads backwards only, so there is no loop."""
        labels: list[bytes] = []
        data, at, size, end, lowest = self._data, self._at, 1, -1, self._at
        while True:
            if at >= len(data):
                raise Malformed("name breaks off")
            length = data[at]
            if length == 0:
                break
            if length >= 0xC0:
                if at + 1 >= len(data):
                    raise Malformed("pointer breaks off")
                if end < 0:
                    end = at + 2
                at = (length & 0x3F) << 8 | data[at + 1]
                if at >= lowest:
                    raise Malformed("pointer does not lead back")
                lowest = at
                continue
            if length > LABEL_MAX:
                raise Malformed("label type")
            label = data[at + 1 : at + 1 + length]
            if len(label) < length:
                raise Malformed("label breaks off")
            size += length + 1
            if size > NAME_MAX:
                raise Malformed("name too long")
            labels.append(label)
            at += length + 1
        self._at = at + 1 if end < 0 else end
        return tuple(labels)

    def _record(self) -> Record:
        name = self._name()
        type, cls, ttl = self._number(2), self._number(2), self._number(4)
        size = self._number(2)
        end = self._at + size
        if end > len(self._data):
            raise Malformed("record breaks off")
        data = self._rdata(type, end)
        if self._at != end:
            raise Malformed("record's length")
        # A TTL with its highest bit set is taken as zero (RFC 2181 §8).
        return Record(name, type, 0 if ttl >> 31 and type != OPT else ttl, data, cls)

    def _rdata(self, type: int, end: int) -> Any:
        if type in (A, AAAA):
            width = 4 if type == A else 16
            if end - self._at != width:
                raise Malformed("address's length")
            return self._number(width)
        if type in _ONE_NAME:
            return self._name()
        if type == SOA:
            names = self._name(), self._name()
            return (*names, *(self._number(4) for _ in range(5)))
        if type == MX:
            return self._number(2), self._name()
        if type == SRV:
            return self._number(2), self._number(2), self._number(2), self._name()
        if type == CAA:
            flags = self._number(1)
            tag = self._take(self._number(1))
            if self._at > end:
                raise Malformed("record's length")
            return flags, tag, self._take(end - self._at)
        if type in (TXT, HINFO):
            texts: list[bytes] = []
            while self._at < end:
                texts.append(self._take(self._number(1)))
            return tuple(texts)
        return self._take(end - self._at)
