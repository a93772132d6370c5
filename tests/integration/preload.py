"""Libraries that stand between usherd and the kernel: LD_PRELOAD, and a file
of longs in memory through which a test speaks to them.
"""

import os
import struct
import subprocess


class Preloaded:
    """`source` built, and so many longs; `wrap` is for the process that is to
    have it, which finds the file's path in the variable.
    """

    def __init__(self, folder, source, variable, longs):
        library = folder / (source.stem + ".so")
        subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-Wall",
                        "-Wextra", "-Werror", "-D_GNU_SOURCE", "-shared",
                        "-fPIC", "-o", library, source], check=True)
        self.path = folder / source.stem
        self.path.write_bytes(bytes(longs * struct.calcsize("l")))
        self.env = {"LD_PRELOAD": str(library), variable: str(self.path),
                    "ASAN_OPTIONS": "verify_asan_link_order=0"}
        self.wrap = ["env", *("%s=%s" % item for item in self.env.items())]

    def put(self, index, value):
        with open(self.path, "r+b", buffering=0) as file:
            file.seek(index * struct.calcsize("l"))
            file.write(struct.pack("l", value))

    def get(self, index):
        with open(self.path, "rb") as file:
            file.seek(index * struct.calcsize("l"))
            return struct.unpack("l", file.read(struct.calcsize("l")))[0]
