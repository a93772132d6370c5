"""Host names that usherd resolves and a test changes."""

# /etc/hosts and friends of usherd alone: nothing asks a real name server.
MOUNT = ["sh", "-c", """\
for f in hosts nsswitch.conf; do
    mount --bind "$0/$f" /etc/$f || exit 70
done
exec "$@"
"""]


class Names:
    """Host names that usherd resolves, and that the test changes."""

    def __init__(self, folder, root):
        self.folder = folder
        (folder / "nsswitch.conf").write_text("hosts: files\n")
        self.set("")
        self.wrap = ["unshare", *([] if root else ["-r"]), "-m", *MOUNT,
                     str(folder)]

    def set(self, text):
        # Written in place: it is this very file that is mounted.
        (self.folder / "hosts").write_text(text)
