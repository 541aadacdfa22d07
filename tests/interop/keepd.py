"""A mail server that keeps what it gets: keepd.py ADDRESS PORT FOLDER

Says "ready", then a line for each mail.  It lies in FOLDER/1, FOLDER/2, ..."""
import asyncio
import sys

from aiosmtpd.smtp import SMTP


class Keeper:
    def __init__(self, folder):
        self.folder = folder
        self.n = 0

    async def handle_DATA(self, server, session, envelope):
        self.n += 1
        with open(f"{self.folder}/{self.n}", "wb") as file:
            file.write(envelope.content)
        print("mail", self.n, flush=True)
        return "250 2.0.0 Ok"


async def serve(address, port, folder):
    keeper = Keeper(folder)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(keeper), address, int(port))
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(serve(*sys.argv[1:]))
