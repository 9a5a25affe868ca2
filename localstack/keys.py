"""Makes a signing key and its public half in a folder, unless they are there."""

import os
import sys
from pathlib import Path

from deploy import signing_key


def main(folder):
    private, public = folder / "jwt.pem", folder / "jwt-public.pem"
    if private.exists() and public.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    keys = signing_key()
    with open(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(keys["privateKey"])
    public.write_text(keys["publicKeys"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
