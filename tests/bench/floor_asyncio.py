"""An agent as one would write it in Python: the same as floor.c, with asyncio.

    floor_asyncio.py said|asked

Prints its port; ends with its input.
"""

import asyncio
import contextlib
import sys

LINE = b"up ready 100%\n"


async def answer(reader, writer):
    # Who has his line may be gone already: then it is not connected.
    with contextlib.suppress(OSError):
        if sys.argv[1] == "asked":
            await reader.readline()
        writer.write(LINE)
        writer.write_eof()
        await reader.read()
    writer.close()


async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
