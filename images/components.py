"""Where the bytes of the program go: a table of its parts, for docs/image.md.

    images/binary linux/amd64 FOLDER
    python3 images/components.py target/x86_64-unknown-linux-gnu/release/radiant

Symbols are counted for the crate that defines them, those of generic code for the first crate that their
name has, and what the linker made (unwinding, relocations, constants without a name) by itself. Each row
has its bytes in the file, and what the whole shrinks by in gzip without them: rows and the whole do not
sum up to the digit, because parts share what they have in common.
"""

import bisect
import collections
import gzip
import re
import subprocess
import sys

# The first that matches takes the symbol.
PARTS = [
    ("engine tract", r"tract\w*|radiant_engine_tract|ndarray|erased_serde|string_interner|inventory"),
    ("engine rten", r"rten\w*|radiant_engine_rten|rayon\w*|crossbeam\w*"),
    ("Fourier transforms of both", r"rustfft|transpose|strength_reduce|primal_check"),
    ("engine native: operators and kernels", r"radiant_engine_native|radiant_kernels|radiant_onnx|regex\w*|aho_corasick"),
    ("models of scikit-learn and boosters", r"radiant_engine_estimators|radiant_formats|bzip2|libbz2\w*|lz4\w*|lzma\w*"),
    ("stores and registries", r"radiant_storage|object_store|reqwest|quick_xml|crc_fast|tar|zip|indicatif|console|md5|chrono|tower\w*"),
    ("TLS", r"rustls\w*|ring\w*|webpki|untrusted|ecp_\w*|\w*p256\w*|\w*nistz\w*|aes\w*|bn_\w*|chacha\w*|gcm\w*|x25519\w*|fiat\w*|curve25519\w*|sha2\w*|sha5\w*|sha1\w*|vpaes\w*|gfe_\w*|k25519\w*|ge_\w*"),
    ("protocols and server", r"radiant_server|radiant_protocol|radiant_contract|radiant_core|actix\w*|hyper\w*|h2|http\w*|tonic\w*|prost\w*|tokio\w*|mio|futures\w*|metrics|bytes|flate2|miniz\w*|fast_float\w*|zmij|itoa|mime|language_tags"),
    ("command line, logs, texts", r"radiant|clap\w*|tracing\w*|serde\w*|granit\w*|annotate\w*|anstyle|strsim|url|idna|icu\w*|unicode\w*|percent\w*|anyhow"),
    ("allocator", r"mi_\w*|_mi_\w*|mimalloc"),
    ("standard library and C library", r"core|alloc|std|hashbrown|\w+"),
]
SECTIONS = {".eh_frame": "unwinding", ".eh_frame_hdr": "unwinding", ".gcc_except_table": "unwinding", ".rela.dyn": "relocations", ".relr.dyn": "relocations"}
CRATE = re.compile(r"(?:^|<&?(?:mut |dyn )?)([A-Za-z_]\w*)(?:\[[0-9a-f]+\])?(?:::|$|\.)")


def part_of(name):
    found = CRATE.search(name)
    crate = found.group(1) if found else name
    if crate in ("core", "alloc", "hashbrown", "std"):
        # Generic code, made for a crate whose type is in the name.
        inner = re.findall(r"[<( ]&?(?:mut |dyn )?([a-z_]\w*)(?:\[[0-9a-f]+\])?::", name)
        crate = next((one for one in inner if one not in ("core", "alloc", "hashbrown", "std")), crate)
    return next((part for part, pattern in PARTS if re.fullmatch(pattern, crate)), PARTS[-1][0])


def lines(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def main(program):
    data = open(program, "rb").read()
    sections, ranges = [], collections.defaultdict(list)
    for line in lines("readelf", "-SW", program):
        found = re.match(r"\s*\[\s*\d+\] (\S+)\s+(\S+)\s+([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+)", line)
        if found and found.group(2) not in ("NOBITS", "NULL") and int(found.group(3), 16):
            name, start, offset, size = found.group(1), *(int(found.group(i), 16) for i in (3, 4, 5))
            sections.append((start, offset, size))
            ranges[SECTIONS.get(name, "constants without a name")].append((offset, offset + size))
    named = []
    for line in lines("nm", "-S", "-n", "-C", program):
        found = re.match(r"([0-9a-f]{16}) ([0-9a-f]{16}) \S (.*)", line)
        if found:
            start, size = int(found.group(1), 16), int(found.group(2), 16)
            for base, offset, length in sections:
                if base <= start < base + length:
                    named.append((start - base + offset, size, part_of(found.group(3))))
                    break
    named.sort()
    pieces = []
    for part, areas in ranges.items():
        for begin, end in areas:
            for start, size, own in named[bisect.bisect_left(named, (begin,)) : bisect.bisect_left(named, (end,))]:
                if start > begin:
                    pieces.append((begin, start, part))
                pieces.append((max(begin, start), start + size, own))
                begin = max(begin, start + size)
            pieces.append((begin, end, part))
    pieces = sorted(piece for piece in pieces if piece[0] < piece[1])
    names = list(dict.fromkeys(part for _, _, part in pieces))

    def without(left_out):
        return b"".join(data[begin:end] for begin, end, part in pieces if part != left_out)

    loaded = without(None)
    whole = len(gzip.compress(loaded, 9))
    print("| part | MB | MB compressed |\n|---|---|---|")
    rows = []
    for part in names:
        size = sum(end - begin for begin, end, own in pieces if own == part)
        rows.append((size, part, whole - len(gzip.compress(without(part), 9))))
    for size, part, packed in sorted(rows, reverse=True):
        print(f"| {part} | {size / 1e6:.1f} | {packed / 1e6:.1f} |")
    print(f"| the whole | {len(loaded) / 1e6:.1f} | {whole / 1e6:.1f} |")


main(sys.argv[1])
